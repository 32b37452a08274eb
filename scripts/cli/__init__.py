"""The command line: `outcomes COMMAND`."""

from outcomes.cli.app import main

__all__ = ["main"]
