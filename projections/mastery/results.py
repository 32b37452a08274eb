"""Results at a point, gathered by course, student and outcome, with the times that put them in order."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from outcomes.domain.identity import Context, Kind
from outcomes.domain.mastery import Exclusion, ScoredResult
from outcomes.domain.times import Micros
from outcomes.projections.as_of.lookups import context_number, id_list, seek, student_uuids
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.mastery.facts import ExportFacts
from outcomes.projections.views.extract import NO_STUDENT, RUBRIC_ASSESSMENT, WEEK
from outcomes.projections.views.schema import ORDER

LIVE_ASSESSMENT = "LiveAssessments::Submission"
NEW_QUIZ_ARTIFACT = "NewQuiz"
"""The artifact type of results of New Quizzes, which reports tell and no event does."""
# What was handed in and graded at one moment.
_ALL_TIMES_ARE_ONE = frozenset({LIVE_ASSESSMENT, NEW_QUIZ_ARTIFACT})


class Scope(NamedTuple):
    """Whose results are asked for; what is None is not narrowed."""

    course: str | None = None
    student: str | None = None
    outcome: str | None = None


_Results = dict[tuple[int, str], dict[str, tuple[Any, ...]]]
"""By student and outcome, and by id: the version of each result that is in force there."""


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


def courses_by_outcome(connection: sqlite3.Connection, point: PointInTime) -> dict[str, list[str]]:
    """Return the courses with results of each outcome: one pass over all results, for all outcomes."""
    courses: dict[str, list[str]] = defaultdict(list)
    rows = connection.execute(
        "SELECT r.outcome_id, c.id FROM (SELECT DISTINCT outcome_id, course FROM result_versions) r "
        "CROSS JOIN contexts c ON c.context = r.course WHERE c.tenant = ? AND c.type = 'Course'",
        (point.number,),
    )
    for outcome, course in rows.fetchall():
        courses[outcome].append(course)
    return courses


def pairs_at(
    connection: sqlite3.Connection, point: PointInTime, course: str, scope: Scope, moved: "LastPlaces | None" = None
) -> Iterator[Pair]:
    """Yield every pair of a course that had a result up to the point: one range of the tree per week.

    Results that name no student, as in old archives, are nobody's: together they make no score (DOMAIN.md 5.1).
    Whoever asks for many courses or pairs of one point gives what is known of results that `moved` on to the next.
    """
    number = context_number(connection, point, Context("Course", course))
    if number is None:
        return
    student = None
    if scope.student is not None:
        student = number_of_student(connection, point, scope.student)
        if student is None:
            return
    narrowed = "" if student is None else "AND v.student = :student "
    narrowed += "" if scope.outcome is None else "AND v.outcome_id = :outcome "
    versions = VERSIONS_OF_OUTCOME if student is None and scope.outcome is not None else VERSIONS_IN_COURSE
    rows = connection.execute(
        f"SELECT v.student, v.outcome_id, {SCORED_COLUMNS} "
        f"{versions} WHERE w.course = :course {narrowed}AND w.week <= :until / {WEEK} AND v.student IS NOT :nobody "
        "AND v.event_time <= :until AND v.position <= :known_at ORDER BY w.week",
        {
            **point.bounds(),
            "course": number,
            "student": student,
            "outcome": scope.outcome,
            "nobody": number_of_student(connection, point, NO_STUDENT),
        },
    )
    # Weeks come in order, and inside a week the versions of a result: the last one read is in force.
    pairs: _Results = defaultdict(dict)
    for row in rows:
        pairs[row[:2]][row[2]] = row
    (moved or LastPlaces(connection, point)).leave_out(number, scope, student, pairs)
    names = student_uuids(connection, {key[0] for key in pairs})
    facts = ExportFacts(connection, point)
    for (student_number, outcome_id), results in pairs.items():
        if results:
            found = [scored(row[2:]) for row in results.values()]
            found = found if facts.is_empty else facts.applied(found)
            yield Pair(names[student_number], outcome_id, _without_superseded(found))


def _without_superseded(results: list[ScoredResult]) -> list[ScoredResult]:
    """Leave results of New Quizzes out where a rubric's result of the same assignment is known (DOMAIN.md 5.12)."""
    if all(result.artifact_type != NEW_QUIZ_ARTIFACT for result in results):
        return results
    by_rubric = {result.association for result in results if result.association is not None}
    return [
        result._replace(excluded=Exclusion.SUPERSEDED)
        if result.artifact_type == NEW_QUIZ_ARTIFACT and f"Assignment:{result.artifact_id}" in by_rubric
        else result
        for result in results
    ]


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
                found.append(result if result.is_dated else result._replace(submitted_at=handed_in_at))
                if grader_login or grader_id:
                    graders[result.id] = grader_login or grader_id
                continue
            found.append(result)
            if result.artifact_type not in _ALL_TIMES_ARE_ONE and not result.is_dated:
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
        if not ids:
            return
        self._known.update(ids)
        rows = self._connection.execute(_ASSESSMENTS, {**self._bounds, "ids": id_list(ids)})
        self._known.update((row[0], row[1:]) for row in rows.fetchall())


def is_by_rubric(result: ScoredResult) -> bool:
    """Whether a rubric assessment made the result."""
    return result.artifact_type == RUBRIC_ASSESSMENT


def rubrics_of(results: Iterable[ScoredResult]) -> Iterator[str]:
    """Yield the rubric assessments that made some of these results."""
    yield from (result.artifact_id for result in results if is_by_rubric(result) and result.artifact_id)


_ASSESSMENTS = (
    "SELECT j.value, v.handed_in_at, v.grader_id, v.grader_login FROM json_each(:ids) j "
    f"JOIN assessment_versions v ON v.position = {seek(Kind.ASSESSMENT, 'j.value')}"
)


VERSIONS_IN_COURSE = "FROM course_weeks w JOIN result_versions v ON v.week = w.week AND v.course = w.course"
VERSIONS_OF_OUTCOME = (
    "FROM course_weeks w CROSS JOIN student_courses s ON s.course = w.course CROSS JOIN result_versions v "
    "ON v.week = w.week AND v.course = w.course AND v.student = s.student AND v.outcome_id = :outcome"
)
"""Where to select versions `v` of results from, week `w` by week: of a whole course, and of one outcome in it.

Results lie by week, course and student: those of one outcome are looked for student by student, so that it does not
matter how many other outcomes a course has.
"""

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


class LastPlaces:
    """Where results that moved are at a point: course, student and outcome. Each is looked up once."""

    def __init__(self, connection: sqlite3.Connection, point: PointInTime) -> None:
        self._connection = connection
        self._bounds = point.bounds()
        self._known: dict[str, tuple[int, int, str] | None] = {}

    def of(self, result_id: str) -> tuple[int, int, str] | None:
        """Return the place of a result that moved; None if nothing was known of it."""
        if result_id not in self._known:
            self._known[result_id] = self._connection.execute(_LAST_PLACE, {**self._bounds, "id": result_id}).fetchone()
        return self._known[result_id]

    def leave_out(self, course: int, scope: Scope, student: int | None, pairs: _Results) -> None:
        """Drop from the pairs of a course those results that now belong to another student, outcome or course."""
        moved = self._ever_in(course, student, scope.outcome)
        for key, results in pairs.items() if moved else ():
            for result_id in [known for known in results if known in moved]:
                if self.of(result_id) != (course, *key):
                    del results[result_id]

    def _ever_in(self, course: int, student: int | None, outcome: str | None) -> set[str]:
        narrowed = "" if student is None else " AND student = :student"
        narrowed += "" if outcome is None else " AND outcome_id = :outcome"
        rows = self._connection.execute(
            f"SELECT result_id FROM moved_results WHERE course = :course{narrowed}",
            {"course": course, "student": student, "outcome": outcome},
        )
        return {row[0] for row in rows}


_LAST_PLACE = f"""
    SELECT v.course, v.student, v.outcome_id FROM moved_results p CROSS JOIN course_weeks w ON w.course = p.course
    CROSS JOIN result_versions v ON v.week = w.week AND v.course = p.course AND v.student = p.student
        AND v.outcome_id = p.outcome_id AND v.result_id = p.result_id
    WHERE p.tenant = :tenant AND p.result_id = :id AND v.event_time <= :until AND v.position <= :known_at
    ORDER BY {", ".join(f"v.{column} DESC" for column in ORDER)} LIMIT 1
"""


def number_of_student(connection: sqlite3.Connection, point: PointInTime, uuid: str) -> int | None:
    """Return the number of a student in the tables."""
    row = connection.execute(
        "SELECT student FROM students WHERE tenant = ? AND uuid = ?", (point.number, uuid)
    ).fetchone()
    return None if row is None else int(row[0])
