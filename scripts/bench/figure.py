"""One figure: a ratio taken several times in turn in one run, its median, its spread, and what it must reach."""

import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

Timed = Callable[[], object]


class Figure(NamedTuple):
    """A ratio of two times (or sizes) of one run."""

    name: str
    ratio: float
    lowest: float
    highest: float
    limit: float
    more_is_better: bool

    @property
    def is_reached(self) -> bool:
        """Whether the median keeps the limit."""
        return self.ratio >= self.limit if self.more_is_better else self.ratio <= self.limit


def seconds(work: Timed) -> float:
    """Return how long one piece of work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def compare(
    name: str, above: Timed, below: Timed, *, limit: float, rounds: int, more_is_better: bool = False, repeat: int = 1
) -> Figure:
    """Time two pieces of work in turn; the ratio is the first over the second, of each round.

    `repeat` runs of each make one timing, for work of microseconds.
    """

    def many(work: Timed) -> float:
        return sum(seconds(work) for _ in range(repeat))

    many(above), many(below)  # the first run warms caches and is not counted
    ratios = [many(above) / many(below) for _ in range(rounds)]
    return of(name, ratios, limit=limit, more_is_better=more_is_better)


def of(name: str, ratios: list[float], *, limit: float, more_is_better: bool = False) -> Figure:
    """Make a figure of ratios that were taken already."""
    return Figure(name, statistics.median(ratios), min(ratios), max(ratios), limit, more_is_better)
