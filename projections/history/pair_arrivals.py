"""All that a pair's score hangs on besides policies and memberships, as it arrived: read once, to be walked."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from typing import Any, NamedTuple

from outcomes.domain.event import OrderKey
from outcomes.domain.mastery import ScoredResult
from outcomes.projections.as_of.lookups import id_list
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.history.exported_facts import ExportedFacts
from outcomes.projections.history.pair_in_force import Arrival, Elsewhere, HandedIn
from outcomes.projections.mastery.results import (
    SCORED_COLUMNS,
    VERSIONS_OF_OUTCOME,
    number_of_student,
    rubrics_of,
    scored,
)
from outcomes.projections.views.extract import NO_STUDENT, WEEK


class PairKey(NamedTuple):
    """A student's results on an outcome in a course; the first two are the views' numbers."""

    course: int
    student: int
    outcome_id: str


class PairArrivals:
    """Of one event time, everything that is known."""

    def __init__(self, connection: sqlite3.Connection, point: PointInTime) -> None:
        self._connection = connection
        self._point = point
        self._bounds = point.bounds()
        self._exported = ExportedFacts(connection, point)

    def of(self, pair: PairKey) -> list[Arrival]:
        """Return the results of a pair, also while they were elsewhere, and what exports told of them; in any order."""
        rows = self._connection.execute(_RESULTS, {**self._bounds, **pair._asdict()})
        found = [_arrival(row) for row in rows]
        return found + self._besides(pair, found)

    def of_outcome(self, course: int, outcome_id: str, last: int, *, by_time: bool) -> dict[PairKey, list[Arrival]]:
        """Return the same of the pairs of an outcome in a course, at least what came up to a position.

        `by_time` with when their work was handed in. Results that name no student are nobody's: they make no score.
        """
        nobody = number_of_student(self._connection, self._point, NO_STUDENT)
        names = {"course": course, "outcome": outcome_id, "nobody": nobody, "known_at": last}
        pairs: dict[PairKey, list[Arrival]] = defaultdict(list)
        for row in self._connection.execute(_RESULTS_OF_OUTCOME, {**self._bounds, **names}).fetchall():
            pairs[PairKey(course, row[0], outcome_id)].append(_arrival(row[1:]))
        for pair, found in pairs.items():
            found.extend(self._besides(pair, found))
            if by_time:
                found.extend(self.told_of_time(found))
        return pairs

    def told_of_time(self, arrivals: Iterable[Arrival]) -> list[Arrival]:
        """Return when the work behind results of a pair was handed in; of one version alone it does not matter."""
        results = results_among(arrivals)
        return self.handed_in(rubrics_of(results)) if len(results) > 1 else []

    def handed_in(self, assessments: Iterable[str]) -> list[Arrival]:
        """Return when the work behind assessments was handed in, as that came to be known."""
        ids = id_list(sorted(set(assessments)))
        rows = self._connection.execute(_ASSESSMENTS, {**self._bounds, "ids": ids})
        return [Arrival(row[0], OrderKey(*row[1:5]), HandedIn(row[5], row[6])) for row in rows]

    @cached_property
    def moved(self) -> frozenset[str]:
        """The results that were ever of more than one student, course or outcome: few."""
        rows = self._connection.execute(
            "SELECT DISTINCT result_id FROM moved_results WHERE tenant = :tenant", self._bounds
        )
        return frozenset(row[0] for row in rows)

    def _besides(self, pair: PairKey, results: Iterable[Arrival]) -> list[Arrival]:
        """Return the results of a pair while they were elsewhere, and what exports told of them."""
        ids = {arrival.told[0] for arrival in results}
        return [*self._elsewhere(pair, ids & self.moved), *self._exported.of(ids)]

    def _elsewhere(self, pair: PairKey, ids: set[str]) -> list[Arrival]:
        if not ids:
            return []
        bounds = {**self._bounds, **pair._asdict(), "ids": id_list(sorted(ids))}
        rows = self._connection.execute(_ELSEWHERE, bounds)
        return [Arrival(row[0], OrderKey(*row[1:5]), Elsewhere(row[5])) for row in rows]


def results_among(arrivals: Iterable[Arrival]) -> list[ScoredResult]:
    """Return the versions of results that arrived."""
    return [arrival.told for arrival in arrivals if isinstance(arrival.told, ScoredResult)]


def _arrival(row: tuple[Any, ...]) -> Arrival:
    return Arrival(row[0], OrderKey(*row[1:5]), scored(row[5:]))


_ORDER = "v.position, v.event_time, v.updated_at, v.is_update, v.digest"
_UP_TO = "v.event_time <= :until AND v.position <= :known_at"
_RESULTS = (
    f"SELECT {_ORDER}, {SCORED_COLUMNS} "
    "FROM course_weeks w JOIN result_versions v ON v.week = w.week AND v.course = w.course "
    f"WHERE w.course = :course AND w.week <= :until / {WEEK} AND v.student = :student "
    f"AND v.outcome_id = :outcome_id AND {_UP_TO}"
)
_RESULTS_OF_OUTCOME = (
    f"SELECT v.student, {_ORDER}, {SCORED_COLUMNS} {VERSIONS_OF_OUTCOME} "
    f"WHERE w.course = :course AND w.week <= :until / {WEEK} AND v.student IS NOT :nobody AND {_UP_TO}"
)
_ELSEWHERE = (
    f"SELECT {_ORDER}, v.result_id FROM json_each(:ids) j "
    "CROSS JOIN moved_results p ON p.tenant = :tenant AND p.result_id = j.value "
    "CROSS JOIN course_weeks w ON w.course = p.course CROSS JOIN result_versions v ON v.week = w.week "
    "AND v.course = p.course AND v.student = p.student AND v.outcome_id = p.outcome_id AND v.result_id = p.result_id "
    f"WHERE (p.course, p.student, p.outcome_id) IS NOT (:course, :student, :outcome_id) AND {_UP_TO}"
)
_ASSESSMENTS = (
    f"SELECT {_ORDER}, v.assessment_id, v.handed_in_at "
    "FROM json_each(:ids) j CROSS JOIN assessment_versions v ON v.assessment_id = j.value "
    f"WHERE v.tenant = :tenant AND {_UP_TO}"
)
