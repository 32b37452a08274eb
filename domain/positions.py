"""Positions of the log, as people type them."""

_DIGITS = 19
LARGEST = (1 << 63) - 1
"""SQLite numbers no row higher."""


def position_of(text: str) -> int | None:
    """Return the position that is meant; None if it is no number, and so a time.

    One beyond all that there can be is `LARGEST`, however many digits it has: Python refuses to read thousands of them.
    """
    typed = text.strip()
    if not (typed.isascii() and typed.isdigit()):
        return None
    digits = typed.lstrip("0") or "0"
    return min(int(digits), LARGEST) if len(digits) <= _DIGITS else LARGEST
