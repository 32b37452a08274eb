"""The scores of an outcome in a course as the log grew: its pairs are read once, and walked in the order of arrival."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from operator import itemgetter

from outcomes.domain.identity import Context
from outcomes.domain.mastery.running_rollup import Standing
from outcomes.projections.as_of.lookups import context_number, student_uuids
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.history.pair_arrivals import PairArrivals
from outcomes.projections.history.pair_in_force import Arrival, PairInForce
from outcomes.projections.mastery.policy import Policy

# What a pair in force takes is some 2 kB: so these are 6 MB, however many outcomes are asked for in turn.
_KEPT_AT_MOST = 3_000


Moved = tuple[str, tuple[Standing, Standing]]
"""A student, and how their score stands before and after."""


class OutcomeSteps:
    """Of one event time: whose score another policy changes, of the results known at a position.

    Positions that grow cost what came between them; one before the last starts the walk anew.
    """

    def __init__(self, connection: sqlite3.Connection, point: PointInTime, arrivals: PairArrivals) -> None:
        self._connection = connection
        self._point = point
        self._arrivals = arrivals
        # The one that was asked last comes last.
        self._walks: dict[tuple[str, str, bool], _Walk] = {}
        self._kept = 0
        """How many arrivals they hold together."""

    def moved(self, course: str, outcome: str, known_at: int, policies: tuple[Policy, Policy]) -> list[Moved]:
        """Return, by name, the students whose score or mastery differs, with how they stand under each policy."""
        by_time = any(policy.goes_by_time for policy in policies)
        return sorted(self._walk(course, outcome, known_at, by_time=by_time).moved(known_at, policies))

    def _walk(self, course: str, outcome: str, known_at: int, *, by_time: bool) -> "_Walk":
        key = course, outcome, by_time
        walk = self._let_go(key)
        if walk is None or walk.last < known_at:
            # Who asks once needs no more than was known then; who asks again will ask on.
            last = known_at if walk is None else self._point.known_at
            walk = _Walk(self._read(course, outcome, last, by_time=by_time), last)
        self._walks[key] = walk
        self._kept += len(walk)
        while self._kept > _KEPT_AT_MOST and len(self._walks) > 1:
            self._let_go(next(iter(self._walks)))
        return walk

    def _let_go(self, key: tuple[str, str, bool]) -> "_Walk | None":
        walk = self._walks.pop(key, None)
        self._kept -= 0 if walk is None else len(walk)
        return walk

    def _read(self, course: str, outcome: str, last: int, *, by_time: bool) -> Iterator[tuple[str, Arrival]]:
        """Yield what came of the pairs up to a position, each with its student."""
        number = context_number(self._connection, self._point, Context("Course", course))
        if number is None:
            return
        pairs = self._arrivals.of_outcome(number, outcome, last, by_time=by_time)
        names = student_uuids(self._connection, {pair.student for pair in pairs})
        for pair, arrivals in pairs.items():
            yield from ((names[pair.student], arrival) for arrival in arrivals)


class _Walk:
    def __init__(self, arrivals: Iterator[tuple[str, Arrival]], last: int) -> None:
        self.last = last
        found = ((arrival.position, student, arrival) for student, arrival in arrivals)
        self._arrivals = sorted(found, key=itemgetter(0))
        self._start()

    def __len__(self) -> int:
        return len(self._arrivals)

    def _start(self) -> None:
        self._next = 0
        self._pairs: dict[str, PairInForce] = defaultdict(PairInForce)

    def moved(self, known_at: int, policies: tuple[Policy, Policy]) -> Iterator[Moved]:
        """Yield the students whose score differs, in any order."""
        self._go_to(known_at)
        for student, pair in self._pairs.items():
            before, after = (_under(policy, pair) for policy in policies)
            if before != after:
                yield student, (before, after)

    def _go_to(self, known_at: int) -> None:
        if self._next and self._arrivals[self._next - 1][0] > known_at:
            self._start()
        while self._next < len(self._arrivals) and self._arrivals[self._next][0] <= known_at:
            _, student, arrival = self._arrivals[self._next]
            self._pairs[student].take(arrival)
            self._next += 1


def _under(policy: Policy, pair: PairInForce) -> Standing:
    pair.go_by(policy)
    return pair.standing()
