"""The scores of pairs at many positions of the log: each pair is read once, and walked in the order of arrival."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from operator import attrgetter
from typing import Any

from outcomes.domain.mastery import EnrollmentState
from outcomes.domain.mastery.running_rollup import Standing
from outcomes.projections.as_of.lookups import id_list
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.history.pair_arrivals import PairArrivals, PairKey
from outcomes.projections.history.pair_in_force import Arrival, PairInForce
from outcomes.projections.history.score_change import score_change
from outcomes.projections.mastery.membership import MembershipHistory
from outcomes.projections.mastery.policy import Policy
from outcomes.projections.mastery.policy_history import PolicyHistory

_REMOVED = EnrollmentState.DELETED
_KEPT_AT_MOST = 50_000
_AHEAD_AT_MOST = 5_000
# Enough for every pair of a year of 300,000 events to be read but once; some 30 MB.
_AHEAD_KEPT_AT_MOST = 120_000

_Sides = tuple[Standing, Standing]
"""What stood just before a position, and with it."""


_position = attrgetter("position")


def _with_those_ahead(wanted: list[int], arrivals: list[Arrival]) -> list[int]:
    """Return, in order, the wanted positions and those of what happened after the first of them: asked for next.

    What is read is walked to its end all the same, so that a pair of thousands of results is read but once.
    """
    asked = set(wanted)
    first = min((arrival.order for arrival in arrivals if arrival.position in asked), default=None)
    later = sorted((one.order, one.position) for one in arrivals if first is None or one.order > first)
    ahead = dict.fromkeys(position for _, position in later if position not in asked)
    return sorted((*wanted, *islice(ahead, _AHEAD_AT_MOST)))


class ScoreSteps:
    """Of one event time, as known at many positions."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        point: PointInTime,
        arrivals: PairArrivals,
        policies: PolicyHistory,
        members: MembershipHistory,
    ) -> None:
        self._connection = connection
        self._point = point
        self._arrivals = arrivals
        self._policies = policies
        self._members = members
        self._course = lru_cache(maxsize=_KEPT_AT_MOST)(self._look_up_course)
        self._student = lru_cache(maxsize=_KEPT_AT_MOST)(self._look_up_student)
        # A pair is read once for what will be asked of it one after the other.
        self._ahead: dict[tuple[PairKey, int], _Sides] = {}

    def pairs_of_results(self, ids: list[str]) -> dict[str, list[PairKey]]:
        """Return, by result, the pairs that it ever belonged to."""
        found: dict[str, dict[PairKey, None]] = defaultdict(dict)
        moved = [result_id for result_id in ids if result_id in self._arrivals.moved]
        for table, some in (("result_places", ids), ("moved_results", moved)):
            rows = self._connection.execute(
                f"SELECT p.result_id, p.course, p.student, p.outcome_id FROM json_each(:ids) j "
                f"CROSS JOIN {table} p ON p.tenant = :tenant AND p.result_id = j.value",
                {"tenant": self._point.number, "ids": id_list(some)},
            )
            for row in rows.fetchall():
                found[row[0]][PairKey(*row[1:])] = None
        return {result_id: list(pairs) for result_id, pairs in found.items()}

    def pairs_of_assessment(self, assessment_id: str) -> list[PairKey]:
        """Return the pairs with results that an assessment ever made."""
        rows = self._connection.execute(
            "SELECT DISTINCT v.course, v.student, v.outcome_id FROM rubric_results r "
            "JOIN course_weeks w ON w.course = r.course "
            "JOIN result_versions v ON v.week = w.week AND v.course = r.course AND v.student = r.student "
            "WHERE r.tenant = ? AND r.assessment_id = ? AND v.artifact_id = r.assessment_id",
            (self._point.number, assessment_id),
        )
        return sorted(PairKey(*row) for row in rows.fetchall())

    def pairs_of_alignment(self, alignment_id: str) -> list[PairKey]:
        """Return the pairs with results that exports ever told to count by an alignment."""
        rows = self._connection.execute(
            "SELECT DISTINCT result_detail_id FROM result_detail_versions WHERE tenant = ? AND alignment_id = ?",
            (self._point.number, alignment_id),
        )
        found = self.pairs_of_results([row[0] for row in rows.fetchall()])
        return sorted({pair for pairs in found.values() for pair in pairs})

    def goes_by_time(self, pair: PairKey, known_at: int) -> bool:
        """Say whether the score of a pair hangs on when work was handed in."""
        course = self._course(pair.course)
        return course is not None and self._policies.policy(course, pair.outcome_id, known_at).goes_by_time

    def at(self, asked: Iterable[tuple[PairKey, int]]) -> dict[tuple[PairKey, int], dict[str, Any]]:
        """Return, of pairs at positions, how the score or mastery changed there; what did not is left out."""
        sides: dict[tuple[PairKey, int], _Sides] = {}
        unknown: dict[PairKey, list[int]] = defaultdict(list)
        for key in asked:
            known = self._ahead.pop(key, None)
            if known is None:
                unknown[key[0]].append(key[1])
            else:
                sides[key] = known
        for pair, wanted in unknown.items():
            self._of_pair(pair, sorted(wanted), sides)
        found = {}
        for (pair, position), (before, after) in sides.items():
            if before != after and (change := self._change(pair, position, (before, after))) is not None:
                found[pair, position] = change
        return found

    def _change(self, pair: PairKey, position: int, sides: _Sides) -> dict[str, Any] | None:
        course, student = self._course(pair.course), self._student(pair.student)
        # Neither a result nor an assessment changes who is in a class.
        if course is None or (enrollment := self._members.state(course, student, position)) is _REMOVED:
            return None
        title = self._policies.policy(course, pair.outcome_id, position).title
        return score_change((course, student, pair.outcome_id), title, sides, enrollment.value)

    def _of_pair(self, pair: PairKey, wanted: list[int], sides: dict[tuple[PairKey, int], _Sides]) -> None:
        """Add what stood just before each wanted position, and with it; and keep what will be asked next."""
        course = self._course(pair.course)
        if course is None:
            return
        arrivals = sorted(self._arrivals.of(pair), key=_position)
        positions = _with_those_ahead(wanted, arrivals)
        policies = self._policies.policies(course, pair.outcome_id, positions)
        if any(policy.goes_by_time for policy in policies) and (told := self._arrivals.told_of_time(arrivals)):
            arrivals = sorted([*arrivals, *told], key=_position)
            positions = _with_those_ahead(wanted, arrivals)
            policies = self._policies.policies(course, pair.outcome_id, positions)
        asked = set(wanted)
        if len(self._ahead) + len(positions) > _AHEAD_KEPT_AT_MOST:
            self._ahead.clear()
        for position, found in zip(positions, self._steps(arrivals, positions, policies), strict=True):
            (sides if position in asked else self._ahead)[pair, position] = found

    @staticmethod
    def _steps(arrivals: list[Arrival], positions: list[int], policies: list[Policy]) -> Iterator[_Sides]:
        """Yield what stood just before each position and with it. Results and assessments are no part of a policy."""
        pair, waiting = PairInForce(), iter(arrivals)
        arrival = next(waiting, None)
        for position, policy in zip(positions, policies, strict=True):
            pair.go_by(policy)
            while arrival is not None and arrival.position < position:
                pair.take(arrival)
                arrival = next(waiting, None)
            before = pair.standing()
            while arrival is not None and arrival.position == position:
                pair.take(arrival)
                arrival = next(waiting, None)
            yield before, pair.standing()

    def _look_up_course(self, number: int) -> str | None:
        type_, local_id = self._connection.execute(
            "SELECT type, id FROM contexts WHERE context = ?", (number,)
        ).fetchone()
        return local_id if type_ == "Course" else None

    def _look_up_student(self, number: int) -> str:
        found: str = self._connection.execute("SELECT uuid FROM students WHERE student = ?", (number,)).fetchone()[0]
        return found
