"""Names for ids, as events have told them up to a point; who was never named keeps the id."""

import sqlite3
from collections.abc import Iterable

from outcomes.domain.identity import Context, Kind
from outcomes.projections.as_of.lookups import context_number, seek
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


def course_name(connection: sqlite3.Connection, point: PointInTime, course_id: str) -> str | None:
    """Return what a course is called, if a course event has said so."""
    number = context_number(connection, point, Context("Course", course_id))
    row = connection.execute(
        f"SELECT v.name FROM members m JOIN course_versions v ON v.position = {seek(Kind.COURSE)} "
        "WHERE m.context = :context AND m.kind = 'course' ORDER BY v.event_time DESC LIMIT 1",
        {**point.bounds(), "context": number},
    ).fetchone()
    return None if row is None else row[0]
