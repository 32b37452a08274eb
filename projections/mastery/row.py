"""One row of mastery from all results of its pair: the reference for every other way to compute it."""

from collections.abc import Callable
from math import isfinite
from typing import Any, NamedTuple

from outcomes.domain.identity import id_sort_key
from outcomes.domain.mastery import Rollup, ScoredResult, exclusion_of, quiz_gaps, rating_of, rollup_counted
from outcomes.domain.times import Micros, to_text
from outcomes.projections.mastery.policy import Policy, PolicyBook
from outcomes.projections.mastery.results import Assessments, Pair

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


def row_of(
    assessments: Assessments, book: PolicyBook, course: str, pair: Pair, override: Override | None = None
) -> MasteryRow:
    """Compute one row from all results of its pair."""
    student, outcome_id, results = pair
    policy = book.policy(course, outcome_id)
    if override is not None:
        policy = override(policy)
    scale, calculation = policy.scale, policy.calculation
    counted = [result for result in results if exclusion_of(result) is None] if policy.is_linked else []
    notes, order = notes_of(policy), "exact"
    if calculation is not None and calculation.in_time_order and len(counted) > 1:
        told = assessments.put_in_order(counted)
        counted = told.results
        if told.undated:
            order = "approximate"
    if calculation is not None and calculation.joins_quiz_rows:
        notes = (*notes, *quiz_gaps(counted))
    if policy.is_linked and not counted:
        notes = (*notes, NO_RESULT_COUNTS)
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
