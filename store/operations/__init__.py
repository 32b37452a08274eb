"""What is done to a whole log: checkpoint, backup, erasure."""
