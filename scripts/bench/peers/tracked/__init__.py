"""A Django application of one model, for comparison only."""
