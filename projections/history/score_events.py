"""The events that a student's score of an outcome in a course may hang on: all that moved it, and some that did not."""

import sqlite3
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any, NamedTuple

import orjson

from outcomes.domain.identity import Context, Kind
from outcomes.domain.times import Micros
from outcomes.projections.as_of.lookups import context_number
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.as_of.versions import versions_of
from outcomes.projections.mastery.policy import ACCOUNT_SCALES
from outcomes.projections.views.extract import WEEK
from outcomes.projections.views.schema import ID_COLUMNS, VERSION_TABLES


class Source(StrEnum):
    """What of a score an event is about."""

    WORK = "work"
    POLICY = "policy"
    LINK = "link"
    ENROLLMENT = "enrollment"
    SETTING = "setting"


class ScoreEvent(NamedTuple):
    """An event that may have moved the score."""

    event_time: Micros
    position: int
    source: Source


def score_events(
    connection: sqlite3.Connection, point: PointInTime, course: str, student: str, outcome: str
) -> list[ScoreEvent]:
    """Return the events up to a point, by event time: none that can have moved the score is left out."""
    names = {
        "course": context_number(connection, point, Context("Course", course)),
        "student": _student_number(connection, point, student),
        "uuid": student,
        "outcome": outcome,
    }
    if names["course"] is None or names["student"] is None:
        return []  # no result, no score
    read = _Reader(connection, point, {**point.bounds(), **names})
    found = {
        Source.WORK: read.work(),
        Source.POLICY: read.policy(),
        Source.LINK: read.rows(_LINKS),
        Source.ENROLLMENT: read.enrollment(),
        Source.SETTING: read.rows(_SETTINGS),
    }
    return sorted({ScoreEvent(row[0], row[1], source) for source, rows in found.items() for row in rows})


_UP_TO = "v.tenant = :tenant AND v.event_time <= :until AND v.position <= :known_at"
_WORK = (
    "SELECT v.event_time, v.position, v.artifact_id, v.result_id FROM course_weeks w "
    "JOIN result_versions v ON v.week = w.week AND v.course = w.course "
    f"WHERE w.course = :course AND w.week <= :until / {WEEK} AND v.student = :student AND v.outcome_id = :outcome "
    "AND v.event_time <= :until AND v.position <= :known_at"
)
_MOVED = (
    "SELECT result_id FROM moved_results "
    "WHERE tenant = :tenant AND course = :course AND student = :student AND outcome_id = :outcome"
)
_ASSESSMENTS = (
    "SELECT v.event_time, v.position FROM json_each(:ids) j "
    f"CROSS JOIN assessment_versions v ON v.assessment_id = j.value WHERE {_UP_TO}"
)
# What exports told of the results, and of the alignments that they count by.
_DETAILS = (
    "SELECT v.event_time, v.position FROM json_each(:ids) j "
    f"CROSS JOIN result_detail_versions v ON v.result_detail_id = j.value WHERE {_UP_TO}"
)
_ALIGNMENTS = (
    "SELECT v.event_time, v.position FROM json_each(:ids) j "
    "CROSS JOIN result_detail_versions d ON d.result_detail_id = j.value "
    f"CROSS JOIN alignment_versions v ON v.alignment_id = d.alignment_id WHERE d.tenant = :tenant AND {_UP_TO}"
)
_OUTCOME = f"SELECT v.event_time, v.position FROM outcome_versions v WHERE v.outcome_id = :outcome AND {_UP_TO}"
_LINKS = (
    f"SELECT v.event_time, v.position FROM link_versions v WHERE {_UP_TO} AND v.link_id IN (SELECT link_id "
    "FROM link_versions WHERE tenant = :tenant AND outcome_id = :outcome AND +context = :course)"
)
_SETTINGS = f"SELECT v.event_time, v.position FROM setting_versions v WHERE {_UP_TO}"
_ABOVE = (
    "WITH RECURSIVE above (context) AS (SELECT :course UNION "
    "SELECT p.parent FROM above a CROSS JOIN placements p ON p.context = a.context) "
)
# Every request tells where its context hangs: that is news only where it says otherwise than the one before.
_PLACES = (
    f"{_ABOVE} SELECT event_time, position FROM (SELECT p.event_time, p.position, p.parent, "
    "lag(p.parent) OVER (PARTITION BY p.context ORDER BY p.event_time, p.digest) AS parent_before "
    "FROM above a CROSS JOIN placements p ON p.context = a.context "
    "WHERE p.event_time <= :until AND p.position <= :known_at) WHERE parent IS NOT parent_before"
)
# Older enrollments name only the user's id; whose it is, users tell.
_ENROLLMENTS = (
    "SELECT v.event_time, v.position, v.user_id, v.user_uuid FROM enrollment_versions v "
    f"WHERE {_UP_TO} AND v.enrollment_id IN (SELECT e.enrollment_id FROM course_enrollments e "
    "JOIN enrollment_versions o ON o.enrollment_id = e.enrollment_id AND o.tenant = :tenant "
    "WHERE e.course = :course AND e.user_uuid IN (:uuid, '') AND (o.user_uuid = :uuid OR o.user_id IN "
    "(SELECT user_id FROM user_versions WHERE tenant = :tenant AND uuid = :uuid)))"
)
_USERS = (
    "SELECT v.event_time, v.position FROM json_each(:ids) j "
    f"CROSS JOIN user_versions v ON v.user_id = j.value WHERE {_UP_TO}"
)

Row = tuple[Any, ...]


class _Reader:
    def __init__(self, connection: sqlite3.Connection, point: PointInTime, bounds: dict[str, Any]) -> None:
        self._connection = connection
        self._point = point
        self._bounds = bounds

    def rows(self, sql: str, ids: Iterable[str] = ()) -> list[Row]:
        bounds = {**self._bounds, "ids": orjson.dumps(sorted(set(ids))).decode()}
        return self._connection.execute(sql, bounds).fetchall()

    def work(self) -> Iterator[Row]:
        """Yield the events of the results, wherever they were at the time, and of the assessments behind them."""
        results = self.rows(_WORK)
        yield from (row[:2] for row in results)
        for (result_id,) in self.rows(_MOVED):
            for version in versions_of(self._connection, self._point, Kind.RESULT, result_id):
                yield version.order.event_time, version.position
        yield from self.rows(_ASSESSMENTS, (row[2] for row in results if row[2] is not None))
        ids = {row[3] for row in results}
        yield from self.rows(_DETAILS, ids)
        yield from self.rows(_ALIGNMENTS, ids)

    def policy(self) -> Iterator[Row]:
        """Yield the events of the outcome; if accounts' scales ever counted, of those and of the way up, too."""
        yield from self.rows(_OUTCOME)
        is_shared = self._connection.execute(
            "SELECT 1 FROM setting_versions WHERE tenant = ? AND setting_id = ? AND value = 1 LIMIT 1",
            (self._point.number, ACCOUNT_SCALES),
        ).fetchone()
        if is_shared is None:
            return
        yield from self.rows(_PLACES)
        for kind in (Kind.PROFICIENCY, Kind.CALCULATION_METHOD):
            yield from self.rows(
                f"{_ABOVE} SELECT DISTINCT v.event_time, v.position FROM above a JOIN members m USING (context) "
                f"JOIN {VERSION_TABLES[kind]} v ON v.{ID_COLUMNS[kind]} = m.id "
                f"WHERE m.kind = '{kind.value}' AND {_UP_TO}"
            )

    def enrollment(self) -> Iterator[Row]:
        """Yield the events of the student's enrollments in the course, and of the users that they name."""
        found = self.rows(_ENROLLMENTS)
        yield from (row[:2] for row in found)
        yield from self.rows(_USERS, (row[2] for row in found if row[3] is None and row[2] is not None))


def _student_number(connection: sqlite3.Connection, point: PointInTime, uuid: str) -> int | None:
    row = connection.execute(
        "SELECT student FROM students WHERE tenant = ? AND uuid = ?", (point.number, uuid)
    ).fetchone()
    return None if row is None else int(row[0])
