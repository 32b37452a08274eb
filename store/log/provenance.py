"""Which events of the log Canvas told, and which are observations of ours: one pass over names, no event is read."""

from collections.abc import Iterator

from outcomes.domain.times import Micros
from outcomes.store.connection import Connection
from outcomes.store.encoding.stream_keys import in_tenant, milliseconds_of

_OURS = "substr(topic, 1, 9) = 'outcomes_'"
# One pass over the rows as they lie: by the index each would be looked up on its own.
_TOLD = f"NOT {_OURS} AND originator_id || '' >= ? AND originator_id || '' < ?"
_OBSERVED = f"{_OURS} AND topic LIKE '%\\_observed' ESCAPE '\\'"


def first_told(connection: Connection, tenant_number: int) -> Micros | None:
    """Return when the first event of a tenant happened that Canvas told, to the millisecond; None if it told none."""
    (version,) = connection.execute(
        f"SELECT min(originator_version) FROM stored_events WHERE {_TOLD}", _streams_of(tenant_number)
    ).fetchone()
    return None if version is None else milliseconds_of(version) * 1_000


def told_positions(connection: Connection, tenant_number: int, after: int, limit: int) -> list[int]:
    """Return the positions of the next events of a tenant that Canvas told, in their order."""
    sql = f"SELECT position FROM stored_events WHERE {_TOLD} AND position > ? ORDER BY position LIMIT ?"
    return [position for (position,) in connection.execute(sql, (*_streams_of(tenant_number), after, limit))]


def _streams_of(tenant_number: int) -> tuple[str, str]:
    prefix = in_tenant(tenant_number, "")
    return prefix, prefix + "~"


def observed_positions(connection: Connection) -> Iterator[tuple[int]]:
    """Yield the positions of all observations."""
    return iter(connection.execute(f"SELECT position FROM stored_events WHERE {_OBSERVED}"))
