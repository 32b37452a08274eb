"""How large a school goes with how many events.

A school grows far more slowly than its log, so that ten times the events mean a longer history of mostly the same
things. Between the anchors below each figure is interpolated on logarithmic axes; beyond them it stays.
"""

from dataclasses import dataclass, fields
from itertools import pairwise
from math import exp, log

SMALL = 3_000
"""Up to this many events the school is the demo: small enough to read, yet with every phenomenon in it."""


@dataclass(frozen=True, slots=True)
class Size:
    """The figures of one school. `newcomers` are the students whose `user_created` was seen."""

    accounts: int
    courses: int
    groups: int
    outcomes: int
    students: int
    newcomers: int
    seats: int
    criteria: int

    @property
    def opening(self) -> int:
        """About how many events it takes until the school stands, for pacing only."""
        per_course = 6 + self.course_links + self.seats
        return self.newcomers + self.courses * per_course + self.outcomes * 2 + self.groups + self.accounts * 3

    @property
    def course_owned(self) -> int:
        """How many outcomes belong to courses; the rest are accounts'."""
        return self.outcomes // 6

    @property
    def course_links(self) -> int:
        """About how many outcomes a course adopts."""
        return max(6, round(self.criteria * 1.6))


_ANCHORS: tuple[tuple[int, Size], ...] = (
    (300, Size(2, 2, 6, 12, 8, 8, 6, 3)),
    (1_000, Size(2, 4, 9, 40, 30, 30, 12, 4)),
    (SMALL, Size(2, 4, 9, 40, 30, 30, 12, 4)),
    (50_000, Size(4, 50, 60, 300, 900, 300, 20, 8)),
    (1_000_000, Size(9, 600, 500, 2_500, 30_000, 3_000, 50, 8)),
    (10_000_000, Size(10, 1_500, 1_200, 6_000, 90_000, 9_000, 60, 8)),
)


def size_for(events: int) -> Size:
    """Return the school that fits a log of `events`.

    >>> size_for(3_000).courses, size_for(1_000_000).courses
    (4, 600)
    """
    if events <= _ANCHORS[0][0]:
        return _ANCHORS[0][1]
    for (low, small), (high, large) in pairwise(_ANCHORS):
        if events <= high:
            return _between(small, large, log(events / low) / log(high / low))
    return _ANCHORS[-1][1]


def _between(small: Size, large: Size, part: float) -> Size:
    def grown(figure: str) -> int:
        low, high = getattr(small, figure), getattr(large, figure)
        return round(exp(log(low) + part * log(high / low)))

    return Size(**{figure.name: grown(figure.name) for figure in fields(Size)})
