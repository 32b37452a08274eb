"""An event on its way into the log: what came, and all that is found out about it before it is written."""

from collections.abc import Callable
from typing import Any, NamedTuple

from domain.catalog import parse_event
from domain.errors import NotAnEvent
from domain.event import Event, OtherEvent
from domain.times import Micros
from store.canonical import content_digest
from store.keys import local_stream, version_of
from store.piece import Piece
from store.shapes import Plain

Project = Callable[[Event, bytes], tuple[Any, ...]]
"""What a read model takes from an event and its digest, as plain values that travel between processes."""


def nothing_of(_event: Event, _digest: bytes) -> tuple[Any, ...]:
    """Take nothing: for those who append events that a read model finds in the log by itself."""
    return ()


class Arrival(NamedTuple):
    """An event as it came, with its place in the log but for the position. Plain values only.

    `stream` is the entity's name inside its tenant and `version` its place there (`store.keys`); `facts` is what the
    read model takes from it, None where the event is of no known name.
    """

    raw: bytes
    line: int
    digest: bytes
    tenant: str
    name: str
    stream: str
    version: int
    event_time: Micros
    facts: tuple[Any, ...] | None


def read(piece: Piece, project: Project) -> Arrival | str:
    """Return the event in a piece of input, or in words why it is none."""
    if piece.reason is not None:
        return piece.reason
    value = piece.value
    if isinstance(value, Plain):
        return arrival_of(piece, value.digest, value.as_event, project)
    try:
        event = parse_event(value)
    except NotAnEvent as error:
        return str(error)
    return arrival_of(piece, content_digest(value, piece.raw), event, project)


def arrival_of(piece: Piece, digest: bytes, event: Event | OtherEvent, project: Project) -> Arrival:
    """Put an arrival together from its parts."""
    return Arrival(
        piece.raw,
        piece.line,
        digest,
        event.metadata.root_account_uuid,
        event.metadata.event_name,
        local_stream(event),
        version_of(event.event_time, digest),
        event.event_time,
        None if isinstance(event, OtherEvent) else project(event, digest),
    )
