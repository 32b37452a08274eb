"""Why a score is what it is: each result's value and weight, and the arithmetic as a person would write it.

    explain(results, scale, calculation).steps  # (…, "0.65 × 5 + 0.35 × 2.5 = 4.125 → 4.13", …)

The score comes from `rollup` itself; this module only describes it, so the two cannot disagree.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from outcomes.domain.mastery.derivation import formula_steps, number, told_apart, value_steps, writing_for
from outcomes.domain.mastery.exclusion import exclusion_of
from outcomes.domain.mastery.formulas import weights
from outcomes.domain.mastery.methods import Calculation, Formula
from outcomes.domain.mastery.ratings import drawn
from outcomes.domain.mastery.results import ScoredResult, in_time_order
from outcomes.domain.mastery.rollups import Rollup, ValuedResult, rollup, valued_results
from outcomes.domain.mastery.scale import MasteryScale
from outcomes.domain.phrasing import listed


class Contribution(NamedTuple):
    """What one result gave to the score."""

    id: str
    value: float | None
    """Points on the scale in force; None for a result that does not count or has no value."""
    weight: float
    """Share of the unrounded score: over the used results weights sum to 1, elsewhere they are 0."""
    used: bool
    why_not: str | None
    """Why the result is not used, in words; None when it is."""


class Explanation(NamedTuple):
    """A rollup with all its results, oldest first, counted or not, and its arithmetic line by line."""

    rollup: Rollup
    contributions: tuple[Contribution, ...]
    steps: tuple[str, ...]


def explain(
    results: Iterable[ScoredResult],
    scale: MasteryScale,
    calculation: Calculation,
    *,
    include_hidden: bool = False,
) -> Explanation:
    """Compute a rollup and describe it; the arguments are those of `rollup`.

    Weight times value, summed over the contributions, is the unrounded score. DOMAIN.md 9.2, 10.6.
    """
    everything = in_time_order(results)
    rolled_up = rollup(everything, scale, calculation, include_hidden=include_hidden)
    valued = valued_results(everything, scale, calculation, include_hidden=include_hidden)
    values = {result.id: value for result, value in valued}
    shares = dict(zip(rolled_up.used, weights(calculation, len(rolled_up.used)), strict=True))

    def why_not(result: ScoredResult) -> str | None:
        if result.id in shares:
            return None
        exclusion = exclusion_of(result, include_hidden=include_hidden)
        if exclusion is not None:
            return exclusion.value
        return _why_unused(values[result.id], valued, rolled_up, scale, calculation)

    contributions = tuple(
        Contribution(
            result.id,
            values.get(result.id),
            shares.get(result.id, 0.0),
            result.id in shares,
            why_not(result),
        )
        for result in everything
    )
    return Explanation(rolled_up, contributions, _steps(valued, rolled_up, scale, calculation))


def _why_unused(
    value: float | None,
    valued: Sequence[ValuedResult],
    rolled_up: Rollup,
    scale: MasteryScale,
    calculation: Calculation,
) -> str:
    if value is None:
        return "its quiz has no value: nothing was possible, or a row lacks its percent"
    winner = listed(f"result:{used}" for used in rolled_up.used)
    is_one = len(rolled_up.used) == 1
    if calculation.formula is Formula.LATEST:
        return f"{winner} {'is' if is_one else 'are'} later"
    if calculation.formula is Formula.HIGHEST:
        if value == rolled_up.unrounded:
            return f"equal to {winner}, which {'has' if is_one else 'have'} the lower id"
        return f"{winner} {'is' if is_one else 'are'} higher"
    # Averages and decays use every value, so only n_mastery is left.
    needed = scale.mastery_points
    if value < needed:
        texts = told_apart(value, needed)
        return f"{texts[0]} is below {texts[1]} mastery points"
    reached = sum(other is not None and other >= needed for _, other in valued)
    return f"only {reached} of the {calculation.number} results needed reach mastery"


def _steps(
    valued: Sequence[ValuedResult], rolled_up: Rollup, scale: MasteryScale, calculation: Calculation
) -> tuple[str, ...]:
    if not valued:
        return ("no result counts: no score",)
    write = writing_for(rolled_up.unrounded)
    lines = value_steps(valued, scale, calculation, write)
    present = [value for _, value in valued if value is not None]
    if not present:
        return (*lines, "no result has a value: no score")
    lines += formula_steps(calculation, present, scale.mastery_points, rolled_up.unrounded, write)
    if rolled_up.score is not None:
        sign, verdict = ("≥", "mastery") if rolled_up.mastery else ("<", "not mastery")
        score, needed = told_apart(rolled_up.score, scale.mastery_points)
        lines.append(f"{score} {sign} {needed} mastery points: {verdict}")
        look = drawn(scale, rolled_up.score)
        if look is not None and look.level.is_mastery != rolled_up.mastery:
            # No contradiction between screens is left for the reader to find alone. DOMAIN.md 5.11
            points = number(look.rating.points)
            lines.append(
                f"the newer gradebook draws it as {look.level}: it goes by the {points} points of the rating "
                f"{look.rating.description!r}, not by the score"
            )
    return tuple(lines)
