"""A stretch of input whose end has not come yet."""

import re
import tempfile
from io import SEEK_END
from typing import IO

from outcomes.store.sources.json_brackets import Brackets
from outcomes.store.sources.json_patterns import FIRST_KEY, INDENT, LINE_WITHOUT_BRACKETS, skip
from outcomes.store.sources.segment import MAX_EVENT_BYTES
from outcomes.store.sources.wrapper_head import WrapperHead

_HEAD_BYTES = 200
_HEADER_BYTES = 1 << 16
"""The list in a wrapper begins within so many."""
_SHAPE_BYTES = 8


class OpenStretch:
    """A stretch whose end has not come yet: a value, or damage if it has no brackets; in a file once it is too long."""

    def __init__(self, since: int, column: int, brackets: Brackets | None, prefix: bytes = b"") -> None:
        self.since = since
        self.column = column
        self.brackets = brackets
        self.prefix = prefix
        self.is_rest = False
        """Whether it is what follows the list in a wrapper."""
        self.awaits_values = False
        """Whether a list has begun in it whose first value comes on another line."""
        self.opening = b""  # the last line, if it is an opening brace
        self.spool: IO[bytes] | None = None
        self._parts: list[bytes] = []
        self._bytes = 0
        self._head = WrapperHead()
        self._looked_at = 0
        """How many parts the head has been given."""

    def add(self, part: bytes) -> None:
        """Go on with a part of it."""
        self._bytes += len(part)
        if self.spool is not None:
            self.spool.write(part)
        elif part:
            self._parts.append(part)

    def takes(self, line: bytes) -> bool:
        """Take a whole line from the middle of a pretty-printed value, as most are; say no to any other."""
        if self.brackets is None or self.opening or self._bytes + len(line) >= MAX_EVENT_BYTES:
            return False
        if LINE_WITHOUT_BRACKETS.fullmatch(line) is None:
            return False
        self.add(line + b"\n")
        return True

    def take_back_opening(self) -> bytes:
        """Remove the last line again, an opening brace."""
        if self.spool is None:
            del self._parts[-2:]
        else:
            self.spool.truncate(self.spool.seek(-len(self.opening) - 1, SEEK_END))
        return self.opening

    def raw(self) -> bytes:
        """Return what there is of it; of one that is in a file, its beginning."""
        return b"".join(self._parts)

    def is_short(self) -> bool:
        """Say whether the list in a wrapper may still begin in it."""
        return self._bytes < _HEADER_BYTES

    def values_begin(self) -> int | None:
        """Return where in it the first value of the list in a wrapper begins, or will; None while there is no list."""
        fresh, self._looked_at = self._parts[self._looked_at :], len(self._parts)
        return self._head.values_begin(b"".join(fresh))

    def looks_like(self, line: bytes) -> bool:
        """Say whether a line begins as the prefix of this does, but for its digits: it is the next of its kind."""
        return bool(self.prefix) and _shape(line) == _shape(self.prefix)

    def is_too_long(self) -> bool:
        """Say whether it is longer than any event that the log accepts."""
        return self._bytes > MAX_EVENT_BYTES

    def spill(self) -> None:
        """Go on in a temporary file; its beginning stays at hand."""
        self.spool = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as its segment
        self.spool.writelines(self._parts)
        self._parts = [self.raw()[:_HEAD_BYTES]]

    def is_cut_off_before(self, line: bytes) -> bool:
        """Say whether the last line and this one begin a pretty-printed envelope: then what is open was cut off."""
        before = self.opening
        return bool(before) and skip(before, 0, INDENT) <= self.column and FIRST_KEY.match(line) is not None


def _shape(text: bytes) -> bytes:
    return re.sub(rb"[0-9]", b"0", text[:_SHAPE_BYTES])
