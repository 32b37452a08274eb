"""Results at a point, gathered by course, student and outcome, with the times that put them in order."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import orjson

from outcomes.domain.event import OrderKey
from outcomes.domain.identity import Context, Kind
from outcomes.domain.mastery import ScoredResult
from outcomes.domain.times import Micros
from outcomes.projections.as_of.lookups import context_number, seek, student_uuids
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.as_of.versions import versions_of
from outcomes.projections.views.extract import RUBRIC_ASSESSMENT, WEEK

LIVE_ASSESSMENT = "LiveAssessments::Submission"


class Scope(NamedTuple):
    """Whose results are asked for; what is None is not narrowed."""

    course: str | None = None
    student: str | None = None
    outcome: str | None = None


class Pair(NamedTuple):
    """All results of one student on one outcome in one course."""

    student: str
    outcome_id: str
    results: list[ScoredResult]


def courses_of(connection: sqlite3.Connection, point: PointInTime, scope: Scope) -> list[str]:
    """Return the courses in which there ever were results that the scope asks for."""
    if scope.course is not None:
        return [scope.course]
    if scope.student is not None:
        rows = connection.execute(
            "SELECT c.id FROM students s JOIN student_courses sc USING (student) JOIN contexts c "
            "ON c.context = sc.course WHERE s.tenant = ? AND s.uuid = ? AND c.type = 'Course'",
            (point.number, scope.student),
        )
    else:
        rows = connection.execute(
            "SELECT DISTINCT c.id FROM course_weeks w JOIN contexts c ON c.context = w.course "
            "WHERE c.tenant = ? AND c.type = 'Course'",
            (point.number,),
        )
    return [row[0] for row in rows.fetchall()]


def pairs_at(connection: sqlite3.Connection, point: PointInTime, course: str, scope: Scope) -> Iterator[Pair]:
    """Yield every pair of a course that had a result up to the point: one range of the tree per week."""
    number = context_number(connection, point, Context("Course", course))
    if number is None:
        return
    student = None
    if scope.student is not None:
        student = _student_number(connection, point, scope.student)
        if student is None:
            return
    narrowed = "" if student is None else "AND v.student = :student "
    narrowed += "" if scope.outcome is None else "AND v.outcome_id = :outcome "
    rows = connection.execute(
        f"SELECT v.student, v.outcome_id, {SCORED_COLUMNS} "
        "FROM course_weeks w JOIN result_versions v ON v.week = w.week AND v.course = w.course "
        f"WHERE w.course = :course {narrowed}AND w.week <= :until / {WEEK} "
        "AND v.event_time <= :until AND v.position <= :known_at ORDER BY w.week",
        {**point.bounds(), "course": number, "student": student, "outcome": scope.outcome},
    )
    # Weeks come in order, and inside a week the versions of a result: the last one read is in force.
    pairs: dict[tuple[int, str], dict[str, tuple[Any, ...]]] = defaultdict(dict)
    for row in rows:
        pairs[row[:2]][row[2]] = row
    _leave_out_moved(connection, point, number, pairs)
    names = student_uuids(connection, {key[0] for key in pairs})
    for (student_number, outcome_id), results in pairs.items():
        if results:
            yield Pair(names[student_number], outcome_id, [scored(row[2:]) for row in results.values()])


class OrderedResults(NamedTuple):
    """What events tell of the order of some results, and who graded each."""

    results: list[ScoredResult]
    undated: list[str]
    graders: dict[str, str]


class Assessments:
    """The rubric assessments behind results: when the work was handed in, and who graded it (DOMAIN.md 2, 5.5)."""

    def __init__(self, connection: sqlite3.Connection, point: PointInTime, ids: Iterable[str]) -> None:
        self._connection = connection
        self._bounds = point.bounds()
        self._known: dict[str, tuple[Any, ...] | None] = {}
        self._look_up(dict.fromkeys(ids))

    def put_in_order(self, results: list[ScoredResult]) -> OrderedResults:
        """Return results with their times of handing in; result events themselves name neither time nor grader."""
        found, undated, graders = [], [], {}
        for result in results:
            assessment = self._of(result.artifact_id) if is_by_rubric(result) and result.artifact_id else None
            if assessment is not None:
                handed_in_at, grader_id, grader_login = assessment
                found.append(result._replace(submitted_at=handed_in_at))
                if grader_login or grader_id:
                    graders[result.id] = grader_login or grader_id
                continue
            found.append(result)
            if result.artifact_type != LIVE_ASSESSMENT:  # submitted and assessed are one moment there
                undated.append(result.id)
        return OrderedResults(found, undated, graders)

    def handed_in(self, ids: Sequence[str]) -> dict[str, Micros | None]:
        """Return when the work behind assessments was handed in, for those that events have told at all."""
        self._look_up(dict.fromkeys(ids))
        found = ((name, self._known[name]) for name in ids)
        return {name: assessment[0] for name, assessment in found if assessment is not None}

    def _of(self, assessment_id: str) -> tuple[Any, ...] | None:
        if assessment_id not in self._known:
            self._look_up({assessment_id: None})
        return self._known[assessment_id]

    def _look_up(self, ids: dict[str, None]) -> None:
        self._known.update(ids)
        rows = self._connection.execute(_ASSESSMENTS, {**self._bounds, "ids": orjson.dumps(list(ids)).decode()})
        self._known.update((row[0], row[1:]) for row in rows.fetchall())


def is_by_rubric(result: ScoredResult) -> bool:
    """Whether a rubric assessment made the result."""
    return result.artifact_type == RUBRIC_ASSESSMENT


_ASSESSMENTS = (
    "SELECT j.value, v.handed_in_at, v.grader_id, v.grader_login FROM json_each(:ids) j "
    f"JOIN assessment_versions v ON v.position = {seek(Kind.ASSESSMENT, 'j.value')}"
)


SCORED_COLUMNS = (
    "v.result_id, v.score, v.possible, v.percent, v.assessed_at, v.artifact_type, v.artifact_id, v.workflow_state"
)
"""What to select of `result_versions v` for `scored`."""


def scored(row: tuple[Any, ...]) -> ScoredResult:
    """Make a result of its columns."""
    result_id, score, possible, percent, assessed_at, artifact_type, artifact_id, state = row
    # By place, not by name: this runs for every result of a whole log.
    return ScoredResult(
        result_id, score, possible, percent, None, assessed_at, artifact_type, artifact_id, None, state or "active"
    )


def _leave_out_moved(
    connection: sqlite3.Connection,
    point: PointInTime,
    course: int,
    pairs: dict[tuple[int, str], dict[str, tuple[Any, ...]]],
) -> None:
    """Drop results that, at the point, belong to another student, outcome or course than they once did."""
    moved = connection.execute(
        "SELECT DISTINCT result_id FROM moved_results WHERE tenant = ?", (point.number,)
    ).fetchall()
    for (result_id,) in moved:
        holders = [key for key, results in pairs.items() if result_id in results]
        if not holders:
            continue
        last = versions_of(connection, point, Kind.RESULT, result_id)[-1]
        for key in holders:
            if not _is_there(connection, last.order, (course, *key, result_id)):
                del pairs[key][result_id]


def _is_there(connection: sqlite3.Connection, order: OrderKey, place: tuple[int, int, str, str]) -> bool:
    row = connection.execute(
        "SELECT 1 FROM result_versions WHERE week = ? AND course = ? AND student = ? AND outcome_id = ? "
        "AND result_id = ? AND event_time = ? AND updated_at = ? AND is_update = ? AND digest = ?",
        (order.event_time // WEEK, *place, *order),
    ).fetchone()
    return row is not None


def _student_number(connection: sqlite3.Connection, point: PointInTime, uuid: str) -> int | None:
    row = connection.execute(
        "SELECT student FROM students WHERE tenant = ? AND uuid = ?", (point.number, uuid)
    ).fetchone()
    return None if row is None else int(row[0])
