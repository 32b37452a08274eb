"""The log against what Canvas exports: a verdict for every entity, coverage, and the observations that close gaps."""
