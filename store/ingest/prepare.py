"""From a stream of bytes to events that are ready to be written, some hundred at a time."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO

from outcomes.domain.errors import KeySetUnavailable, NotAnEvent, SignatureRefused, UnreadableInput
from outcomes.store.encoding import fast_parser
from outcomes.store.encoding.arrival import Arrival, Arrivals, Extract, read
from outcomes.store.sources.content import text_in
from outcomes.store.sources.files import InputChunks
from outcomes.store.sources.json_splitter import split
from outcomes.store.sources.json_values import object_in
from outcomes.store.sources.segment import QUIET, Refused, Segment
from outcomes.store.sources.transports import Reader, Signed, contents
from outcomes.store.sources.unusable import named

READER = 1
"""Counts what this version can read: raised whenever reading learns something, so that a retry looks again."""

_EVENTS, _BYTES, _SECONDS = 500, 1 << 20, 0.5


@dataclass(slots=True)
class Prepared:
    """Some of a source: what are events, what is none and why, how far it was read, and what was damaged."""

    arrivals: Arrivals = field(default_factory=Arrivals.of)
    refused: Refused = field(default_factory=list)
    bytes: int = 0
    done: int = 0
    damage: str | None = None
    is_due: bool = False
    """Whether it is to be written at once, with what came before it: more does not come for a while."""


def value_of(text: bytes) -> Any:
    """Return what a whole object is read as: a fast event if its shape is usual, else an object as JSON."""
    return fast_parser.try_parse(text) or object_in(text)


def prepare_source(
    stream: BinaryIO,
    source: str,
    extract: Extract,
    signed: Signed | None = None,
    read: Callable[[bytes], Any] = value_of,
) -> Iterator[Prepared]:
    """Prepare all of a source. Damage is told in the last part, not raised: what was readable is kept."""
    taken = InputChunks(stream, source)
    damage: list[str] = []

    def until_damage() -> Iterator[bytes]:
        try:
            yield from text_in(taken, source, stream)
        except UnreadableInput as error:
            damage.append(str(error))

    for part in prepare(split(until_damage(), read), extract, signed):
        part.done = taken.done
        yield part
    if damage:
        yield Prepared(done=taken.done, damage=damage[0])


def prepare(segments: Iterable[Segment], extract: Extract, signed: Signed | None = None) -> Iterator[Prepared]:
    """Prepare values that are already split. Parts are small: who waits for one soon has something to do."""
    reader = Reader(value_of, signed)
    arrived: list[Arrival] = []
    part, size, give_at = Prepared(), 0, time.monotonic() + _SECONDS
    for number, segment in enumerate(segments, 1):
        verdict = read(segment, extract)
        if verdict.__class__ is Arrival:
            arrived.append(verdict)
        elif segment is QUIET:
            part.is_due = True
        else:
            for inner, found in _inside(segment, str(verdict), extract, reader):
                if isinstance(found, Arrival):
                    arrived.append(found)
                else:
                    part.refused.append((_with_prefix(inner), found))
        size += len(segment.raw)
        if number % _EVENTS == 0 or size >= _BYTES or part.is_due or time.monotonic() > give_at:
            part.arrivals, part.bytes = Arrivals.of(arrived), size
            yield part
            arrived, part, size, give_at = [], Prepared(), 0, time.monotonic() + _SECONDS
    part.arrivals, part.bytes = Arrivals.of(arrived), size
    yield part


def _inside(
    segment: Segment, verdict: str, extract: Extract, reader: Reader, depth: int = 0
) -> Iterator[tuple[Segment, Arrival | str]]:
    """Yield what is inside a value that is no event, if it is a wrapper around some; else the value and the reason."""
    try:
        carried = contents(segment, reader, depth)
    except (SignatureRefused, KeySetUnavailable, NotAnEvent) as error:
        yield segment, str(error)
        return
    if carried is None:
        yield segment, named(segment.value, segment.raw) or verdict
        return
    found = (inner for segment in carried.segments for inner in _judged(segment, extract, reader, depth + 1))
    if carried.is_list:
        yield from found
        return
    # A wrapper around one thing is kept whole where that is no event: its own members tell where it came from.
    inners = list(found)
    if any(isinstance(judged, Arrival) for _, judged in inners):
        yield from inners
    else:
        yield segment, next((f"inside its wrapper: {judged}" for _, judged in inners), verdict)


def _judged(segment: Segment, extract: Extract, reader: Reader, depth: int) -> Iterator[tuple[Segment, Arrival | str]]:
    verdict = read(segment, extract)
    if isinstance(verdict, Arrival):
        yield segment, verdict
    else:
        yield from _inside(segment, verdict, extract, reader, depth)


def _with_prefix(segment: Segment) -> Segment:
    return replace(segment, raw=segment.prefix + segment.raw, prefix=b"") if segment.prefix else segment
