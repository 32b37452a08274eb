"""The six formulas over values that come and go: at each step what `formulas.apply` says, without a pass over them all.

Sums are kept as whole numbers, so that a value taken out again leaves nothing behind; their quotient is the nearest
float, as that of `fsum` is (DOMAIN.md 5.9 i). A running decay goes on from the first value that is another.
"""

from bisect import bisect_left, insort
from typing import Final

from outcomes.domain.mastery.formulas import apply, decay_on, weighed_against
from outcomes.domain.mastery.methods import Calculation, Formula

_UNITS: Final = 1 << 1074
"""So many of the smallest float make 1: every float is a whole number of them."""
_ABSURD: Final = 1e290
"""No score is as large: sums of such may leave the floats, and `apply` says what becomes of them."""


class RunningValues:
    """Values in the order that the formula reads them; `latest` needs no more than that."""

    def __init__(self, calculation: Calculation, mastery_points: float) -> None:
        self._values: list[float] = []
        self._calculation = calculation
        self._mastery_points = mastery_points

    def insert(self, place: int, value: float) -> None:
        """Let a value stand at a place."""
        self._values.insert(place, value)

    def remove(self, place: int) -> float:
        """Let the value at a place stand no more; return it."""
        return self._values.pop(place)

    def unrounded(self) -> float | None:
        """Return the score of the values; None without any, and where n_mastery has too few at mastery."""
        return self._found() if self._values else None

    def _found(self) -> float | None:
        return apply(self._calculation, self._values, self._mastery_points)[0]


class _Highest(RunningValues):
    def __init__(self, calculation: Calculation, mastery_points: float) -> None:
        super().__init__(calculation, mastery_points)
        self._by_size: list[float] = []

    def insert(self, place: int, value: float) -> None:
        super().insert(place, value)
        insort(self._by_size, value)

    def remove(self, place: int) -> float:
        value = super().remove(place)
        del self._by_size[bisect_left(self._by_size, value)]
        return value

    def _found(self) -> float | None:
        # Of equal ones the first counts: that can only be seen of 0.0 and -0.0.
        return self._by_size[-1] or super()._found()


class _Average(RunningValues):
    def __init__(self, calculation: Calculation, mastery_points: float) -> None:
        super().__init__(calculation, mastery_points)
        self._units = 0
        self._summed = 0
        self._absurd = 0

    def insert(self, place: int, value: float) -> None:
        super().insert(place, value)
        self._add(value, 1)

    def remove(self, place: int) -> float:
        value = super().remove(place)
        self._add(value, -1)
        return value

    def _add(self, value: float, times: int) -> None:
        self._summed += times
        if abs(value) < _ABSURD:
            self._units += times * _in_units(value)
        else:
            self._absurd += times

    def _found(self) -> float | None:
        return super()._found() if self._absurd else self._units / _UNITS / self._summed


class _NMastery(_Average):
    def _add(self, value: float, times: int) -> None:
        if value >= self._mastery_points:
            super()._add(value, times)

    def _found(self) -> float | None:
        return super()._found() if self._summed >= max(self._calculation.number, 1) else None


class _LastAgainstOthers(_Average):
    def _found(self) -> float | None:
        if self._absurd or self._summed == 1:
            return super()._found()
        last = self._values[-1]
        mean_of_others = (self._units - _in_units(last)) / _UNITS / (self._summed - 1)
        return weighed_against(mean_of_others, last, self._calculation.number)


class _RunningDecay(RunningValues):
    def __init__(self, calculation: Calculation, mastery_points: float) -> None:
        super().__init__(calculation, mastery_points)
        self._reached: list[float] = []

    def insert(self, place: int, value: float) -> None:
        super().insert(place, value)
        del self._reached[place:]

    def remove(self, place: int) -> float:
        del self._reached[place:]
        return super().remove(place)

    def _found(self) -> float | None:
        decay_on(self._reached, self._values, self._calculation.number)
        return self._reached[-1]


def running_values(calculation: Calculation, mastery_points: float) -> RunningValues:
    """Return no values yet, of a formula."""
    return _BY_FORMULA.get(calculation.formula, RunningValues)(calculation, mastery_points)


_BY_FORMULA: Final[dict[Formula, type[RunningValues]]] = {
    Formula.HIGHEST: _Highest,
    Formula.AVERAGE: _Average,
    Formula.N_MASTERY: _NMastery,
    Formula.LAST_AGAINST_OTHERS: _LastAgainstOthers,
    Formula.RUNNING_DECAY: _RunningDecay,
}


def _in_units(value: float) -> int:
    numerator, denominator = value.as_integer_ratio()
    return numerator * (_UNITS // denominator)
