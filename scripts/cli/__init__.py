"""The command line: `outcomes COMMAND`."""

import signal

from outcomes.cli import interrupts

__all__ = ["main"]


def main() -> None:
    """Run the command line and exit. An interrupt is told in one line, also while the program is still being loaded."""
    is_heeded = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if is_heeded:
        interrupts.end_at_once()
    from outcomes.cli.app import main as run_and_exit  # noqa: PLC0415 - what takes long is loaded under the handler

    if is_heeded:
        interrupts.raise_until_heeded()
    run_and_exit()
