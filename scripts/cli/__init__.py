"""The command line: `outcomes COMMAND`."""

import os
import signal
import sys
from types import FrameType

__all__ = ["main"]

STOPPED = 130
"""The exit code of what was interrupted: 128 and the number of the signal, as shells have it."""


def main() -> None:
    """Run the command line and exit. An interrupt is told in one line, also while the program is still being loaded."""
    is_heeded = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if is_heeded:
        # An exception in the middle of an import may come out as any other; nothing has begun that must be ended.
        signal.signal(signal.SIGINT, _stop)
    from outcomes.cli.app import main as run_and_exit  # noqa: PLC0415 - what takes long is loaded under the handler

    if is_heeded:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run_and_exit()


def _stop(_signal: int, _frame: FrameType | None) -> None:
    os.write(sys.stderr.fileno(), b"error: interrupted before anything was done\n")
    os._exit(STOPPED)
