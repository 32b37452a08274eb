"""Results that are the same here and there, told by columns alone: nearly all of a million rows.

Only what the views hold is compared here. What differs in any of it, or is not plain, is judged as all rows are.
"""

import sqlite3
from collections import Counter
from typing import NamedTuple

import numpy as np

from outcomes.domain.times import SECOND
from outcomes.projections.as_of.lookups import id_list
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.mastery.columnar.arithmetic import Bools, Floats, Ints
from outcomes.projections.mastery.columnar.id_numbers import id_numbers
from outcomes.projections.reconcile.bit_set import BitSet
from outcomes.projections.reconcile.plain_columns import NOTHING, ODD, numbers_of, seconds_of, whole_ids
from outcomes.projections.reconcile.result_records import Records, ResultRecords
from outcomes.store.sources.exports.pages import Columns, Values

NAMES = (
    "updated_at",
    "assessed_at",
    "user_uuid",
    "learning_outcome_id",
    "context_id",
    "workflow_state",
    "artifact_type",
    "artifact_id",
    "score",
    "possible",
    "percent",
)
"""The columns that are compared, in this order."""

_CLOSE = 1e-9
_NOBODY = -1
_STUDENTS = 50_000
_NUMBERS = "SELECT s.uuid, s.student FROM json_each(?) j CROSS JOIN students s ON s.uuid = j.value AND s.tenant = ?"


class PageComparison(NamedTuple):
    """What columns tell of a page: how many results of a course are the same, told or only observed; who differs."""

    same: Counter[tuple[str, bool]]
    is_same: Bools


class SameResults:
    """Compares pages of learning_outcome_results with the records of what is known here."""

    def __init__(
        self, connection: sqlite3.Connection, point: PointInTime, records: ResultRecords, is_observed: BitSet
    ) -> None:
        self._records = records
        self._is_observed = is_observed
        contexts = connection.execute("SELECT context, id FROM contexts").fetchall()
        self._course_names = dict(contexts)
        self._courses = np.full(1 + max(self._course_names, default=0), ODD)
        self._courses[[number for number, _ in contexts]] = id_numbers([local_id for _, local_id in contexts])
        self._students = _Students(connection, point)

    def look(self, columns: Columns, latest: int) -> PageComparison:
        """Tell what is the same; nothing that was saved after the second `latest` is."""
        updated, assessed, users, outcomes, courses, states, kinds, artifacts, *amounts = columns.values
        ids = whole_ids(columns.ids)
        places, here = self._records.find(ids)
        is_held = np.array([action != "D" for action in columns.actions], dtype=bool)
        self._records.note_seen(ids[is_held], places[is_held])
        is_there = (places >= 0) & is_held
        saved, own = seconds_of(updated), np.where(here["newest"] == 0, here["event_time"], here["newest"])
        is_same = is_there & (saved > ODD) & (saved <= own // SECOND) & (saved <= latest)
        is_same &= self._students.numbers(users) == here["student"]
        is_same &= _are_equal_ids(whole_ids(outcomes), here["outcome"])
        is_same &= _are_equal_ids(whole_ids(courses), self._courses[here["course"]])
        is_same &= self._records.states.of(states) == here["state"]
        is_same &= self._records.artifact_types.of(kinds) == here["artifact_type"]
        is_same &= _are_equal_ids(whole_ids(artifacts), here["artifact"])
        is_same &= _are_equal_times(seconds_of(assessed), here["assessed_at"])
        for values, name in zip(amounts, ("score", "possible", "percent"), strict=True):
            is_same &= _are_equal_numbers(*numbers_of(values), here[name])
        return PageComparison(self._counted(here[is_same]), is_same)

    def _counted(self, here: Records) -> Counter[tuple[str, bool]]:
        is_told = ~self._is_observed.has(here["position"])
        pairs, counts = np.unique(here["course"] * 2 + is_told, return_counts=True)
        found = Counter[tuple[str, bool]]()
        for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True):
            found[self._course_names[pair // 2], bool(pair % 2)] = count
        return found


class _Students:
    """Numbers of students by uuid: those that turned up last are remembered, not all of a large school."""

    def __init__(self, connection: sqlite3.Connection, point: PointInTime) -> None:
        self._connection, self._tenant = connection, point.number
        self._known: dict[str | int | float | None, int] = {}

    def numbers(self, users: Values) -> Ints:
        """Return the numbers of students; `_NOBODY` for those of whom no event tells."""
        try:
            return self._of_known(users)
        except KeyError:
            self._learn(set(users))
            return self._of_known(users)

    def _of_known(self, users: Values) -> Ints:
        return np.fromiter(map(self._known.__getitem__, users), np.int64, len(users))

    def _learn(self, users: set[str | int | float | None]) -> None:
        if len(self._known) > _STUDENTS:
            self._known = {}
        new = users - self._known.keys()
        self._known.update(dict.fromkeys(new, _NOBODY))
        texts = id_list(one for one in new if isinstance(one, str))
        self._known.update(self._connection.execute(_NUMBERS, (texts, self._tenant)))


def _are_equal_ids(theirs: Ints, ours: Ints) -> Bools:
    found: Bools = (theirs == ours) & (theirs != ODD)
    return found


def _are_equal_times(theirs: Ints, ours: Ints) -> Bools:
    seconds = np.where(ours == NOTHING, NOTHING, ours // SECOND)
    return _are_equal_ids(theirs, seconds)


def _are_equal_numbers(theirs: Floats, is_odd: Bools, ours: Floats) -> Bools:
    are_none = np.isnan(theirs) & np.isnan(ours)
    found: Bools = ~is_odd & (are_none | (np.abs(theirs - ours) < _CLOSE))
    return found
