"""Where an event stands in the library's table: its stream (`originator_id`) and its version in it.

The version *is* the event time, so the table's own unique key finds repeats, its own order is event-time order, and
"as of T" is the library's own "up to version V". Streams sort by tenant, kind and numeric id: the ids of new results
grow, so appends touch the right edge of the index and not all of it (a hashed id costs half the speed at a million
events, and more as it grows).
"""

from typing import Any

from outcomes.domain.event import EventLike, OtherEvent
from outcomes.domain.times import Micros

OTHER = "other"
"""What stands in place of a kind in the streams of events that nothing projects."""
HASH_BITS = 21
HASH_MASK = (1 << HASH_BITS) - 1
_ID_WIDTH = 20
_MICROS_PER_MILLI = 1000


def local_stream(event: EventLike | OtherEvent) -> str:
    """Return the stream of an event inside its tenant: one per entity; what nothing projects has one per name."""
    if isinstance(event, OtherEvent):
        return f"{OTHER}/{event.metadata.event_name}"
    body: Any = event.body
    return stream_of_entity(event.kind, body.local_id)


def in_tenant(tenant_number: int, stream: str) -> str:
    """Return the whole name of a stream: `originator_id` in the library's table."""
    return f"{tenant_number:06d}/{stream}"


def stream_of_entity(kind: str, local_id: str) -> str:
    """Return the stream that holds the history of an entity, inside its tenant; numeric ids sort as numbers."""
    # Put together, not formatted: to format an enumeration's member takes longer than all of this.
    if local_id.isdigit() and local_id.isascii() and (local_id[0] != "0" or local_id == "0"):
        return kind + "/" + local_id.zfill(_ID_WIDTH)
    return kind + "/~" + local_id


def entity_of_stream(stream: str) -> tuple[int, str, str]:
    """Return the tenant's number, the kind and the id of a stream, given its whole name."""
    number, kind, key = stream.split("/", 2)
    return int(number), kind, key[1:] if key.startswith("~") else key.lstrip("0") or "0"


def tenant_number_of(stream: str) -> int:
    """Return the number of the tenant that a stream belongs to."""
    return int(stream.partition("/")[0])


def milliseconds_of(version: int) -> int:
    """Return the milliseconds since 1970 at which the event of a version happened."""
    return version >> HASH_BITS


def version_of(event_time: Micros, digest: bytes) -> int:
    """Return 42 bits of milliseconds since 1970 above 21 bits of the content digest: at most 63 bits until 2109."""
    return event_time // _MICROS_PER_MILLI << HASH_BITS | int.from_bytes(digest[:3]) & HASH_MASK


def next_free_version(version: int) -> int:
    """Return the version to try after a collision, staying inside the same millisecond."""
    return version & ~HASH_MASK | (version + 1) & HASH_MASK


def first_version(event_time: Micros) -> int:
    """Return the least version of the millisecond of a time."""
    return event_time // _MICROS_PER_MILLI << HASH_BITS


def last_version(as_of: Micros) -> int:
    """Return the greatest version whose millisecond is not after `as_of`; finer cuts are made when folding."""
    return ((as_of // _MICROS_PER_MILLI + 1) << HASH_BITS) - 1
