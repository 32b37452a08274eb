"""An interrupt ends the program wherever it lands.

Python raises it as KeyboardInterrupt in whatever runs at that moment. Where that cannot raise, as where C or Rust looks
at an object, it is dropped with a trace on stderr, and the program would go on as if nobody had asked.
"""

import os
import signal
import sys
from types import FrameType

__all__ = ["STOPPED", "cancel_pending", "end_at_once", "raise_until_heeded"]

STOPPED = 130
"""The exit code of what was interrupted: 128 and the number of the signal, as shells have it."""

_SECONDS_UNTIL_AGAIN = 0.01


def end_at_once() -> None:
    """From now on end by an interrupt with one line: for as long as nothing has begun that must be ended.

    While modules are being loaded an exception may come out as any other.
    """
    signal.signal(signal.SIGINT, _end)


def raise_until_heeded() -> None:
    """From now on raise KeyboardInterrupt by an interrupt, and again where it was dropped."""
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.unraisablehook = _raise_again


def cancel_pending() -> bool:
    """Raise an interrupt that was dropped no more; say whether there was one."""
    if signal.getsignal(signal.SIGALRM) is not signal.default_int_handler:
        return False  # the timer is somebody else's
    left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
    return left > 0


def _end(_signal: int, _frame: FrameType | None) -> None:
    os.write(sys.stderr.fileno(), b"error: interrupted before anything was done\n")
    os._exit(STOPPED)


def _raise_again(dropped: "sys.UnraisableHookArgs") -> None:
    if issubclass(dropped.exc_type, KeyboardInterrupt):
        # Not here: a hook cannot raise either.
        signal.setitimer(signal.ITIMER_REAL, _SECONDS_UNTIL_AGAIN)
    else:
        sys.__unraisablehook__(dropped)
