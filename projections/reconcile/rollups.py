"""Canvas's own rollups against ours, number by number."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from outcomes.domain.identity import Context
from outcomes.domain.mastery import ScoredResult, exclusion_of
from outcomes.domain.mastery.results import in_time_order
from outcomes.domain.mastery.rollup_causes import Cause, Known, Told, beside, cause_of
from outcomes.projections.as_of.lookups import context_number
from outcomes.projections.as_of.names import student_ids
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.mastery.policy import Policy
from outcomes.projections.mastery.query import mastery_at
from outcomes.projections.mastery.results import Assessments, Pair, Scope, pairs_at
from outcomes.projections.mastery.row import Basis, MasteryRow
from outcomes.store.sources.exports.rollups import Rollup

_EXACT = 1e-9


class RollupFinding(NamedTuple):
    """A number that differs: Canvas's, ours, and why."""

    course_id: str
    student: str
    outcome_id: str
    canvas: float | None
    ours: float | None
    cause: Cause
    why: str | None


@dataclass
class RollupBook:
    """What a comparison came to; `strangers` are numbers of users whom no event or export named here."""

    compared: int = 0
    equal: int = 0
    strangers: int = 0
    causes: Counter[Cause] = field(default_factory=Counter)
    findings: list[RollupFinding] = field(default_factory=list)

    def add(self, found: RollupFinding) -> None:
        """Count and keep a difference."""
        self.compared += 1
        self.causes[found.cause] += 1
        self.findings.append(found)


def compare_rollups(
    connection: sqlite3.Connection, point: PointInTime, rollups: Iterable[Rollup], shard: int | None
) -> RollupBook:
    """Compare all numbers of some courses; users go by the ids of a shard."""
    book = RollupBook()
    courses: dict[str, list[Rollup]] = defaultdict(list)
    for rollup in rollups:
        courses[rollup.course_id].append(rollup)
    basis = Basis.at(connection, point)
    students = student_ids(connection, point, shard)
    for course, told in courses.items():
        _compare_course(basis, course, told, students, book)
    return book


def _compare_course(basis: Basis, course: str, told: list[Rollup], students: dict[str, str], book: RollupBook) -> None:
    connection, point = basis.connection, basis.point
    if context_number(connection, point, Context("Course", course)) is None:
        book.strangers += len(told)
        return
    rows = {
        (row.student, row.outcome_id): row
        for row in mastery_at(connection, point, Scope(course=course), include_removed=True)
    }
    seen = set()
    for rollup in told:
        student = students.get(rollup.user_id)
        if student is None:
            book.strangers += 1
            continue
        if (student, rollup.outcome_id) in seen:
            continue  # Canvas lists a student once for every section
        seen.add((student, rollup.outcome_id))
        row = rows.get((student, rollup.outcome_id))
        ours = None if row is None or row.is_removed else row.score
        if _are_equal(rollup.score, ours):
            book.compared += 1
            book.equal += 1
            continue
        cause, why = _cause(basis, rollup, student, row)
        book.add(RollupFinding(course, student, rollup.outcome_id, rollup.score, ours, cause, why))
    for finding in _only_here(basis, course, rows, seen, set(students.values())):
        book.add(finding)


def _are_equal(canvas: float | None, ours: float | None) -> bool:
    if canvas is None or ours is None:
        return canvas is ours
    return abs(canvas - ours) < _EXACT


def _cause(basis: Basis, rollup: Rollup, student: str, row: MasteryRow | None) -> tuple[Cause, str | None]:
    if row is None:
        return Cause.MISSED_EVENT, "no result of it is known here"
    if row.is_removed:
        return Cause.ENROLMENT, "every known enrollment of the student in the course is deleted here"
    policy = basis.book.policy(rollup.course_id, rollup.outcome_id)
    if (other := _other_policy(rollup, policy)) is not None:
        theirs = _known(basis, rollup.course_id, student, rollup.outcome_id, _as_told(basis, rollup, policy))
        told = Told(rollup.score, rollup.counted)
        return Cause.MISSED_EVENT, other if theirs is None else beside(other, told, theirs)
    known = _known(basis, rollup.course_id, student, rollup.outcome_id, policy)
    if known is None:
        return Cause.MISSED_EVENT, "the scale or the method in force, or a link, is not known here"
    return cause_of(Told(rollup.score, rollup.counted), row.score, known)


def _known(basis: Basis, course: str, student: str, outcome: str, policy: Policy) -> Known | None:
    if policy.scale is None or policy.calculation is None or not policy.is_linked:
        return None
    pair = next(iter(pairs_at(basis.connection, basis.point, course, Scope(course, student, outcome))), None)
    results = [] if pair is None else _counted(pair)
    ordered = Assessments(basis.connection, basis.point, ()).put_in_order(results)
    return Known(in_time_order(ordered.results), policy.scale, policy.calculation, frozenset(ordered.undated))


def _counted(pair: Pair) -> list[ScoredResult]:
    return [result for result in pair.results if exclusion_of(result) is None]


def _other_policy(rollup: Rollup, policy: Policy) -> str | None:
    """Say in which part Canvas's own answer shows another policy than is known here."""
    told = rollup.method or {}
    ours = {
        "calculation_method": None if policy.calculation is None else policy.calculation.method.value,
        "mastery_points": None if policy.scale is None else policy.scale.mastery_points,
        "points_possible": None if policy.scale is None else policy.scale.points_possible,
    }
    for name, value in ours.items():
        if told.get(name) is not None and told[name] != value:
            return f"{name} is {told[name]} in Canvas and {value} here"
    return None


def _as_told(basis: Basis, rollup: Rollup, policy: Policy) -> Policy:
    """Return the policy with what Canvas's answer says of it; one with no known scale or method stays as it is."""
    told, scale = rollup.method or {}, policy.scale
    if scale is not None:
        parts = ("mastery_points", "points_possible")
        policy = policy._replace(scale=scale._replace(**{name: told[name] for name in parts if _is_number(told, name)}))
    if told.get("calculation_method") is not None:
        try:
            calculation = basis.book.calculation(told["calculation_method"], told.get("calculation_int"))
        except ValueError:
            calculation = None
        policy = policy._replace(calculation=calculation)
    return policy


def _is_number(told: dict[str, Any], name: str) -> bool:
    return isinstance(told.get(name), int | float)


def _only_here(
    basis: Basis,
    course: str,
    rows: dict[tuple[str, str], MasteryRow],
    seen: set[tuple[str, str]],
    known_students: set[str],
) -> Iterator[RollupFinding]:
    """Yield our scores for which Canvas has no number."""
    listed = {student for student, _ in seen}
    why: str | None
    for (student, outcome), row in rows.items():
        if (student, outcome) in seen or row.score is None or row.is_removed or student not in known_students:
            continue
        if student not in listed:
            cause, why = Cause.ENROLMENT, "Canvas lists the student no more in this course"
        else:
            policy = basis.book.policy(course, outcome)
            known = _known(basis, course, student, outcome, policy)
            cause, why = (
                (Cause.MISSED_EVENT, "a link is not known here")
                if known is None
                else cause_of(Told(None, 0), row.score, known)
            )
        yield RollupFinding(course, student, outcome, None, row.score, cause, why)
