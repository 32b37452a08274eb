"""One figure: a ratio taken several times in turn in one run, its median, its spread, and what it must reach."""

import statistics
import time
from collections.abc import Callable, Iterable
from functools import partial
from multiprocessing import get_context
from typing import NamedTuple, TypeVar

Timed = Callable[[], object]
DrawnT = TypeVar("DrawnT")


class Figure(NamedTuple):
    """A ratio of two times (or sizes) of one run; without a limit it is told for information."""

    name: str
    ratio: float
    lowest: float
    highest: float
    limit: float | None
    more_is_better: bool

    @property
    def is_reached(self) -> bool | None:
        """Whether the median keeps the limit; None where there is none."""
        if self.limit is None:
            return None
        return self.ratio >= self.limit if self.more_is_better else self.ratio <= self.limit


def seconds(work: Timed) -> float:
    """Return how long one piece of work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def seconds_apart(work: Timed) -> float:
    """Return how long it takes in a process of its own, as a command has one, from when that is there.

    What one process does again and again takes longer each time: five ingests a tenth, in memory that is in pieces.
    """
    forks = get_context("fork")
    receiving, sending = forks.Pipe(duplex=False)
    process = forks.Process(target=lambda: sending.send(seconds(work)))
    process.start()
    sending.close()  # so that one that fails, and tells why itself, is not waited for
    taken: float = receiving.recv()
    process.join()
    return taken


def compare(
    name: str,
    above: Timed,
    below: Timed,
    *,
    limit: float | None,
    rounds: int,
    more_is_better: bool = False,
    repeat: int = 1,
    warm: bool = True,
    clock: Callable[[Timed], float] = seconds,
) -> Figure:
    """Time two pieces of work in turn; the ratio is the first over the second, of each round.

    `repeat` runs of each make one timing, for work of microseconds. Work of minutes need not be warmed.
    """

    def many(work: Timed) -> float:
        return sum(clock(work) for _ in range(repeat))

    if warm:
        many(above), many(below)  # the first run fills caches and is not counted
    ratios = [many(above) / many(below) for _ in range(rounds)]
    return of(name, ratios, limit=limit, more_is_better=more_is_better)


def compare_drawn(
    name: str,
    rounds: Iterable[list[DrawnT]],
    above: Callable[[DrawnT], object],
    below: Callable[[DrawnT], object],
    *,
    limit: float | None,
    more_is_better: bool = False,
) -> Figure:
    """Time two questions at the same drawn places, in turn; a round's ratio is of the sums over its draws."""
    ratios = []
    for number, draws in enumerate(rounds):
        if number == 0:
            above(draws[0]), below(draws[0])  # fills caches and is not counted
        upper = lower = 0.0
        for draw in draws:
            upper += seconds(partial(above, draw))
            lower += seconds(partial(below, draw))
        ratios.append(upper / lower)
    return of(name, ratios, limit=limit, more_is_better=more_is_better)


def of(name: str, ratios: list[float], *, limit: float | None, more_is_better: bool = False) -> Figure:
    """Make a figure of ratios that were taken already."""
    return Figure(name, statistics.median(ratios), min(ratios), max(ratios), limit, more_is_better)
