"""One value of a stream of bytes, or one stretch of it that is none."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import SEEK_END
from typing import IO, Any

_PART_BYTES = 1 << 20

MAX_EVENT_BYTES = 8 * 1024 * 1024
"""The longest event that the log accepts; longer ones go to quarantine."""


@dataclass(slots=True)
class Segment:
    """One value, or one stretch of bytes that is none; then `reason` says why, and `spool` holds what is too long.

    `prefix` is what a logger wrote before the value on its line: no part of an event, but of what is kept of damage.
    """

    raw: bytes
    line: int
    value: Any = None
    reason: str | None = None
    spool: IO[bytes] | None = None
    prefix: bytes = b""

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes as they came, a bounded part at a time."""
        if self.spool is None:
            yield self.raw
            return
        self.spool.seek(0)
        while part := self.spool.read(_PART_BYTES):
            yield part

    def size(self) -> int:
        """Return how many bytes there are."""
        return len(self.raw) if self.spool is None else self.spool.seek(0, SEEK_END)

    def close(self) -> None:
        """Let the spool go, once its bytes are kept elsewhere."""
        if self.spool is not None:
            self.spool.close()


Refused = list[tuple[Segment, str]]
"""What cannot be an event, each with the reason why: it goes to quarantine."""

QUIET = Segment(b"", 0)
"""Stands between the values of a stream where nothing has come for a while: what is held back is better written."""
