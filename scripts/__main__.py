"""`python -m scripts` is `outcomes`."""

from scripts.cli import main

main()
