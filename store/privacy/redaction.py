"""Redaction: what is dropped from an event before it is written, where `redact` was ever on.

An event that differs from a stored one only in what is dropped is a repeat of it, whichever of the two came first.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import cast

from outcomes.domain.errors import NotAnEvent
from outcomes.domain.personal_data import OPTIONAL
from outcomes.store.connection import Connection
from outcomes.store.encoding import fast_parser
from outcomes.store.encoding.arrival import Arrival, Arrivals, Extract, read
from outcomes.store.privacy import settings
from outcomes.store.privacy.json_members import remove
from outcomes.store.sources.json_values import decode
from outcomes.store.sources.segment import Refused, Segment

# A field's name in quotes (escaped as often as the JSON around it is), and its value up to its end, or the cut.
_NAMES = "|".join(sorted(OPTIONAL)).encode()
_FIELD = re.compile(
    rb'(\\*"(?:' + _NAMES + rb')\\*"\s*:\s*)(?:"(?:[^"\\]|\\.)*(?:"|\\?\Z)|(\\+").*?(?:\2|\Z)|[^\s",}\]]+)', re.DOTALL
)
_NOT_REACHED = "it is too long for redact to reach into: it may hold what redact drops"


def redact_batch(
    connection: Connection,
    arrivals: Arrivals,
    extract: Extract,
    is_stored: Callable[[Arrival], bool],
) -> Arrivals:
    """Return the arrivals as they are to be written: redacted while that is on, without repeats of the other form."""
    rule = settings.in_force(connection, settings.REDACT)
    if rule is None:
        return arrivals
    admitted = []
    for arrival in arrivals.rows():
        kept, twin = _forms(arrival, extract, is_on=rule == "on")
        if twin is None or not is_stored(twin):
            admitted.append(kept)
    return Arrivals.of(admitted)


def redact_refused(connection: Connection, refused: Refused) -> Refused:
    """Return segments that go to quarantine, with why; those that are readable JSON redacted, if `redact` is on."""
    if not refused or settings.current(connection, settings.REDACT) != "on":
        return refused
    return [_stripped(segment, reason) for segment, reason in refused]


def redact(raw: bytes) -> bytes:
    """Return an event without the optional personal fields of its envelope; every other byte is as it came."""
    return remove(raw, lambda outer, name: name in OPTIONAL and outer in {"metadata", "attributes"})


def _stripped(segment: Segment, reason: str) -> tuple[Segment, str]:
    if segment.spool is not None:
        return segment, f"{reason} ({_NOT_REACHED})"
    raw = segment.raw
    with suppress(NotAnEvent):
        value = decode(raw)
        raw = redact(raw) if isinstance(value, dict) else raw
    return replace(segment, raw=_without_values(raw)), reason


def _without_values(raw: bytes) -> bytes:
    """Return bytes, whole or cut, without the values of the optional fields, also in UTF-16 and UTF-32."""
    if b"\0" not in raw:
        return _FIELD.sub(rb"\1null", raw)
    for encoding in ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be"):
        width = 4 if "32" in encoding else 2
        for start in range(width):
            end = len(raw) - (len(raw) - start) % width
            text = raw[start:end].decode(encoding, errors="surrogatepass" if width == 2 else "replace")  # noqa: PLR2004
            bare = _FIELD.sub(rb"\1null", plain := text.encode(errors="surrogatepass"))
            if bare != plain:
                return raw[:start] + bare.decode(errors="surrogatepass").encode(encoding, "surrogatepass") + raw[end:]
    return raw


def _forms(arrival: Arrival, extract: Extract, *, is_on: bool) -> tuple[Arrival, Arrival | None]:
    """Return the form of an event that is to be kept, and the other one, if there are two."""
    raw = redact(arrival.raw)
    if raw is arrival.raw:
        return arrival, None
    # What was an event before is one without those fields.
    other = cast("Arrival", read(Segment(raw, arrival.line, fast_parser.try_parse(raw) or decode(raw)), extract))
    return (other, arrival) if is_on else (arrival, other)
