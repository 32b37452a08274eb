"""Each student's mastery of each outcome in each course at a point: the contract's ROW, computed on read.

The kept table and every past answer come from this one function, so they cannot differ.
"""

import sqlite3
from collections.abc import Callable, Iterator
from math import isfinite
from typing import Any, NamedTuple

from domain.identity import id_sort_key
from domain.mastery import Calculation, MasteryScale, Rollup, ScoredResult, exclusion_of, rating_of, rollup
from domain.times import Micros, to_text
from projections.point import Point
from projections.policy import Policy, PolicyBook
from projections.scores import Scope, courses_of, in_told_order, pairs_at

Override = Callable[[Policy], Policy]
"""Another policy in place of the one in force: the "what if"."""

NO_RESULT_COUNTS = "no result counts: all are deleted or without a score"

TOO_LARGE = "no score can be told: the numbers of the results are too large to add up"


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

    def as_json(self) -> dict[str, Any]:
        """Return the contract's ROW; method_source is ours."""
        last = None if self.last_assessed_at is None else to_text(self.last_assessed_at)
        return {**self._asdict(), "last_assessed_at": last, "notes": list(self.notes)}

    @property
    def sort_key(self) -> tuple[Any, ...]:
        """By course, student, outcome; ids as numbers."""
        return (id_sort_key(self.course_id), self.student, id_sort_key(self.outcome_id))


def mastery_at(
    connection: sqlite3.Connection,
    point: Point,
    scope: Scope,
    *,
    override: Override | None = None,
    policy_point: Point | None = None,
) -> Iterator[MasteryRow]:
    """Yield the rows of a scope, course by course, each course sorted.

    With `policy_point` the policies are those of another moment than the results: how many would flip by an edit
    alone.
    """
    book = PolicyBook(connection, policy_point or point)
    for course in sorted(courses_of(connection, point, scope), key=id_sort_key):
        rows = [
            row_of(connection, point, book, course, pair.student, pair.outcome_id, pair.results, override)
            for pair in pairs_at(connection, point, course, scope)
        ]
        yield from sorted(rows, key=lambda row: row.sort_key)


def row_of(
    connection: sqlite3.Connection,
    point: Point,
    book: PolicyBook,
    course: str,
    student: str,
    outcome_id: str,
    results: list[ScoredResult],
    override: Override | None = None,
) -> MasteryRow:
    """Compute one row from all results of its pair."""
    policy = book.policy(course, outcome_id)
    if override is not None:
        policy = override(policy)
    counted = [result for result in results if exclusion_of(result) is None] if policy.is_linked else []
    notes = list(policy.notes)
    order = "exact"
    if policy.calculation is not None and policy.calculation.in_time_order and len(counted) > 1:
        told = in_told_order(connection, point, counted)
        counted = told.results
        if told.untold:
            order = "approximate"
    if policy.is_linked and not counted:
        notes.append(NO_RESULT_COUNTS)
    found = _rollup(counted, policy)
    if found is not None and found.score is not None and not isfinite(found.score):
        notes.append(TOO_LARGE)
        found = None
    return MasteryRow(
        course_id=course,
        student=student,
        outcome_id=outcome_id,
        outcome_title=policy.title,
        score=found.score if found else None,
        mastered=found.mastery if found else None,
        rating=_rating(policy.scale, found),
        mastery_points=policy.scale.mastery_points if policy.scale else None,
        points_possible=policy.scale.points_possible if policy.scale else None,
        calculation_method=policy.calculation.method.value if policy.calculation else None,
        calculation_int=_shown_int(policy.calculation),
        scale_source=policy.scale_source,
        method_source=policy.method_source,
        results_counted=len(counted),
        results_used=len(found.used) if found else 0,
        last_assessed_at=max((r.assessed_at for r in counted if r.assessed_at is not None), default=None),
        order=order,
        notes=tuple(notes),
    )


def _rollup(counted: list[ScoredResult], policy: Policy) -> Rollup | None:
    if policy.scale is None or policy.calculation is None or not counted:
        return None
    return rollup(counted, policy.scale, policy.calculation)


def _rating(scale: MasteryScale | None, found: Rollup | None) -> str | None:
    if scale is None or found is None:
        return None
    reached = rating_of(scale, found.score)
    return None if reached is None else reached.description


def _shown_int(calculation: Calculation | None) -> int | None:
    return None if calculation is None else calculation.calculation_int
