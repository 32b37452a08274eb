"""When work was handed in, as rubric assessments told at many times up to a point: each is read once."""

import sqlite3
from bisect import bisect_right
from collections.abc import Sequence
from operator import itemgetter

from outcomes.domain.times import Micros
from outcomes.projections.as_of.lookups import id_list
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.views.schema import ORDER

_Told = list[tuple[Micros, Micros | None]]
"""When something was told of one assessment, in event order, and what."""


class HandedInTimes:
    """What `Assessments.handed_in` says, of any event time up to a point."""

    def __init__(self, connection: sqlite3.Connection, point: PointInTime) -> None:
        self._connection = connection
        self._bounds = point.bounds()
        self._known: dict[str, _Told] = {}

    def at(self, until: Micros, ids: Sequence[str]) -> dict[str, Micros | None]:
        """Return when the work behind assessments was handed in, for those that events had told up to a time."""
        self._look_up([name for name in ids if name not in self._known])
        found = {}
        for name in ids:
            told = self._known[name]
            number = bisect_right(told, until, key=itemgetter(0))
            if number:
                found[name] = told[number - 1][1]
        return found

    def _look_up(self, ids: list[str]) -> None:
        if not ids:
            return
        self._known.update((name, []) for name in ids)
        rows = self._connection.execute(_ASSESSMENTS, {**self._bounds, "ids": id_list(ids)})
        for name, event_time, handed_in_at in rows:
            self._known[name].append((event_time, handed_in_at))


_ASSESSMENTS = (
    "SELECT v.assessment_id, v.event_time, v.handed_in_at FROM json_each(:ids) j "
    "CROSS JOIN assessment_versions v ON v.assessment_id = j.value AND v.tenant = :tenant "
    "WHERE v.event_time <= :until AND v.position <= :known_at "
    f"ORDER BY {', '.join(f'v.{column}' for column in ORDER)}"
)
