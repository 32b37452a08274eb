"""The door of a home: what is dropped from an event before it is written, where `redact` was ever on.

An event that differs from a stored one only in what is dropped is a repeat of it, whichever of the two came first.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from domain.catalog import parse_event
from domain.persons import OPTIONAL
from store import house_rules
from store.canonical import content_digest, decode
from store.members import without
from store.splitter import Piece

if TYPE_CHECKING:
    from store.log import Arrival

IsStored = Callable[["Arrival"], bool]


def admit(connection: sqlite3.Connection, arrivals: "Sequence[Arrival]", is_stored: IsStored) -> "Sequence[Arrival]":
    """Return the arrivals as they are to be written: redacted while that is on, without repeats of the other form."""
    rule = house_rules.in_force(connection, house_rules.REDACT)
    return arrivals if rule is None else list(_admitted(arrivals, is_stored, is_on=rule == "on"))


def stripped(connection: sqlite3.Connection, piece: Piece) -> Piece:
    """Return a piece that goes to quarantine; if it is readable JSON and `redact` is on, redacted."""
    if not isinstance(piece.value, dict) or house_rules.in_force(connection, house_rules.REDACT) != "on":
        return piece
    return replace(piece, raw=redacted(piece.raw))


def redacted(raw: bytes) -> bytes:
    """Return an event without the optional personal fields of its envelope; every other byte is as it came."""
    return without(raw, lambda outer, name: name in OPTIONAL and outer in {"metadata", "attributes"})


def _admitted(arrivals: "Sequence[Arrival]", is_stored: IsStored, *, is_on: bool) -> "Iterator[Arrival]":
    for arrival in arrivals:
        raw = redacted(arrival.raw)
        if raw is arrival.raw:
            yield arrival
            continue
        value = decode(raw)
        other = arrival._replace(raw=raw, event=parse_event(value), digest=content_digest(value, raw))
        kept, twin = (other, arrival) if is_on else (arrival, other)
        if not is_stored(twin):
            yield kept
