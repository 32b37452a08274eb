"""The rollup: one score for one student on one outcome in one course, from the results that count.

    rollup(results, scale, calculation).score

It is the only function that makes a score: `explanation` asks it too. It builds no text and no
models, so that a class or a million results can be rolled up on read. DOMAIN.md 5.1, 5.8 (RollupScore).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter

from outcomes.domain.mastery.exclusion import exclusion_of
from outcomes.domain.mastery.formulas import apply
from outcomes.domain.mastery.methods import Calculation, Formula
from outcomes.domain.mastery.results import ScoredResult, by_id, by_time, values_of
from outcomes.domain.mastery.rounding import round2
from outcomes.domain.mastery.scale import MasteryScale

_id_of = attrgetter("id")
_hides_points = attrgetter("hide_points")


@dataclass(frozen=True, slots=True)
class Rollup:
    """What the results of one student on one outcome come to. All points are on the scale in force."""

    score: float | None
    """Rounded to 2 decimals. None is "not assessed", which is not 0."""
    unrounded: float | None
    count: int
    """Results with a score that entered the rollup."""
    used: tuple[str, ...]
    """Ids of the results the score is made of, in the order the formula reads them."""
    mastery: bool | None
    """Whether the *rounded* score reaches the mastery points; None without a score."""
    hide_points: bool | None
    """Whether every result the score is made of hides its points; None without a score."""


ValuedResult = tuple[ScoredResult, float | None]
"""A result that counts, and its value on the scale; None when its classic quiz has no value."""


def valued_results(
    results: Iterable[ScoredResult],
    scale: MasteryScale,
    calculation: Calculation,
    *,
    include_hidden: bool = False,
) -> list[ValuedResult]:
    """Give the results that count with their values, in the order the formula reads them.

    The order of `results` does not matter: oldest first where time matters, else by id. DOMAIN.md 5.3-5.5.
    """
    counted = [result for result in results if exclusion_of(result, include_hidden=include_hidden) is None]
    return _valued(counted, scale, calculation)


def _valued(counted: list[ScoredResult], scale: MasteryScale, calculation: Calculation) -> list[ValuedResult]:
    if len(counted) > 1:
        # By id first: quiz sums are made in this order, and it is what a tie in time falls back on.
        counted = sorted(counted, key=by_id)
    values = values_of(counted, scale.base, join_quiz_rows=calculation.joins_quiz_rows)
    valued = list(zip(counted, values, strict=True))
    if calculation.in_time_order and len(counted) > 1:
        valued.sort(key=_by_time)
    return valued


def rollup(
    results: Iterable[ScoredResult],
    scale: MasteryScale,
    calculation: Calculation,
    *,
    include_hidden: bool = False,
) -> Rollup:
    """Compute the score of one student on one outcome from all results there are.

    Results that do not count are left out here, so pass them all. The score is None when nothing
    counts and when n_mastery has too few results at mastery. DOMAIN.md 5.8 (RollupScore).
    """
    counted = [result for result in results if exclusion_of(result, include_hidden=include_hidden) is None]
    return rollup_counted(counted, scale, calculation)


def rollup_counted(counted: list[ScoredResult], scale: MasteryScale, calculation: Calculation) -> Rollup:
    """Compute the score from results that are known to count."""
    if len(counted) == 1 and calculation.formula is not Formula.N_MASTERY:
        return _rollup_one(counted[0], scale, calculation)
    valued = _valued(counted, scale, calculation)
    present = [(result, value) for result, value in valued if value is not None]
    if not present:
        return Rollup(None, None, len(counted), (), None, None)
    unrounded, places = apply(calculation, [value for _, value in present], scale.mastery_points)
    if unrounded is None:
        return Rollup(None, None, len(counted), (), None, None)
    score = round2(unrounded)
    used = [present[place][0] for place in places]
    return Rollup(
        score,
        unrounded,
        len(counted),
        tuple(map(_id_of, used)),
        score >= scale.mastery_points,
        all(map(_hides_points, used)),
    )


def _rollup_one(result: ScoredResult, scale: MasteryScale, calculation: Calculation) -> Rollup:
    """Give the score of a single result: every formula but n_mastery is then its value (DOMAIN.md 5.8)."""
    (value,) = values_of((result,), scale.base, join_quiz_rows=calculation.joins_quiz_rows)
    if value is None:
        return Rollup(None, None, 1, (), None, None)
    score = round2(value)
    return Rollup(score, value, 1, (result.id,), score >= scale.mastery_points, result.hide_points)


def _by_time(valued: ValuedResult) -> int:
    return by_time(valued[0])
