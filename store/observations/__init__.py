"""From rows of an export to observations: what the log records of them."""
