"""Policies as the log knew them at many positions: each looked up once for a stretch that changes nothing of it."""

import sqlite3
from bisect import bisect_right
from collections.abc import Iterable
from itertools import chain

from outcomes.domain.identity import Context, Kind
from outcomes.projections.as_of.lookups import context_number
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.mastery.policy import ACCOUNT_SCALES, Policy, PolicyBook
from outcomes.projections.views.schema import VERSION_TABLES

_KEPT_AT_MOST = 50_000


class PolicyHistory:
    """Of one event time; `PolicyBook` of the same is asked where a stretch begins."""

    def __init__(self, connection: sqlite3.Connection, point: PointInTime) -> None:
        self._connection = connection
        self._point = point
        self._marks: dict[tuple[str, str], list[int]] = {}
        self._policies: dict[tuple[str, str, int], Policy] = {}
        self._of_all = self._marks_of_all()

    def policy(self, course: str, outcome: str, known_at: int) -> Policy:
        """Return how an outcome is scored in a course, as known at a position."""
        return self.policies(course, outcome, (known_at,))[0]

    def policies(self, course: str, outcome: str, known_at: Iterable[int]) -> list[Policy]:
        """Return the same at each of some positions."""
        place = (course, outcome)
        marks = self._marks.get(place)
        if marks is None:
            if len(self._marks) >= _KEPT_AT_MOST:
                self._marks.clear()
            marks = self._marks[place] = self._marks_of(course, outcome)
        return [self._policy((course, outcome, bisect_right(marks, position)), position) for position in known_at]

    def _policy(self, key: tuple[str, str, int], known_at: int) -> Policy:
        found = self._policies.get(key)
        if found is None:
            if len(self._policies) >= _KEPT_AT_MOST:
                self._policies.clear()
            book = PolicyBook(self._connection, self._point._replace(known_at=known_at), alone=True)
            found = self._policies[key] = book.policy(key[0], key[1])
        return found

    def _marks_of(self, course: str, outcome: str) -> list[int]:
        """Return the positions, in order, of all that a policy of this outcome here comes from."""
        number = context_number(self._connection, self._point, Context("Course", course))
        rows = self._connection.execute(
            "SELECT position FROM outcome_versions WHERE tenant = :tenant AND outcome_id = :outcome UNION "
            "SELECT position FROM link_versions WHERE tenant = :tenant AND link_id IN (SELECT link_id "
            "FROM link_versions WHERE tenant = :tenant AND outcome_id = :outcome AND +context = :context)",
            {"tenant": self._point.number, "outcome": outcome, "context": number},
        )
        return sorted({*self._of_all, *(row[0] for row in rows)})

    def _marks_of_all(self) -> list[int]:
        """Return the positions of settings; if accounts' scales ever counted, of those and of accounts' places, too."""
        tenant = (self._point.number,)
        settings = self._connection.execute(
            "SELECT position, setting_id, value FROM setting_versions WHERE tenant = ?", tenant
        ).fetchall()
        marks = {row[0] for row in settings}
        if any(name == ACCOUNT_SCALES and value for _, name, value in settings):
            shared = (
                self._connection.execute(f"SELECT position FROM {VERSION_TABLES[kind]} WHERE tenant = ?", tenant)
                for kind in (Kind.PROFICIENCY, Kind.CALCULATION_METHOD)
            )
            marks.update(row[0] for row in chain.from_iterable(shared))
            # Every request tells where its context hangs; that is news only the first time, or where it ever moved.
            known = "placements p JOIN contexts c USING (context) WHERE c.tenant = :tenant AND p.event_time <= :until"
            places = self._connection.execute(
                f"SELECT min(position) FROM {known} GROUP BY context HAVING count(DISTINCT parent) = 1 UNION "
                f"SELECT position FROM {known} AND context IN "
                f"(SELECT context FROM {known} GROUP BY context HAVING count(DISTINCT parent) > 1)",
                self._point.bounds(),
            )
            marks.update(row[0] for row in places)
        return sorted(marks)


def same_standing(one: Policy, other: Policy) -> bool:
    """Say whether two policies give the same scores, whatever the results."""
    return (one.scale, one.calculation, one.is_linked) == (other.scale, other.calculation, other.is_linked)
