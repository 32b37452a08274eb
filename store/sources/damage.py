"""What can be saved of damaged lines: whole values in them, and the rest in pieces."""

from collections.abc import Iterator
from itertools import pairwise

from outcomes.domain.errors import NotAnEvent
from outcomes.store.sources.json_brackets import Brackets
from outcomes.store.sources.json_patterns import BETWEEN, BLANK, new_starts, strip
from outcomes.store.sources.json_values import decode, object_in
from outcomes.store.sources.segment import MAX_EVENT_BYTES, Segment

_CONTINUES = (b" ", b"\t", b"}", b"]")
_OPEN_ENDED = "the JSON value is cut off"
TOO_LONG = f"longer than {MAX_EVENT_BYTES >> 20} MiB"


def cut_up(lines: list[bytes], since: int) -> Iterator[Segment]:
    """Part damaged lines: what is whole by itself is a value, an indented line belongs to the one before."""
    damaged: list[bytes] = []
    damaged_since = since
    for number, line in enumerate(lines, since):
        if damaged and (line.startswith(_CONTINUES) or not line.strip(BLANK)):
            damaged.append(line)
            continue
        for part in _at_envelopes(line):
            text = strip(part)
            if damaged and text:
                yield _damaged_piece(damaged, damaged_since)
                damaged = []
            end = Brackets().end_in(text) if text.startswith(b"{") else None
            value = object_in(text[:end]) if end else None
            if value is not None:
                yield Segment(text[:end], number, value)
                text = text[end:].strip(BETWEEN + b"[]")
            if text:
                damaged, damaged_since = [text if value is not None else part], number
    if damaged:
        yield _damaged_piece(damaged, damaged_since)


def segment_of(raw: bytes, line: int) -> Segment:
    """Return what bytes are: a value, or why they are none."""
    if len(raw) > MAX_EVENT_BYTES:
        return Segment(raw, line, reason=TOO_LONG)
    try:
        value = decode(raw)
    except NotAnEvent as error:
        return Segment(raw, line, reason=str(error))
    return Segment(raw, line, value)


def _damaged_piece(lines: list[bytes], line: int) -> Segment:
    segment = segment_of(b"\n".join(lines).strip(BLANK), line)
    if segment.reason is not None and segment.raw.startswith(b"{") and Brackets().end_in(segment.raw) is None:
        segment.reason = _OPEN_ENDED
    return segment


def _at_envelopes(line: bytes) -> list[bytes]:
    starts = [0, *new_starts(line), len(line)]
    return [line[start:end] for start, end in pairwise(starts)]
