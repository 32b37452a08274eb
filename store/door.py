"""The door of a home: what is dropped from an event before it is written, where `redact` was ever on.

An event that differs from a stored one only in what is dropped is a repeat of it, whichever of the two came first.
"""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from domain.catalog import parse_event
from domain.persons import OPTIONAL
from store import house_rules
from store.canonical import content_digest, decode
from store.keys import first_version, last_version
from store.members import without
from store.recorder import is_stored
from store.splitter import Piece

if TYPE_CHECKING:
    from store.log import Arrival


def admit(
    connection: sqlite3.Connection,
    arrivals: "Sequence[Arrival]",
    file_under: Callable[[Any], str],
    keyed: Callable[[bytes], bytes],
) -> "Sequence[Arrival]":
    """Return the arrivals as they are to be written: redacted while that is on, without repeats of the other form.

    `file_under` gives the stream of an event, `keyed` the digest as the log keeps it.
    """
    rule = house_rules.in_force(connection, house_rules.REDACT)
    if rule is None:
        return arrivals
    admitted = []
    for arrival in arrivals:
        kept, twin = _forms(arrival, is_on=rule == "on")
        if twin is not None:
            time = arrival.event.event_time
            versions = (first_version(time), last_version(time))
            if is_stored(connection, file_under(twin.event), versions, keyed(twin.digest)):
                continue
        admitted.append(kept)
    return admitted


def stripped(connection: sqlite3.Connection, piece: Piece) -> Piece:
    """Return a piece that goes to quarantine; if it is readable JSON and `redact` is on, redacted."""
    if not isinstance(piece.value, dict) or house_rules.in_force(connection, house_rules.REDACT) != "on":
        return piece
    return replace(piece, raw=redacted(piece.raw))


def redacted(raw: bytes) -> bytes:
    """Return an event without the optional personal fields of its envelope; every other byte is as it came."""
    return without(raw, lambda outer, name: name in OPTIONAL and outer in {"metadata", "attributes"})


def _forms(arrival: "Arrival", *, is_on: bool) -> "tuple[Arrival, Arrival | None]":
    """Return the form of an event that is to be kept, and the other one, if there are two."""
    raw = redacted(arrival.raw)
    if raw is arrival.raw:
        return arrival, None
    value = decode(raw)
    other = arrival._replace(raw=raw, event=parse_event(value), digest=content_digest(value, raw))
    return (other, arrival) if is_on else (arrival, other)
