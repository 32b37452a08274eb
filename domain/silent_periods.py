"""Silences: stretches without any event where the same hours of the weeks around had some."""

from collections.abc import Mapping
from itertools import pairwise
from statistics import median
from typing import NamedTuple

_WEEKS_AROUND = 4
_FEWEST_WEEKS = 3
_LEAST_EXPECTED = 50
"""Fewer than so many missing events may be chance: they come in bursts, a whole class graded at once."""

_HOURS_A_DAY = 24
_HOURS_A_WEEK = 7 * _HOURS_A_DAY


class Silence(NamedTuple):
    """No event after the hour `last` and before the hour `next`, where `expected` were usual."""

    last: int
    next: int
    expected: float


def silences(counts: Mapping[int, int]) -> list[Silence]:
    """Find silences in the number of events by hour since 1970, in order.

    Usual is the median of the same hour of the week in the four weeks before and after; where events are too few for
    that, of the same day of the week. Nights and weekends are silent in every week, so they are no silences; holidays
    are, and only people know them from a failure.
    """
    by_hour = _silent(counts, 1)
    days: dict[int, int] = {}
    for hour, count in counts.items():
        days[hour // _HOURS_A_DAY] = days.get(hour // _HOURS_A_DAY, 0) + count
    hours = sorted(counts)
    by_day = []
    for found in _silent(days, _HOURS_A_DAY):
        # Told by the hours of the events at both ends; unless the hours have told it already.
        last = max(hour for hour in hours if hour // _HOURS_A_DAY == found.last)
        following = min(hour for hour in hours if hour // _HOURS_A_DAY == found.next)
        if not any(other.last < following and last < other.next for other in by_hour):
            by_day.append(Silence(last, following, found.expected))
    return sorted([*by_hour, *by_day])


def _silent(counts: Mapping[int, int], hours: int) -> list[Silence]:
    slots_a_week = _HOURS_A_WEEK // hours
    slots = sorted(counts)
    if not slots:
        return []
    first, last = slots[0], slots[-1]
    found = []
    for before, after in pairwise(slots):
        expected = sum(_usual(counts, slot, slots_a_week, first, last) for slot in range(before + 1, after))
        if expected >= _LEAST_EXPECTED:
            found.append(Silence(before, after, expected))
    return found


def _usual(counts: Mapping[int, int], slot: int, slots_a_week: int, first: int, last: int) -> float:
    around = [
        counts.get(slot + weeks * slots_a_week, 0)
        for weeks in range(-_WEEKS_AROUND, _WEEKS_AROUND + 1)
        if weeks and first <= slot + weeks * slots_a_week <= last
    ]
    return median(around) if len(around) >= _FEWEST_WEEKS else 0
