"""What exports told of results, as it arrived: each version of a detail, and of the alignment that it names."""

import sqlite3
from collections.abc import Collection
from typing import Any

from outcomes.domain.event import OrderKey
from outcomes.projections.as_of.lookups import id_list
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.history.pair_in_force import AlignmentState, Arrival, Detail
from outcomes.projections.mastery.facts import ExportFacts, Fact

_ORDER = "v.position, v.event_time, v.updated_at, v.is_update, v.digest"
_UP_TO = "v.tenant = :tenant AND v.event_time <= :until AND v.position <= :known_at"
_DETAILS = (
    f"SELECT {_ORDER}, v.result_detail_id, v.submitted_at, v.assessed_at, v.hidden, v.hide_points, v.assignment_id, "
    "v.alignment_id FROM json_each(:ids) j CROSS JOIN result_detail_versions v ON v.result_detail_id = j.value "
    f"WHERE {_UP_TO}"
)
_ALIGNMENTS = (
    f"SELECT {_ORDER}, v.alignment_id, coalesce(v.workflow_state, 'active') "
    f"FROM json_each(:ids) j CROSS JOIN alignment_versions v ON v.alignment_id = j.value WHERE {_UP_TO}"
)


class ExportedFacts:
    """Of one event time, all versions that are known; where no export was ever read, one question and no more."""

    def __init__(self, connection: sqlite3.Connection, point: PointInTime) -> None:
        self._connection = connection
        self._bounds = point.bounds()
        self._is_empty = ExportFacts(connection, point).is_empty

    def of(self, result_ids: Collection[str]) -> list[Arrival]:
        """Return what exports told of results and of their alignments, in any order."""
        if self._is_empty:
            return []
        details = self._versions(_DETAILS, result_ids)
        alignments = sorted({row[-1] for row in details if row[-1] is not None})
        states = self._versions(_ALIGNMENTS, alignments) if alignments else []
        return [
            *(Arrival(row[0], OrderKey(*row[1:5]), _detail(row[5:])) for row in details),
            *(Arrival(row[0], OrderKey(*row[1:5]), AlignmentState(*row[5:])) for row in states),
        ]

    def _versions(self, sql: str, ids: Collection[str]) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, {**self._bounds, "ids": id_list(ids)}).fetchall()


def _detail(row: tuple[Any, ...]) -> Detail:
    result_id, submitted_at, assessed_at, hidden, hide_points, assignment, alignment = row
    # That a grade waits to be posted moves no score: teachers see it all the same.
    fact = Fact(submitted_at, assessed_at, bool(hidden), bool(hide_points), None, assignment, None)
    return Detail(result_id, fact, alignment)
