"""Names for ids, as events have told them up to a point; who was never named keeps the id."""

import sqlite3
from collections import defaultdict

from outcomes.domain.identity import SHARD, Kind, local_id
from outcomes.projections.as_of.lookups import id_list, seek
from outcomes.projections.as_of.point import PointInTime

# By the index of times: the least of a tenant's ids would be looked for through those of all.
_NEWEST_AND_OLDEST = " UNION ALL ".join(
    f"SELECT assignment_id FROM (SELECT assignment_id FROM assignment_versions WHERE tenant = :tenant "
    f"ORDER BY event_time{order} LIMIT 1)"
    for order in ("", " DESC")
)


def student_name(connection: sqlite3.Connection, point: PointInTime, uuid: str) -> str | None:
    """Return what a student is called, if a user or enrollment event has said so."""
    row = connection.execute(
        "SELECT name FROM names WHERE tenant = :tenant AND uuid = :uuid AND event_time <= :until "
        "AND position <= :known_at ORDER BY event_time DESC, digest DESC LIMIT 1",
        {**point.bounds(), "uuid": uuid},
    ).fetchone()
    return None if row is None else row[0]


def assignment_title(connection: sqlite3.Connection, point: PointInTime, assignment: str) -> str | None:
    """Return what an assignment is called, by its local id, if its own events have said so.

    They name it by its global id, whose shard is that of the tenant's other assignments (DOMAIN.md 1.10).
    """
    ends = connection.execute(_NEWEST_AND_OLDEST, {"tenant": point.number}).fetchall()
    shards = {int(end) // SHARD for (end,) in ends if end.isascii() and end.isdigit()}
    is_number = assignment.isascii() and assignment.isdigit()
    ids = [assignment, *(str(shard * SHARD + int(assignment)) for shard in shards if is_number)]
    row = connection.execute(
        "SELECT v.title FROM json_each(:ids) j "
        f"JOIN assignment_versions v ON v.position = {seek(Kind.ASSIGNMENT, 'j.value')} WHERE v.title IS NOT NULL",
        {**point.bounds(), "ids": id_list(ids)},
    ).fetchone()
    return None if row is None else str(row[0])


def student_ids(connection: sqlite3.Connection, point: PointInTime, shard: int | None = None) -> dict[str, str]:
    """Return the uuids of users by id, as users and enrollments told them: as it was told, and local.

    Local ids are those of a shard, since those of another are of other people; where the shard is not known, a local id
    that two people have names nobody.
    """
    rows = connection.execute(
        "SELECT user_id, uuid FROM user_versions WHERE tenant = :tenant AND uuid IS NOT NULL "
        "UNION SELECT user_id, user_uuid FROM enrollment_versions WHERE tenant = :tenant "
        "AND user_id IS NOT NULL AND user_uuid IS NOT NULL",
        point.bounds(),
    )
    told: dict[str, str] = dict(rows.fetchall())
    owners: dict[str, set[str]] = defaultdict(set)
    for user_id, uuid in told.items():
        if shard is None or _shard_of(user_id) in {0, shard}:
            owners[local_id(user_id)].add(uuid)
    return {**told, **{number: uuid for number, (uuid, *others) in owners.items() if not others}}


def _shard_of(user_id: str) -> int:
    return int(user_id) // SHARD if user_id.isascii() and user_id.isdigit() else 0


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
