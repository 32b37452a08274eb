"""Names for ids, as events have told them up to a point; who was never named keeps the id."""

import sqlite3
from collections.abc import Iterable

from outcomes.projections.as_of.point import PointInTime


def student_names(connection: sqlite3.Connection, point: PointInTime, uuids: Iterable[str]) -> dict[str, str]:
    """Return the names of those students that a user or enrollment event has named."""
    found = {}
    for uuid in set(uuids):
        row = connection.execute(
            "SELECT name FROM names WHERE tenant = :tenant AND uuid = :uuid AND event_time <= :until "
            "AND position <= :known_at ORDER BY event_time DESC, digest DESC LIMIT 1",
            {**point.bounds(), "uuid": uuid},
        ).fetchone()
        if row is not None:
            found[uuid] = row[0]
    return found
