"""One module per group of commands; each function is one command, its docstring is its help."""
