"""Figures of a class: many students' scores on one outcome. DOMAIN.md 5.10 (RollupScoreAggregatorHelper).

Every function takes rounded student scores and passes over those that are None.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from outcomes.domain.mastery.ratings import rating_index
from outcomes.domain.mastery.rounding import mean, round2, round_half_up


class ClassFigure(NamedTuple):
    """A statistic and the number of assessed students it is made of; no students, no score."""

    score: float | None
    n: int


class Distribution(NamedTuple):
    """Students per rating, highest rating first, and the same in percent of all who reached a rating."""

    counts: tuple[int, ...]
    percents: tuple[int, ...]


def class_mean(scores: Iterable[float | None]) -> ClassFigure:
    """Give the mean score, rounded to 2 decimals."""
    assessed = _assessed(scores)
    return ClassFigure(round2(mean(assessed)) if assessed else None, len(assessed))


def class_median(scores: Iterable[float | None]) -> ClassFigure:
    """Give the median score, not rounded: the middle one, or the mean of the middle two."""
    assessed = sorted(_assessed(scores))
    n = len(assessed)
    return ClassFigure((assessed[(n - 1) // 2] + assessed[n // 2]) / 2.0 if assessed else None, n)


def distribution(scores: Iterable[float | None], points: Sequence[float]) -> Distribution:
    """Count the students at each rating; `points` are the ratings' points from high to low.

    Scores below the lowest rating are in no count and not in the total. Percents are rounded one by
    one, so three thirds are 33, 33 and 33. DOMAIN.md 5.10 (ResultAnalytics).
    """
    counts = [0] * len(points)
    for score in scores:
        place = rating_index(points, score)
        if place is not None:
            counts[place] += 1
    total = sum(counts)
    percents = [round_half_up(100.0 * count / total) for count in counts] if total else counts
    return Distribution(tuple(counts), tuple(percents))


def _assessed(scores: Iterable[float | None]) -> list[float]:
    return [score for score in scores if score is not None]
