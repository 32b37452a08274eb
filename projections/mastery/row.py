"""One row of mastery from all results of its pair: the reference for every other way to compute it."""

import sqlite3
from collections.abc import Callable
from math import isfinite
from typing import Any, NamedTuple, Self

from outcomes.domain.identity import id_sort_key
from outcomes.domain.mastery import (
    EnrollmentState,
    Rollup,
    ScoredResult,
    exclusion_of,
    quiz_gaps,
    rating_of,
    rollup_counted,
)
from outcomes.domain.phrasing import numbered
from outcomes.domain.times import Micros, to_text
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.mastery.membership import ENROLLMENT_NOTES, Memberships
from outcomes.projections.mastery.policy import Policy, PolicyBook
from outcomes.projections.mastery.results import Assessments, LastPlaces, Pair

Override = Callable[[Policy], Policy]
"""Another policy in place of the one in force: the "what if"."""

NO_RESULT_COUNTS = "no result counts: all are deleted or without a score"
UNPOSTED = "not posted yet: the student does not see the grade of"

TOO_LARGE = "no score can be told: the numbers of the results are too large to add up"


class Basis(NamedTuple):
    """What the rows of one question are made from: policies may be those of another moment than the results."""

    connection: sqlite3.Connection
    point: PointInTime
    book: PolicyBook
    members: Memberships
    override: Override | None = None
    alone: bool = False
    """Whether only one student of each course is asked for."""
    moved: LastPlaces | None = None
    """Where results are that moved, kept from one course or pair to the next."""

    @classmethod
    def at(cls, connection: sqlite3.Connection, point: PointInTime, *, alone: bool = False) -> Self:
        """Return the basis of a plain question: everything is of one point."""
        return cls(connection, point, PolicyBook(connection, point), Memberships(connection, point), None, alone)


class MasteryRow(NamedTuple):
    """One number per course, student and outcome. `score` None means not assessed, never 0."""

    course_id: str
    student: str
    outcome_id: str
    outcome_title: str | None
    score: float | None
    mastered: bool | None
    rating: str | None
    mastery_points: float | None
    points_possible: float | None
    calculation_method: str | None
    calculation_int: int | None
    scale_source: str
    method_source: str
    results_counted: int
    results_used: int
    last_assessed_at: Micros | None
    order: str
    notes: tuple[str, ...]
    enrollment: str

    def as_json(self) -> dict[str, Any]:
        """Return the contract's ROW; method_source is ours."""
        last = None if self.last_assessed_at is None else to_text(self.last_assessed_at)
        return {**self._asdict(), "last_assessed_at": last, "notes": list(self.notes)}

    @property
    def is_removed(self) -> bool:
        """Whether every known enrollment of the student in the course is deleted: Canvas has no such row."""
        return self.enrollment == EnrollmentState.DELETED

    @property
    def sort_key(self) -> tuple[Any, ...]:
        """By course, student, outcome; ids as numbers."""
        return (id_sort_key(self.course_id), self.student, id_sort_key(self.outcome_id))


def row_of(basis: Basis, assessments: Assessments, course: str, pair: Pair) -> MasteryRow:
    """Compute one row from all results of its pair, and what is known of its student in the course."""
    student, outcome_id, results = pair
    policy = basis.book.policy(course, outcome_id)
    if basis.override is not None:
        policy = basis.override(policy)
    enrollment = basis.members.state(course, student, alone=basis.alone)
    scale, calculation = policy.scale, policy.calculation
    counted = [result for result in results if exclusion_of(result) is None] if policy.is_linked else []
    notes, order = notes_of(policy), "exact"
    if calculation is not None and calculation.in_time_order and len(counted) > 1:
        told = assessments.put_in_order(counted)
        counted = told.results
        if told.undated:
            order = "approximate"
    if notes_on_enrollment := ENROLLMENT_NOTES[enrollment]:
        notes = (*notes, *notes_on_enrollment)
    if calculation is not None and calculation.joins_quiz_rows:
        notes = (*notes, *quiz_gaps(counted))
    if policy.is_linked and not counted:
        notes = (*notes, NO_RESULT_COUNTS)
    if unposted := [result.id for result in counted if result.is_posted is False]:
        notes = (*notes, f"{UNPOSTED} {numbered('result', unposted)}")
    found = rollup_counted(counted, scale, calculation) if counted and scale and calculation else NO_ROLLUP
    if found.score is not None and not isfinite(found.score):
        notes, found = (*notes, TOO_LARGE), NO_ROLLUP
    rating = None if scale is None else rating_of(scale, found.score)
    # By place, not by name: this is made for every pair of a whole log.
    return MasteryRow(
        course,
        student,
        outcome_id,
        policy.title,
        found.score,
        found.mastery,
        None if rating is None else rating.description,
        None if scale is None else scale.mastery_points,
        None if scale is None else scale.points_possible,
        None if calculation is None else calculation.method.value,
        None if calculation is None else calculation.calculation_int,
        policy.scale_source,
        policy.method_source,
        len(counted),
        len(found.used),
        _last_assessed(counted),
        order,
        notes,
        enrollment.value,
    )


def notes_of(policy: Policy) -> tuple[str, ...]:
    """Return what is to be said of every row under a policy, whatever its results are."""
    calculation = policy.calculation
    missed = None if calculation is None else calculation.range_missed
    if calculation is None or missed is None:
        return policy.notes
    number, method = calculation.number, calculation.method.value
    accepted = f"Canvas accepts for {method} ({missed.lowest} to {missed.highest})"
    return (*policy.notes, f"calculation_int {number} is outside what {accepted}: followed as it stands")


def _last_assessed(counted: list[ScoredResult]) -> Micros | None:
    times = [result.assessed_at for result in counted if result.assessed_at is not None]
    return max(times) if times else None


NO_ROLLUP = Rollup(None, None, 0, (), None, None)
