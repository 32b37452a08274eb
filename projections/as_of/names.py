"""Names for ids, as events have told them up to a point; who was never named keeps the id."""

import sqlite3

from outcomes.projections.as_of.point import PointInTime


def student_name(connection: sqlite3.Connection, point: PointInTime, uuid: str) -> str | None:
    """Return what a student is called, if a user or enrollment event has said so."""
    row = connection.execute(
        "SELECT name FROM names WHERE tenant = :tenant AND uuid = :uuid AND event_time <= :until "
        "AND position <= :known_at ORDER BY event_time DESC, digest DESC LIMIT 1",
        {**point.bounds(), "uuid": uuid},
    ).fetchone()
    return None if row is None else row[0]
