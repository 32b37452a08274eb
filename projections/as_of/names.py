"""Names for ids, as events have told them up to a point; who was never named keeps the id."""

import sqlite3

from outcomes.domain.identity import local_id
from outcomes.projections.as_of.point import PointInTime


def student_name(connection: sqlite3.Connection, point: PointInTime, uuid: str) -> str | None:
    """Return what a student is called, if a user or enrollment event has said so."""
    row = connection.execute(
        "SELECT name FROM names WHERE tenant = :tenant AND uuid = :uuid AND event_time <= :until "
        "AND position <= :known_at ORDER BY event_time DESC, digest DESC LIMIT 1",
        {**point.bounds(), "uuid": uuid},
    ).fetchone()
    return None if row is None else row[0]


def student_ids(connection: sqlite3.Connection, point: PointInTime) -> dict[str, str]:
    """Return the uuids of users by their local ids, as users and enrollments told them."""
    rows = connection.execute(
        "SELECT user_id, uuid FROM user_versions WHERE tenant = :tenant AND uuid IS NOT NULL "
        "UNION SELECT user_id, user_uuid FROM enrollment_versions WHERE tenant = :tenant "
        "AND user_id IS NOT NULL AND user_uuid IS NOT NULL",
        point.bounds(),
    )
    return {local_id(user_id): uuid for user_id, uuid in rows.fetchall()}


def students(connection: sqlite3.Connection, point: PointInTime) -> list[tuple[str, str | None]]:
    """Return those who have results, each with the last name that was told; by name, those without one last."""
    told = connection.execute(
        "SELECT s.uuid, n.name FROM students s LEFT JOIN names n ON n.tenant = s.tenant AND n.uuid = s.uuid "
        "AND n.event_time <= :until AND n.position <= :known_at WHERE s.tenant = :tenant AND s.uuid <> '' "
        "ORDER BY n.event_time, n.digest",
        point.bounds(),
    )
    found: dict[str, str | None] = dict(told.fetchall())
    return sorted(found.items(), key=lambda one: (one[1] is None, (one[1] or "").casefold(), one[0]))
