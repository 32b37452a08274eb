"""Where an event stands in the library's table: its stream (`originator_id`) and its version in it.

The version *is* the event time, so the table's own unique key finds repeats, its own order is event-time order, and
"as of T" is the library's own "up to version V". Streams sort by tenant, kind and numeric id: the ids of new results
grow, so appends touch the right edge of the index and not all of it (a hashed id costs half the speed at a million
events, and more as it grows).
"""

from domain.event import Event, OtherEvent
from domain.identity import EntityRef
from domain.times import Micros

HASH_BITS = 21
HASH_MASK = (1 << HASH_BITS) - 1
_ID_WIDTH = 20
_MICROS_PER_MILLI = 1000


def stream_of(tenant_number: int, event: Event | OtherEvent) -> str:
    """Return the stream of an event: one per entity; events that nothing projects have one per name."""
    if isinstance(event, Event):
        return entity_stream(tenant_number, event.kind, event.body.local_id)
    return f"{tenant_number:06d}/other/{event.metadata.event_name}"


def stream_of_ref(tenant_number: int, ref: EntityRef) -> str:
    """Return the stream that holds the history of an entity."""
    return entity_stream(tenant_number, ref.kind, ref.id)


def entity_stream(tenant_number: int, kind: str, local_id: str) -> str:
    """Compose a stream name in which numeric ids sort as numbers, after them the others."""
    plain = local_id.isascii() and local_id.isdigit() and (local_id[0] != "0" or local_id == "0")
    return f"{tenant_number:06d}/{kind}/{local_id.zfill(_ID_WIDTH) if plain else '~' + local_id}"


def tenant_number_of(stream: str) -> int:
    """Return the number of the tenant that a stream belongs to."""
    return int(stream.partition("/")[0])


def milliseconds_of(version: int) -> int:
    """Return the milliseconds since 1970 at which the event of a version happened."""
    return version >> HASH_BITS


def version_of(event_time: Micros, digest: bytes) -> int:
    """Return 42 bits of milliseconds since 1970 above 21 bits of the content digest: at most 63 bits until 2109."""
    return event_time // _MICROS_PER_MILLI << HASH_BITS | int.from_bytes(digest[:3], "big") & HASH_MASK


def next_free_version(version: int) -> int:
    """Return the version to try after a collision, staying inside the same millisecond."""
    return version & ~HASH_MASK | (version + 1) & HASH_MASK


def first_version(event_time: Micros) -> int:
    """Return the least version of the millisecond of a time."""
    return event_time // _MICROS_PER_MILLI << HASH_BITS


def last_version(as_of: Micros) -> int:
    """Return the greatest version whose millisecond is not after `as_of`; finer cuts are made when folding."""
    return ((as_of // _MICROS_PER_MILLI + 1) << HASH_BITS) - 1
