"""The scores of pairs at many positions of the log: each pair is read once, and walked in the order of arrival."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

import orjson

from outcomes.domain.event import OrderKey
from outcomes.domain.mastery import EnrollmentState, ScoredResult
from outcomes.domain.mastery.running_rollup import NOT_ASSESSED, RunningRollup, Standing
from outcomes.domain.times import Micros
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.mastery.facts import ExportFacts
from outcomes.projections.mastery.membership import MembershipHistory
from outcomes.projections.mastery.policy import Policy
from outcomes.projections.mastery.policy_history import PolicyHistory, same_standing
from outcomes.projections.mastery.results import (
    SCORED_COLUMNS,
    Assessments,
    Scope,
    is_by_rubric,
    pairs_at,
    rubrics_of,
    scored,
)
from outcomes.projections.mastery.row import Basis, row_of
from outcomes.projections.views.extract import WEEK

_REMOVED = EnrollmentState.DELETED
_KEPT_AT_MOST = 50_000
_AHEAD, _AHEAD_AT_MOST = 50, 5_000
# Enough for every pair of a year of 300,000 events to be read but once; some 30 MB.
_AHEAD_KEPT_AT_MOST = 120_000

_Sides = tuple[Standing, Standing]
"""What stood just before a position, and with it."""


class PairKey(NamedTuple):
    """A student's results on an outcome in a course; the first two are the views' numbers."""

    course: int
    student: int
    outcome_id: str


class _Arrival(NamedTuple):
    """What came at a position: a version of a result, or the time at which the work behind some was handed in."""

    position: int
    order: OrderKey
    result: ScoredResult | None
    assessment: str | None
    handed_in_at: Micros | None


_position = attrgetter("position")


def _with_those_ahead(wanted: list[int], arrivals: list[_Arrival]) -> list[int]:
    """Return the wanted positions and those of arrivals after the first of them, in order.

    As many more as make reading a pair of thousands of results for a page of them worth its while.
    """
    later = {arrival.position for arrival in arrivals if arrival.position > wanted[0]}.difference(wanted)
    return sorted((*wanted, *sorted(later)[: min(len(wanted) * _AHEAD, _AHEAD_AT_MOST)]))


def _goes_by_time(policy: Policy) -> bool:
    return policy.calculation is not None and policy.calculation.in_time_order


def score_moved(
    course: str,
    student: str,
    outcome: str,
    title: str | None,
    sides: tuple[Standing, Standing],
    enrollment: EnrollmentState,
) -> dict[str, Any]:
    """Return how one student's score or mastery of one outcome differs, as `diff` tells it."""
    before, after = sides
    return {
        "course_id": course,
        "student": student,
        "outcome_id": outcome,
        "outcome_title": title,
        "score": [before.score, after.score],
        "mastered": [before.mastered, after.mastered],
        "enrollment": enrollment.value,
    }


class ScoreSteps:
    """Of one event time, as known at many positions."""

    def __init__(
        self, connection: sqlite3.Connection, point: PointInTime, policies: PolicyHistory, members: MembershipHistory
    ) -> None:
        self._connection = connection
        self._point = point
        self._policies = policies
        self._members = members
        self._course = lru_cache(maxsize=_KEPT_AT_MOST)(self._look_up_course)
        self._student = lru_cache(maxsize=_KEPT_AT_MOST)(self._look_up_student)
        # A pair is read once for what will be asked of it one after the other.
        self._ahead: dict[tuple[PairKey, int], _Sides] = {}

    def pairs_of_results(self, ids: list[str]) -> dict[str, list[PairKey]]:
        """Return, by result, the pairs that it ever belonged to."""
        found: dict[str, dict[PairKey, None]] = defaultdict(dict)
        moved = [result_id for result_id in ids if result_id in self._moved]
        for table, some in (("result_places", ids), ("moved_results", moved)):
            rows = self._connection.execute(
                f"SELECT p.result_id, p.course, p.student, p.outcome_id FROM json_each(:ids) j "
                f"CROSS JOIN {table} p ON p.tenant = :tenant AND p.result_id = j.value",
                {"tenant": self._point.number, "ids": orjson.dumps(some).decode()},
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

    def goes_by_time(self, pair: PairKey, known_at: int) -> bool:
        """Say whether the score of a pair hangs on when work was handed in."""
        course = self._course(pair.course)
        return course is not None and _goes_by_time(self._policies.policy(course, pair.outcome_id, known_at))

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
        return score_moved(course, student, pair.outcome_id, title, sides, enrollment)

    def _of_pair(self, pair: PairKey, wanted: list[int], sides: dict[tuple[PairKey, int], _Sides]) -> None:
        """Add what stood just before each wanted position, and with it; and keep what will be asked next."""
        course = self._course(pair.course)
        if course is None:
            return
        arrivals = self._results(pair)
        results = {arrival.result.id for arrival in arrivals if arrival.result}
        # What exports told of a result came at positions of its own, and may leave it out: such pairs are read anew.
        if not results.isdisjoint(self._moved) or self._facts.of(results):
            sides.update(((pair, position), self._sides_of_moved(pair, course, position)) for position in wanted)
            return
        positions = _with_those_ahead(wanted, arrivals)
        policies = self._policies.policies(course, pair.outcome_id, positions)
        if any(map(_goes_by_time, policies)) and (told := self._assessments(arrivals)):
            arrivals = sorted([*arrivals, *told], key=_position)
            positions = _with_those_ahead(wanted, arrivals)
            policies = self._policies.policies(course, pair.outcome_id, positions)
        asked = set(wanted)
        if len(self._ahead) + len(positions) > _AHEAD_KEPT_AT_MOST:
            self._ahead.clear()
        for position, found in zip(positions, self._steps(arrivals, positions, policies), strict=True):
            (sides if position in asked else self._ahead)[pair, position] = found

    @staticmethod
    def _steps(arrivals: list[_Arrival], positions: list[int], policies: list[Policy]) -> Iterator[_Sides]:
        """Yield what stood just before each position and with it. Results and assessments are no part of a policy."""
        pair, waiting = _PairInForce(), iter(arrivals)
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

    def _sides_of_moved(self, pair: PairKey, course: str, position: int) -> _Sides:
        """Return the same for a pair with a result that was elsewhere at some time: such are few."""
        scope = Scope(course, self._student(pair.student), pair.outcome_id)
        return self._standing(scope, course, position - 1), self._standing(scope, course, position)

    def _standing(self, scope: Scope, course: str, known_at: int) -> Standing:
        point = self._point._replace(known_at=known_at)
        basis, assessments = Basis.at(self._connection, point, alone=True), Assessments(self._connection, point, ())
        pair = next(iter(pairs_at(self._connection, point, course, scope)), None)
        if pair is None:
            return NOT_ASSESSED
        row = row_of(basis, assessments, course, pair)
        return Standing(row.score, row.mastered)

    def _results(self, pair: PairKey) -> list[_Arrival]:
        rows = self._connection.execute(
            f"SELECT v.position, v.event_time, v.updated_at, v.is_update, v.digest, {SCORED_COLUMNS} "
            "FROM course_weeks w JOIN result_versions v ON v.week = w.week AND v.course = w.course "
            f"WHERE w.course = :course AND w.week <= :until / {WEEK} AND v.student = :student "
            "AND v.outcome_id = :outcome_id AND v.event_time <= :until AND v.position <= :known_at",
            {**self._point.bounds(), **pair._asdict()},
        )
        arrivals = [_Arrival(row[0], OrderKey(*row[1:5]), scored(row[5:]), None, None) for row in rows]
        return sorted(arrivals, key=_position)

    def _assessments(self, arrivals: list[_Arrival]) -> list[_Arrival]:
        """Return when the work behind results was handed in, as that came to be known."""
        by_rubric = set(rubrics_of(arrival.result for arrival in arrivals if arrival.result))
        if not by_rubric or len(arrivals) == 1:
            return []
        rows = self._connection.execute(
            "SELECT v.position, v.event_time, v.updated_at, v.is_update, v.digest, v.assessment_id, v.handed_in_at "
            "FROM json_each(:ids) j CROSS JOIN assessment_versions v ON v.assessment_id = j.value "
            "WHERE v.tenant = :tenant AND v.event_time <= :until AND v.position <= :known_at",
            {**self._point.bounds(), "ids": orjson.dumps(sorted(by_rubric)).decode()},
        )
        return [_Arrival(row[0], OrderKey(*row[1:5]), None, row[5], row[6]) for row in rows]

    @cached_property
    def _facts(self) -> ExportFacts:
        return ExportFacts(self._connection, self._point)

    @cached_property
    def _moved(self) -> frozenset[str]:
        rows = self._connection.execute(
            "SELECT DISTINCT result_id FROM moved_results WHERE tenant = ?", (self._point.number,)
        )
        return frozenset(row[0] for row in rows)

    def _look_up_course(self, number: int) -> str | None:
        type_, local_id = self._connection.execute(
            "SELECT type, id FROM contexts WHERE context = ?", (number,)
        ).fetchone()
        return local_id if type_ == "Course" else None

    def _look_up_student(self, number: int) -> str:
        found: str = self._connection.execute("SELECT uuid FROM students WHERE student = ?", (number,)).fetchone()[0]
        return found


_UNKNOWN = RunningRollup(None, None)


class _PairInForce:
    """The results of one pair that are in force as arrivals come, whatever the order of their events."""

    def __init__(self) -> None:
        self._policy: Policy | None = None
        self._rollup = _UNKNOWN
        self._stands: Standing | None = NOT_ASSESSED
        self._results: dict[str, tuple[OrderKey, ScoredResult]] = {}
        self._handed_in: dict[str, tuple[OrderKey, Micros | None]] = {}
        self._of_assessment: dict[str, set[str]] = defaultdict(set)

    def go_by(self, policy: Policy) -> None:
        """Count by a policy from now on."""
        if self._policy is None or not same_standing(self._policy, policy):
            self._policy = policy
            self._stands = None
            scale, calculation = (policy.scale, policy.calculation) if policy.is_linked else (None, None)
            self._rollup = RunningRollup(
                scale, calculation, (self._dated(found) for _, found in self._results.values())
            )

    def take(self, arrival: _Arrival) -> None:
        """Let what came stand, unless something later by event time was there already."""
        result, assessment = arrival.result, arrival.assessment
        if result is not None:
            known = self._results.get(result.id)
            if known is None or known[0] < arrival.order:
                self._results[result.id] = arrival.order, result
                if result.artifact_id is not None:
                    self._of_assessment[result.artifact_id].add(result.id)
                self._put(result)
        elif assessment is not None:
            told = self._handed_in.get(assessment)
            if told is None or told[0] < arrival.order:
                self._handed_in[assessment] = arrival.order, arrival.handed_in_at
                for result_id in self._of_assessment[assessment]:
                    self._put(self._results[result_id][1])

    def _put(self, result: ScoredResult) -> None:
        self._rollup.put(self._dated(result))
        self._stands = None

    def _dated(self, result: ScoredResult) -> ScoredResult:
        if not self._handed_in or not result.artifact_id or not is_by_rubric(result):
            return result
        told = self._handed_in.get(result.artifact_id)
        return result if told is None else result._replace(submitted_at=told[1])

    def standing(self) -> Standing:
        """Return the score as it is now; before one arrival it is what it was with the one before."""
        if self._stands is None:
            self._stands = self._rollup.standing()
        return self._stands
