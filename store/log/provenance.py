"""Which events of the log Canvas told, and which are observations of ours: one pass over names, no event is read."""

from collections.abc import Iterator

from outcomes.domain.times import Micros
from outcomes.store.connection import Connection
from outcomes.store.encoding.stream_keys import in_tenant, milliseconds_of

_OURS = "substr(topic, 1, 9) = 'outcomes_'"
_OBSERVED = f"{_OURS} AND topic LIKE '%\\_observed' ESCAPE '\\'"


def first_told(connection: Connection, tenant_number: int) -> Micros | None:
    """Return when the first event of a tenant happened that Canvas told, to the millisecond; None if it told none."""
    prefix = in_tenant(tenant_number, "")
    (version,) = connection.execute(
        # One pass over the rows as they lie: by the index each would be looked up on its own.
        f"SELECT min(originator_version) FROM stored_events WHERE NOT {_OURS} AND originator_id || '' >= ? "
        "AND originator_id || '' < ?",
        (prefix, prefix + "~"),
    ).fetchone()
    return None if version is None else milliseconds_of(version) * 1_000


def observed_positions(connection: Connection) -> Iterator[tuple[int]]:
    """Yield the positions of all observations."""
    return iter(connection.execute(f"SELECT position FROM stored_events WHERE {_OBSERVED}"))
