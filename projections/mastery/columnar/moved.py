"""Results that moved to another student, course or outcome, as columns: which versions do not count where they are."""

import sqlite3
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from outcomes.domain.times import Micros
from outcomes.projections.as_of.lookups import id_list
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.mastery.columnar.arithmetic import Bools, Floats, Ints
from outcomes.projections.mastery.columnar.id_numbers import id_numbers
from outcomes.projections.views.extract import WEEK
from outcomes.projections.views.schema import ORDER

KeyOf = Callable[[int, int, str], int]
"""The key that a course, a student (both as the views number them) and an outcome have in some versions, or NOWHERE."""

NOWHERE = -1


class MovedVersions:
    """All versions, wherever they are, of results that ever moved and were in some courses: few.

    With an outcome only those that were ever of it there. Ids that are no numbers are left out: their pairs are for
    `projections.mastery.row`.
    """

    def __init__(
        self, connection: sqlite3.Connection, point: PointInTime, courses: Iterable[int], outcome: str | None
    ) -> None:
        ids = {row[0] for course in courses for row in connection.execute(_EVER_IN, (course, outcome, outcome))}
        wanted = {**point.bounds(), "ids": id_list(sorted(ids))}
        self._rows: list[tuple[Any, ...]] = connection.execute(_VERSIONS, wanted).fetchall() if ids else []
        self._result = id_numbers([row[0] for row in self._rows])
        self._event_time: Floats = np.array([row[1] for row in self._rows], dtype=np.float64)

    def elsewhere(self, key: Ints, result: Ints, key_of: KeyOf) -> "Elsewhere":
        """Return which of some versions, by key and result, do not count at a time."""
        return Elsewhere(
            self._result,
            self._event_time,
            np.array([key_of(*row[2:]) for row in self._rows], dtype=np.int64),
            np.flatnonzero(np.isin(result, self._result) & (result >= 0)) if len(self._rows) else _NONE,
            (key, result),
        )


class Elsewhere:
    """Where results that moved are at a time."""

    def __init__(self, result: Ints, event_time: Floats, key: Ints, places: Ints, versions: tuple[Ints, Ints]) -> None:
        self._result, self._event_time, self._key, self._places = result, event_time, key, places
        self._key_at, self._result_at = (column[places] for column in versions)
        self._size = len(versions[0])

    def without(self, there: Ints, until: Micros) -> Ints:
        """Return the places of versions but for those of results that are elsewhere up to a time."""
        if not len(self._places):
            return there
        is_told = self._event_time <= until
        # They come in event order: of each result the last one says where it is.
        results, last = np.unique(self._result[is_told][::-1], return_index=True)
        if not len(results):
            return there
        place = np.minimum(np.searchsorted(results, self._result_at), len(results) - 1)
        is_away: Bools = np.zeros(self._size, dtype=bool)
        is_away[self._places] = self._key[is_told][::-1][last][place] != self._key_at
        return there[~is_away[there]]


_NONE = np.zeros(0, dtype=np.int64)
_EVER_IN = "SELECT result_id FROM moved_results WHERE course = ? AND (? IS NULL OR outcome_id = ?)"
_VERSIONS = (
    "SELECT v.result_id, v.event_time, v.course, v.student, v.outcome_id FROM json_each(:ids) j "
    "CROSS JOIN moved_results p ON p.tenant = :tenant AND p.result_id = j.value "
    "CROSS JOIN course_weeks w ON w.course = p.course CROSS JOIN result_versions v ON v.week = w.week "
    "AND v.course = p.course AND v.student = p.student AND v.outcome_id = p.outcome_id AND v.result_id = p.result_id "
    f"WHERE w.week <= :until / {WEEK} AND v.event_time <= :until AND v.position <= :known_at "
    f"ORDER BY {', '.join(f'v.{column}' for column in ORDER)}"
)
