"""The six formulas on bare numbers: unrounded answers, oldest value first where order matters.

DOMAIN.md 5.2 and 5.8 (RollupScore); the order of the multiplications is part of the rule (5.9 ii).
"""

from collections.abc import Sequence
from itertools import accumulate
from operator import mul
from typing import Final

from outcomes.domain.mastery.methods import Calculation, Formula
from outcomes.domain.mastery.rounding import mean

_HUNDREDTH: Final = 0.01


def last_against_others(values: Sequence[float], weight: int) -> float:
    """Weigh the last value with weight % and the mean of all the others with the rest (legacy decay)."""
    *others, last = values
    return weighed_against(mean(others), last, weight) if others else last


def weighed_against(mean_of_others: float, last: float, weight: int) -> float:
    """Weigh the last value with weight % and a known mean of all the others with the rest; there is at least one."""
    return last * (_HUNDREDTH * weight) + mean_of_others * (_HUNDREDTH * (100 - weight))


def running_decay(values: Sequence[float], weight: int) -> list[float]:
    """Give the average after each value: weight % of the new value, the rest of what was reached before."""
    reached: list[float] = []
    decay_on(reached, values, weight)
    return reached


def decay_on(reached: list[float], values: Sequence[float], weight: int) -> None:
    """Go on with a running decay: add to the averages `reached` after the first values those after each of the rest."""
    kept, added = _HUNDREDTH * (100 - weight), _HUNDREDTH * weight
    if not reached:
        reached.append(values[0])
    for value in values[len(reached) :]:
        reached.append(reached[-1] * kept + value * added)


def apply(
    calculation: Calculation, values: Sequence[float], mastery_points: float
) -> tuple[float | None, Sequence[int]]:
    """Run a calculation over at least one value.

    Gives the unrounded score and the places of the values it is made of: all of them for averages
    and decays, the winner's, or those at mastery. n_mastery below its n, or with no value at mastery
    (an n of 0 or less asks for none), gives `(None, ())`.
    """
    formula = calculation.formula
    if formula is Formula.HIGHEST or formula is Formula.LATEST:
        # `index` finds the first of equal maxima: with values in id order that is the lower id.
        place = values.index(max(values)) if formula is Formula.HIGHEST else len(values) - 1
        return values[place], (place,)
    if formula is Formula.N_MASTERY:
        at_mastery = [place for place, value in enumerate(values) if value >= mastery_points]
        if len(at_mastery) < max(calculation.number, 1):
            return None, ()
        return mean([values[place] for place in at_mastery]), at_mastery
    everyone = range(len(values))
    if formula is Formula.AVERAGE:
        return mean(values), everyone
    if formula is Formula.RUNNING_DECAY:
        return running_decay(values, calculation.number)[-1], everyone
    return last_against_others(values, calculation.number), everyone


def weights(calculation: Calculation, contributing: int) -> list[float]:
    """Give the share of each contributing value in the score, in the order of `apply`'s places; sum 1."""
    if contributing == 0:
        return []
    if calculation.formula is Formula.RUNNING_DECAY:
        kept, added = _HUNDREDTH * (100 - calculation.number), _HUNDREDTH * calculation.number
        # Multiplied step by step: a weight far out of range then ends in infinity, where a power would raise.
        powers = list(accumulate([kept] * (contributing - 1), mul, initial=1.0))[::-1]
        return [powers[0], *(added * power for power in powers[1:])]
    if calculation.formula is Formula.LAST_AGAINST_OTHERS and contributing > 1:
        others = contributing - 1
        return [_HUNDREDTH * (100 - calculation.number) / others] * others + [_HUNDREDTH * calculation.number]
    return [1.0 / contributing] * contributing
