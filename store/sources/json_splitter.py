"""From a stream of bytes to single JSON values: NDJSON, arrays, pretty-printed or glued objects, and damage.

Nothing is dropped: what is not a value comes out as a segment with a reason, and the damage ends at the next line or
at the next thing that looks like an envelope. Memory is bounded by the longest event that the log accepts.
"""

import re
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, NamedTuple

import orjson

from outcomes.store.sources.damage import TOO_LONG, cut_up, segment_of
from outcomes.store.sources.json_brackets import Brackets
from outcomes.store.sources.json_patterns import (
    ENVELOPE,
    FRAME,
    GAP,
    INDENT,
    JSON_TEXT_BEGINS,
    LIST_OF_VALUES,
    PREFIX,
    STRING,
    new_starts,
    skip,
    strip,
)
from outcomes.store.sources.json_values import object_in
from outcomes.store.sources.open_stretch import OpenStretch
from outcomes.store.sources.segment import MAX_EVENT_BYTES, QUIET, Segment

_ENVELOPE_BYTES = 64
_PARTIAL_BYTES = 1 << 20
_LISTS_IN_A_LINE = 16
"""Transports nest three wrappers at most."""


def split(chunks: Iterable[bytes], read: Callable[[bytes], Any] = object_in) -> Iterator[Segment]:
    """Yield the values of a stream in order, with the damage between them.

    `read` makes of a whole object's bytes what a segment holds as its value, and None of what is no JSON object.
    """
    splitter = _Splitter(read)
    parts: list[bytes] = []  # of the line whose end has not come yet
    size = 0
    for chunk in _in_small_parts(chunks):
        if not chunk:
            rest = yield from splitter.part_of_line(b"".join(parts))
            parts, size = [rest], len(rest)
            yield QUIET
            continue
        first, *lines = chunk.split(b"\n")
        parts.append(first)
        size += len(first)
        if lines:
            yield from splitter.line(b"".join(parts))
            for line in lines[:-1]:
                if not line and splitter.passes_over_empty_line():
                    continue
                segment = splitter.whole(line)
                if segment is None:
                    yield from splitter.line(line)
                else:
                    yield segment
            parts, size = lines[-1:], len(lines[-1])
        if size > _PARTIAL_BYTES:
            rest = yield from splitter.part_of_line(b"".join(parts))
            parts, size = [rest], len(rest)
    yield from splitter.line(b"".join(parts))
    yield from splitter.finish()


def _in_small_parts(chunks: Iterable[bytes]) -> Iterator[bytes]:
    # A bomb unfolds to many times this, and a line takes eight bytes in a list, however empty it is.
    for chunk in chunks:
        if len(chunk) <= _PARTIAL_BYTES:
            yield chunk
        else:
            yield from (chunk[at : at + _PARTIAL_BYTES] for at in range(0, len(chunk), _PARTIAL_BYTES))


class _Step(NamedTuple):
    """What is to be walked over: a line from where it begins, or what is left of one."""

    text: bytes
    begins: bool
    lists_left: int
    """In how many wrappers more a list is looked for: each look takes as long as all that is left."""


class _Splitter:
    def __init__(self, read: Callable[[bytes], Any]) -> None:
        self._read = read
        self._line = 1
        self._inside_line = False
        self._open: OpenStretch | None = None
        self._lists = 0
        """How many lists in wrappers are open around what comes."""

    def passes_over_empty_line(self) -> bool:
        """Count an empty line where nothing is open; say no where something is. There are bombs of nothing else."""
        if self._open is not None:
            return False
        self._line += 1
        return True

    def whole(self, line: bytes) -> Segment | None:
        """Take a line that is one whole value, as nearly all are, where nothing is open; say no to any other."""
        if self._open is not None or not line.startswith(b"{") or len(line) > MAX_EVENT_BYTES:
            return None
        text = line if line.endswith(b"}") else strip(line)
        value = self._read(text)
        if value is None:
            return None
        segment = Segment(text, self._line, value)
        self._line += 1
        return segment

    def line(self, line: bytes) -> Iterator[Segment]:
        """Take a line, or what is left of one, up to its end."""
        begins, self._inside_line = not self._inside_line, False
        if begins and self._open is not None and self._open.takes(line):
            self._line += 1
            return
        text = strip(line)
        if begins and self._open is not None and text:
            if self._open.awaits_values and text[:1] in _VALUE_BEGINS:
                self._open, self._lists = None, self._lists + 1
            elif self._open.looks_like(line):
                yield from self._give_up()
        if begins and text[:1] == b"{" and len(text) <= MAX_EVENT_BYTES and self._may_start(line):
            value = self._read(text)
            # Inside an unfinished value only a whole envelope is proof that the value was cut off before.
            if value is not None and (self._open is None or _has_envelope(value)):
                yield from self._give_up()
                yield Segment(text, self._line, value)
                self._line += 1
                return
        if text or self._open is not None:
            yield from self._take(line, begins=begins, ends=True)
        self._line += 1

    def part_of_line(self, part: bytes) -> Generator[Segment, None, bytes]:
        """Take what can be taken of a line whose end has not come yet; return the rest, a few bytes."""
        begins, self._inside_line = not self._inside_line, True
        return (yield from self._take(part, begins=begins, ends=False))

    def finish(self) -> Iterator[Segment]:
        """Say what is left when the input has ended."""
        yield from self._give_up()

    def _may_start(self, line: bytes) -> bool:
        # What begins further in than the value that is not complete is a part of it.
        return self._open is None or skip(line, 0, INDENT) <= self._open.column

    def _take(self, text: bytes, *, begins: bool, ends: bool) -> Generator[Segment, None, bytes]:
        """Take a line or a part of one; return what can only be taken with what comes next."""
        step = _Step(text, begins, _LISTS_IN_A_LINE)
        while True:
            rest = yield from self._walk(step, ends=ends)
            if isinstance(rest, bytes):
                return rest
            step = rest

    def _walk(self, step: _Step, *, ends: bool) -> Generator[Segment, None, bytes | _Step]:
        """Walk over what is open, glued values, parts of an array, damage, up to the list in a wrapper."""
        text, begins, _ = step
        at = 0
        if begins:
            if self._may_start(text) and ENVELOPE.match(text, skip(text, 0, FRAME)):
                yield from self._give_up()
            elif ends and self._open is None and _is_array_without_objects(strip(text)):
                reason = "not an event: expected a JSON object, got an array"
                yield Segment(strip(text), self._line, reason=reason)
                return b""
        if self._open is not None:
            at = yield from self._continue(text, begins=begins)
        if self._open is None:
            at = self._start_of_values(text, at, begins=begins)
        first = at if begins else None
        while self._open is None and at < len(text):
            if self._lists and text[at] == _END_OF_LIST:
                at = yield from self._leave_list(text, at)
            elif not ends and _is_unfinished_text(text, at):
                return text[at:]
            else:
                at = yield from self._value(text, at, is_first=at == first)
        if self._open is None:
            return b""
        return (yield from self._leave(self._open, step._replace(text=text[at:]), ends=ends))

    def _value(self, text: bytes, at: int, *, is_first: bool) -> Generator[Segment, None, int]:
        """Take one value, or damage, that begins here; return where to go on, behind it if it ends here."""
        found = PREFIX.match(text, at) if is_first and text[at] not in _VALUE_BEGINS else None
        prefix = b"" if found is None else found.group()
        at += len(prefix)
        brackets = Brackets() if text[at] == _OPEN_BRACE else None
        end, is_value = _end_in(text, at, brackets)
        if end is None:
            column = skip(text, 0, FRAME) if is_first and not prefix else 0
            self._open = OpenStretch(self._line, column, brackets, prefix)
            return at
        yield from self._closed(text[at:end], self._line, is_value=is_value, prefix=prefix)
        return self._next_value(text, end)

    def _start_of_values(self, text: bytes, at: int, *, begins: bool) -> int:
        """Pass over what may stand before a value: blanks, commas, marks, and the bracket of an array around events."""
        at = skip(text, at, GAP)
        # One array around events is a wrapping; arrays in arrays are something else, and so is a time in brackets.
        if self._lists or (begins and text.startswith(b"[[", at)):
            return at
        after = skip(text, at, FRAME)
        return at if begins and text[after : after + 1] not in _VALUES_BEGIN else after

    def _next_value(self, text: bytes, at: int) -> int:
        return skip(text, at, GAP if self._lists else FRAME)

    def _leave_list(self, text: bytes, at: int) -> Generator[Segment, None, int]:
        """Go on behind the list in a wrapper: what is left of the wrapper is read as an object of its own."""
        self._lists -= 1
        at = skip(text, at + 1, GAP)
        rest = OpenStretch(self._line, 0, Brackets(depth=1))
        rest.is_rest = True
        rest.add(b"{")
        assert rest.brackets is not None  # noqa: S101 - made just above
        end = rest.brackets.end_in(text, at)
        if end is None:
            self._open = rest
            return at
        yield from self._closed_rest(b"{" + text[at:end], self._line)
        return self._next_value(text, end)

    def _closed_rest(self, raw: bytes, since: int) -> Iterator[Segment]:
        """Yield what is left of a wrapper behind its list only if there is another list in it, or damage."""
        value = object_in(raw)
        if value is None:
            yield from self._closed(raw[1:], since, is_value=False)
        elif LIST_OF_VALUES.match(raw):
            yield Segment(raw, since, value)

    def _continue(self, text: bytes, *, begins: bool) -> Generator[Segment, None, int]:
        """End the open stretch if it ends here; return where."""
        current = self._open
        assert current is not None  # noqa: S101 - the caller has looked
        if begins and current.is_cut_off_before(text):
            opening = current.take_back_opening()
            yield from self._give_up()
            brackets = Brackets()
            brackets.end_in(opening)
            self._open = current = OpenStretch(self._line - 1, skip(opening, 0, INDENT), brackets)
            current.add(opening + b"\n")
        end, is_value = _end_in(text, 0, current.brackets)
        if end is None:
            return 0
        current.add(text[:end])
        if current.spool is not None:
            yield from self._give_up()
        elif current.is_rest:
            self._open = None
            yield from self._closed_rest(current.raw(), current.since)
        else:
            self._open = None
            yield from self._closed(current.raw(), current.since, is_value=is_value, prefix=current.prefix)
        return end

    def _leave(self, current: OpenStretch, step: _Step, *, ends: bool) -> Generator[Segment, None, bytes | _Step]:
        """Keep what has not ended for the next part, unless nothing that comes next can belong to it."""
        text, begins, lists_left = step
        # Damage ends at an envelope, and the beginning of one may be the last thing here.
        kept = len(text) if ends or current.brackets else max(0, len(text) - _ENVELOPE_BYTES)
        may_be_wrapper = current.brackets is not None and current.is_short() and lists_left > 0
        current.add(text[:kept])
        if may_be_wrapper and (begin := current.values_begin()) is not None:
            raw = current.raw()
            if begin < len(raw):
                self._open, self._lists = None, self._lists + 1
                rest, begins = yield from self._lines_of_list(raw, begin)
                self._inside_line = not ends
                return _Step(rest, begins, lists_left - 1)
            current.awaits_values = True
        if current.is_too_long() and current.spool is None:
            raw = current.raw()
            last = max(new_starts(raw) if current.brackets else map(re.Match.start, ENVELOPE.finditer(raw)), default=0)
            if last and b"\n" not in raw:  # cut off long before: what follows it on its line is not part of it
                self._open = None
                yield from cut_up([raw[:last]], current.since)
                return _Step(raw[last:], begins=False, lists_left=lists_left)
            current.spill()
        if ends and (current.brackets is None or current.brackets.in_string):
            yield from self._give_up()
        elif ends:
            current.add(b"\n")
            is_opening = begins and current.since < self._line and strip(text) == b"{"
            current.opening = text if is_opening else b""
        return text[kept:]

    def _lines_of_list(self, raw: bytes, at: int) -> Generator[Segment, None, tuple[bytes, bool]]:
        """Take the lines that stand in a list, once it is known to be one; return the last, and whether it is whole."""
        start = raw.rfind(b"\n", 0, at) + 1
        begins = skip(raw, start, INDENT) == at
        *lines, last = raw[start if begins else at :].split(b"\n")
        self._line -= len(lines)
        for line in lines:
            self._inside_line = not begins
            yield from self.line(line)
            begins = True
        return last, begins

    def _closed(self, raw: bytes, since: int, *, is_value: bool, prefix: bytes = b"") -> Iterator[Segment]:
        """Yield what has ended; if it has matching brackets but is no value, there may be some in it."""
        value = self._read(raw) if is_value and len(raw) <= MAX_EVENT_BYTES else None
        if value is not None:
            yield Segment(raw, since, value, prefix=prefix)
            return
        raw = prefix + raw
        segment = segment_of(raw if is_value else strip(raw), since)
        if is_value and segment.reason is not None and len(raw) <= MAX_EVENT_BYTES:
            yield from cut_up(raw.split(b"\n"), since)
        elif segment.raw:
            yield segment

    def _give_up(self) -> Iterator[Segment]:
        """End the open stretch: more of it will not come."""
        current, self._open = self._open, None
        if current is None:
            return
        if current.spool is not None:
            yield Segment(current.raw(), current.since, reason=TOO_LONG, spool=current.spool)
        elif current.is_rest:
            yield from self._closed(current.raw()[1:], current.since, is_value=False)
        elif current.brackets is None:
            yield from self._closed(current.raw(), current.since, is_value=False)
        else:
            yield from cut_up((current.prefix + current.raw()).split(b"\n"), current.since)


_OPEN_BRACE, _END_OF_LIST = b"{]"
_VALUE_BEGINS = b'{"'
_VALUES_BEGIN = (b"{", b'"', b"[", b"]", b"")


def _end_in(text: bytes, start: int, brackets: Brackets | None) -> tuple[int | None, bool]:
    """Find where a value ends, or where damage does: at the next envelope; say also whether it is a value."""
    if brackets is not None:
        return brackets.end_in(text, start), True
    if JSON_TEXT_BEGINS.match(text, start) and (string := STRING.match(text, start)):
        return string.end(), True
    found = ENVELOPE.search(text, start)
    return (found.start() if found else None), False


def _is_unfinished_text(text: bytes, at: int) -> bool:
    """Say whether JSON as text begins here whose end may come with the next part of the line."""
    return (
        JSON_TEXT_BEGINS.match(text, at) is not None
        and STRING.match(text, at) is None
        and len(text) - at <= MAX_EVENT_BYTES
    )


def _has_envelope(value: Any) -> bool:
    return not isinstance(value, dict) or "metadata" in value or "attributes" in value


def _is_array_without_objects(text: bytes) -> bool:
    if not text.startswith(b"[") or not text.endswith(b"]") or b"{" in text:
        return False
    try:
        return bool(orjson.loads(text))
    except orjson.JSONDecodeError:
        return False
