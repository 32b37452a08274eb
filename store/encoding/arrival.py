"""An event on its way into the log: what came, and all that is found out about it before it is written."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from functools import partial
from operator import attrgetter
from typing import Any, Final, NamedTuple, Self

from outcomes.domain.catalog import parse_event
from outcomes.domain.errors import NotAnEvent
from outcomes.domain.event import EventLike, OtherEvent
from outcomes.domain.times import Micros
from outcomes.store.encoding.content_digest import content_digest
from outcomes.store.encoding.fast_structs import FastEvent
from outcomes.store.encoding.stream_keys import local_stream, version_of
from outcomes.store.sources.segment import Segment

Extract = Callable[[EventLike, bytes], tuple[Any, ...]]
"""What a read model takes from an event and its digest, as plain values that travel between processes."""


def extract_nothing(_event: EventLike, _digest: bytes) -> tuple[Any, ...]:
    """Take nothing: for those who append events that a read model finds in the log by itself."""
    return ()


class Arrival(NamedTuple):
    """An event as it came, with its place in the log but for the position. Plain values only.

    `stream` is the entity's name inside its tenant and `version` its place there (`stream_keys`); `extracted` is what
    the read model takes from it, None where the event is of no known name.
    """

    raw: bytes
    line: int
    digest: bytes
    tenant: str
    name: str
    stream: str
    version: int
    event_time: Micros
    extracted: tuple[Any, ...] | None


@dataclass(slots=True)
class Arrivals:
    """Many of them, a column for each field: what is done to all is done without taking them apart one by one."""

    raws: list[bytes]
    lines: list[int]
    digests: list[bytes]
    tenants: list[str]
    names: list[str]
    streams: list[str]
    versions: list[int]
    event_times: list[Micros]
    extracted: list[tuple[Any, ...] | None]

    @classmethod
    def of(cls, arrivals: Iterable[Arrival] = ()) -> Self:
        """Stand single ones side by side."""
        columns: Any = list(zip(*arrivals, strict=True)) or [()] * len(COLUMNS)
        return cls(*map(list, columns))

    def columns(self) -> tuple[list[Any], ...]:
        """Return the columns in the order of the fields."""
        return _columns_of(self)

    def rows(self) -> list[Arrival]:
        """Return them one by one."""
        return list(map(Arrival._make, zip(*self.columns(), strict=True)))

    def extend(self, others: "Arrivals") -> None:
        """Add others behind these."""
        for mine, theirs in zip(self.columns(), others.columns(), strict=True):
            mine.extend(theirs)

    def at(self, indexes: Sequence[int]) -> Self:
        """Return those at some places."""
        return type(self)(*(list(map(column.__getitem__, indexes)) for column in self.columns()))

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.raws)


# Of its values in order, without a call of Python: one is made for every event.
_arrival = partial(tuple.__new__, Arrival)
COLUMNS: tuple[str, ...] = tuple(field.name for field in fields(Arrivals))
_columns_of = attrgetter(*COLUMNS)


UNREAD: Final = FastEvent(None, None, 0, b"")
"""Stands for the value of a segment that is a plain event, which somebody else will read."""
_NOT_KNOWN_YET: Final = (b"", "", "", "", 0, 0, None)


def is_unread(arrival: Arrival) -> bool:
    """Say whether nothing but its bytes is known of an arrival: it was `UNREAD`."""
    return not arrival.digest


def read(segment: Segment, extract: Extract) -> Arrival | str:
    """Return the event in a segment of input, or in words why it is none."""
    if segment.reason is not None:
        return segment.reason
    value = segment.value
    if value is UNREAD:
        return _arrival((segment.raw, segment.line, *_NOT_KNOWN_YET))
    if isinstance(value, FastEvent):
        return arrival_of(segment, value.digest, value, extract)
    try:
        event = parse_event(value)
    except NotAnEvent as error:
        return str(error)
    return arrival_of(segment, content_digest(value, segment.raw), event, extract)


def arrival_of(segment: Segment, digest: bytes, event: EventLike | OtherEvent, extract: Extract) -> Arrival:
    """Put an arrival together from its parts."""
    metadata, event_time = event.metadata, event.event_time
    return _arrival(
        (
            segment.raw,
            segment.line,
            digest,
            metadata.root_account_uuid,
            metadata.event_name,
            local_stream(event),
            version_of(event_time, digest),
            event_time,
            None if isinstance(event, OtherEvent) else extract(event, digest),
        )
    )
