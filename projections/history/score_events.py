"""The events that a student's score of an outcome in a course may hang on: all that moved it, and some that did not."""

import sqlite3
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any, NamedTuple

from outcomes.domain.identity import Context, Kind
from outcomes.domain.times import Micros
from outcomes.projections.as_of.lookups import context_number, id_list
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.history.pair_arrivals import PairArrivals, PairKey, results_among
from outcomes.projections.history.pair_in_force import Arrival
from outcomes.projections.mastery.policy import are_scales_ever_shared
from outcomes.projections.mastery.results import number_of_student
from outcomes.projections.views.extract import NO_STUDENT
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


def pair_of(
    connection: sqlite3.Connection, point: PointInTime, course: str, student: str, outcome: str
) -> PairKey | None:
    """Return a student's results on an outcome in a course; None where none can be. Those of nobody make no score."""
    numbers = (
        context_number(connection, point, Context("Course", course)),
        number_of_student(connection, point, student),
    )
    if numbers[0] is None or numbers[1] is None or student == NO_STUDENT:
        return None
    return PairKey(numbers[0], numbers[1], outcome)


def pair_arrivals(connection: sqlite3.Connection, point: PointInTime, pair: PairKey) -> list[Arrival]:
    """Return all that came of a pair up to a point, and of the assessments behind its results."""
    read = PairArrivals(connection, point)
    found = read.of(pair)
    artifacts = {result.artifact_id for result in results_among(found)}
    return found + read.handed_in(artifact for artifact in artifacts if artifact is not None)


def score_events(
    connection: sqlite3.Connection, point: PointInTime, pair: PairKey, student: str, arrivals: Iterable[Arrival]
) -> list[ScoreEvent]:
    """Return the events up to a point, by event time: none that can have moved the score is left out.

    `arrivals` are those of the pair.
    """
    names = {"course": pair.course, "uuid": student, "outcome": pair.outcome_id}
    read = _Reader(connection, point, {**point.bounds(), **names})
    found: dict[Source, Iterable[Row]] = {
        Source.WORK: ((arrival.order.event_time, arrival.position) for arrival in arrivals),
        Source.POLICY: read.policy(),
        Source.LINK: (*read.rows(_LINKS), *read.rows(_OUTCOMES_WITH_LINKS)),
        Source.ENROLLMENT: read.enrollment(),
        Source.SETTING: read.rows(_SETTINGS),
    }
    return sorted({ScoreEvent(row[0], row[1], source) for source, rows in found.items() for row in rows})


_UP_TO = "v.tenant = :tenant AND v.event_time <= :until AND v.position <= :known_at"
_OUTCOME = f"SELECT v.event_time, v.position FROM outcome_versions v WHERE v.outcome_id = :outcome AND {_UP_TO}"
# With an outcome go its links, and they may come back with it; no event of theirs says so (DOMAIN.md 4).
_OUTCOMES_WITH_LINKS = f"{_OUTCOME} AND (v.workflow_state = 'deleted' OR v.by_import)"
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
        bounds = {**self._bounds, "ids": id_list(sorted(set(ids)))}
        return self._connection.execute(sql, bounds).fetchall()

    def policy(self) -> Iterator[Row]:
        """Yield the events of the outcome; if accounts' scales ever counted, of those and of the way up, too."""
        yield from self.rows(_OUTCOME)
        if not are_scales_ever_shared(self._connection, self._point):
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
