"""What people run: the command line, the sample and the generator that made it."""
