"""The rollup's arithmetic over many pairs at once, equal to `domain.mastery` in every bit.

A pair's values lie side by side in one array; `sizes` says how many each has. Every loop here runs over the k-th value
of all pairs but the longest, so the additions and multiplications of one pair are those of `domain.mastery.formulas`,
in its order.
"""

from collections.abc import Iterator
from functools import reduce
from math import fsum
from operator import add
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_Scalar = TypeVar("_Scalar", bound=np.generic)

_HALF = 0.5
_LONG = 64


class Sums(NamedTuple):
    """Sums of many pairs. Where `exact` is False the rounded sum is not certain: ask `math.fsum`."""

    values: Floats
    exact: Bools


def starts_of(sizes: Ints) -> Ints:
    """Return where each pair's values begin."""
    return np.cumsum(sizes) - sizes


def round2(values: Floats) -> Floats:
    """Round values of at least 0 and below 2**59, or nan, to 2 decimals as `domain.mastery.rounding` does."""
    scaled = values * 100.0
    nearest = np.floor(scaled)
    nearest += scaled - nearest >= _HALF
    nearest += (nearest + _HALF) / 100.0 <= values
    return nearest / 100.0


def exact_sums(values: Floats, sizes: Ints) -> Sums:
    """Add up each pair's values as `math.fsum` does: the exact sum, rounded once.

    Knuth's two-sum gives the rounding error of each addition; the errors are added up, too. As long as *their* sum is
    exact, total plus errors is the exact sum in two parts, and adding the parts rounds it once.
    """
    total, errors = np.zeros(len(sizes)), np.zeros(len(sizes))
    exact = np.ones(len(sizes), dtype=bool)
    for here, value in _steps(values, sizes):
        total[here], error = _two_sum(total[here], value)
        errors[here], lost = _two_sum(errors[here], error)
        exact[here] &= lost == 0
    order = _shortest_last(sizes)
    sums = _put_back(total + errors, order)
    for place, found in _long_ones(values, sizes):
        sums[place] = fsum(found)
    return Sums(sums, _put_back(exact, order))


def plain_sums(values: Floats, sizes: Ints) -> Floats:
    """Add up each pair's values from left to right, as Canvas does for the rows of one quiz."""
    total = np.zeros(len(sizes))
    for here, value in _steps(values, sizes):
        total[here] += value
    sums = _put_back(total, _shortest_last(sizes))
    for place, found in _long_ones(values, sizes):
        sums[place] = reduce(add, found, 0.0)
    return sums


def running_decays(values: Floats, sizes: Ints, kept: Floats, added: Floats) -> Floats:
    """Return each pair's running decay after its last value; every pair has at least one."""
    order = _shortest_last(sizes)
    reached = values[starts_of(sizes)[order]]
    for here, value in _steps(values, sizes, first=1):
        reached[here] = reached[here] * kept[order[here]] + value * added[order[here]]
    decays = _put_back(reached, order)
    for place, found in _long_ones(values, sizes):
        decays[place] = _decay(found, float(kept[place]), float(added[place]))
    return decays


def _decay(values: list[float], kept: float, added: float) -> float:
    reached, *others = values
    for value in others:
        reached = reached * kept + value * added
    return reached


def _long_ones(values: Floats, sizes: Ints) -> Iterator[tuple[int, list[float]]]:
    """Yield the places of long pairs and their values: one by one they are quicker than few at each of many steps."""
    starts = starts_of(sizes)
    for place in np.flatnonzero(sizes > _LONG).tolist():
        yield place, values[starts[place] : starts[place] + sizes[place]].tolist()


def _shortest_last(sizes: Ints) -> Ints:
    """Return the order in which steps take the pairs: the longest first, and those that are too long for them last."""
    return np.argsort(-_stepped(sizes), kind="stable")


def _stepped(sizes: Ints) -> Ints:
    return np.where(sizes > _LONG, 0, sizes)


def _put_back(sorted_values: npt.NDArray[_Scalar], order: Ints) -> npt.NDArray[_Scalar]:
    found = np.empty_like(sorted_values)
    found[order] = sorted_values
    return found


def _steps(values: Floats, sizes: Ints, first: int = 0) -> Iterator[tuple[slice, Floats]]:
    """Yield, for k = first, first + 1, …, the k-th values of the pairs that have one: of the longest pairs first."""
    starts = starts_of(sizes)[_shortest_last(sizes)]
    sizes = _stepped(sizes)
    longest = int(sizes.max(initial=0))
    having = len(sizes) - np.cumsum(np.bincount(sizes, minlength=longest + 1))
    for k in range(first, longest):
        count = int(having[k])
        yield slice(count), values[starts[:count] + k]


def _two_sum(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    total = a + b
    of_b = total - a
    return total, (a - (total - of_b)) + (b - of_b)
