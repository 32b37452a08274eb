"""What is missing or at odds in the views at a point: each found by the indexes, nothing is replayed."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from outcomes.domain.changes import changed_fields
from outcomes.domain.identity import BACKGROUND, Kind
from outcomes.domain.silent_periods import silences
from outcomes.domain.times import HOUR, Micros, to_text
from outcomes.domain.tree import DELETED
from outcomes.projections.as_of.lookups import id_list, seek
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.as_of.tree import link_fate
from outcomes.projections.as_of.versions import versions_of
from outcomes.projections.history.timeline import state_of
from outcomes.projections.history.version_steps import BACKWARDS, UNDECIDED
from outcomes.projections.mastery.results import number_of_student
from outcomes.projections.views.extract import NO_STUDENT, WEEK
from outcomes.projections.views.schema import ID_COLUMNS, ORDER, VERSION_TABLES
from outcomes.store.log.event_log import EventLog

Example = dict[str, Any]

_UPTO = "event_time <= :until AND position <= :known_at"
# The results come first: for each context in turn they would be read over and over.
_RESULTS = f"result_versions v CROSS JOIN contexts c ON c.context = v.course WHERE c.tenant = :tenant AND {_UPTO}"
_UPDATED_RESULTS = f"{_RESULTS} AND v.result_id IN (SELECT result_id FROM result_versions WHERE is_update = 1)"


def _story() -> Iterator[tuple[Kind, str, str]]:
    """Yield the kinds that are part of the story, with what to select their versions from, and their ids."""
    for kind, table in VERSION_TABLES.items():
        if kind not in BACKGROUND and kind is not Kind.SETTING:
            yield kind, f"{table} v WHERE v.tenant = :tenant AND {_UPTO}", ID_COLUMNS[kind]
    yield Kind.RESULT, _UPDATED_RESULTS, ID_COLUMNS[Kind.RESULT]


def never_created(connection: sqlite3.Connection, point: PointInTime) -> Iterator[Example]:
    """Yield entities of which updates are known, but not their creation."""
    for kind, versions, identity in _story():
        rows = connection.execute(
            f"SELECT {identity}, position, min(event_time) FROM {versions} "
            f"GROUP BY {identity} HAVING sum(is_update = 0) = 0",
            point.bounds(),
        )
        for local_id, position, event_time in rows:
            yield {"kind": kind.value, "id": local_id, "position": position, "event_time": to_text(event_time)}


def order_conflicts(connection: sqlite3.Connection, point: PointInTime) -> Iterator[Example]:
    """Yield events that are later by event time, but earlier by their row's own clock: the timeline's mark."""
    order = ", ".join(ORDER)
    for kind, versions, identity in _story():
        rows = connection.execute(
            f"SELECT id, position, event_time FROM (SELECT {identity} AS id, position, event_time, updated_at, "
            f"is_update, max(updated_at) OVER (PARTITION BY {identity} ORDER BY {order} "
            f"ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS newest FROM {versions}) "
            "WHERE 0 < updated_at AND updated_at < newest OR is_update = 0 AND updated_at = 0 AND newest > 0",
            point.bounds(),
        )
        for local_id, position, event_time in rows:
            yield _conflict(kind, local_id, position, event_time, BACKWARDS)


def undecided(connection: sqlite3.Connection, log: EventLog, point: PointInTime) -> Iterator[Example]:
    """Yield events that contradict another of the same entity and instant, so that only the digest put them last."""
    tables = {kind: f"{table} v WHERE v.tenant = :tenant AND {_UPTO}" for kind, table in VERSION_TABLES.items()}
    for kind, versions in {**tables, Kind.RESULT: _RESULTS}.items():
        if kind in BACKGROUND or kind is Kind.SETTING:
            continue
        # Grouped by the column itself: SQLite would take a bare `id` for that of the contexts beside it.
        identity = f"v.{ID_COLUMNS[kind]}"
        rows = connection.execute(
            f"SELECT DISTINCT id FROM (SELECT {identity} AS id FROM {versions} "
            f"GROUP BY {identity}, v.event_time, v.updated_at, v.is_update HAVING count(*) > 1)",
            point.bounds(),
        )
        for (local_id,) in rows.fetchall():
            for one, other in pairwise(versions_of(connection, point, kind, local_id)):
                if one.order[:-1] == other.order[:-1]:
                    states = (state_of(log, record) for record in log.records_at([one.position, other.position]))
                    if changed_fields(*states):
                        yield _conflict(kind, local_id, other.position, other.order.event_time, UNDECIDED)


def _conflict(kind: Kind, local_id: str, position: int, event_time: Micros, why: str) -> Example:
    place = {"kind": kind.value, "id": local_id, "position": position}
    return {**place, "event_time": to_text(event_time), "why": why}


def several_hosts(connection: sqlite3.Connection, point: PointInTime) -> Iterator[Example]:
    """Yield the hosts that have sent events of the tenant, if there are several."""
    rows = connection.execute(
        "SELECT host, first_position FROM hosts WHERE tenant = :tenant AND first_position <= :known_at "
        "ORDER BY first_position",
        point.bounds(),
    ).fetchall()
    for host, position in rows if len(rows) > 1 else ():
        yield {"kind": "host", "id": host, "position": position}


def recorded_after(connection: sqlite3.Connection, now: Micros) -> Iterator[Example]:
    """Yield the batches that are recorded at a time still to come, the latest first."""
    rows = connection.execute(
        "SELECT last_position, recorded_at FROM batches WHERE recorded_at > ? ORDER BY last_position DESC", (now,)
    )
    for position, recorded_at in rows:
        yield {"kind": "batch", "id": str(position), "position": position, "recorded_at": to_text(recorded_at)}


class Links:
    """The links in force at a point, looked at once."""

    def __init__(self, connection: sqlite3.Connection, point: PointInTime) -> None:
        self._connection = connection
        self._point = point
        self._rows = connection.execute(
            "SELECT v.link_id, v.position, v.outcome_id, v.group_id, "
            f"{seek(Kind.OUTCOME, 'v.outcome_id')}, {seek(Kind.GROUP, 'v.group_id')} "
            "FROM (SELECT DISTINCT link_id AS id FROM link_versions WHERE tenant = :tenant) m "
            f"JOIN link_versions v ON v.position = {seek(Kind.LINK)} "
            f"WHERE coalesce(v.workflow_state, 'active') <> '{DELETED}'",
            point.bounds(),
        ).fetchall()

    def to_unknown_groups(self) -> Iterator[Example]:
        """Yield links into a group of which no event is known."""
        for local_id, position, _, group_id, _, group in self._rows:
            if group_id is not None and group is None:
                yield {"kind": "link", "id": local_id, "position": position, "group_id": group_id}

    def to_unknown_outcomes(self) -> Iterator[Example]:
        """Yield links of an outcome of which no event is known."""
        for local_id, position, outcome_id, _, outcome, _ in self._rows:
            if outcome is None:
                yield {"kind": "link", "id": local_id, "position": position, "outcome_id": outcome_id}

    def deleted_by_implication(self) -> Iterator[Example]:
        """Yield links that the deletion of their outcome has, or may have, deleted without an event."""
        rows = self._connection.execute(
            "SELECT DISTINCT outcome_id FROM outcome_versions "
            f"WHERE tenant = :tenant AND workflow_state = '{DELETED}' AND {_UPTO}",
            self._point.bounds(),
        )
        once_deleted = {row[0] for row in rows.fetchall()}
        for local_id, position, outcome_id, *_ in self._rows:
            fate = link_fate(self._connection, self._point, local_id) if outcome_id in once_deleted else None
            if fate is not None:
                yield {
                    "kind": "link",
                    "id": local_id,
                    "position": position,
                    "outcome_id": outcome_id,
                    "implied": fate,
                }


def results_without_outcome(connection: sqlite3.Connection, point: PointInTime) -> dict[str, list[Example]]:
    """Return the results in force of outcomes that are `unknown` or `deleted`: of few outcomes, usually."""
    rows = connection.execute(
        f"SELECT o.id, (SELECT coalesce(workflow_state, 'active') FROM outcome_versions WHERE position = "
        f"{seek(Kind.OUTCOME, 'o.id')}) FROM (SELECT DISTINCT v.outcome_id AS id FROM {_RESULTS}) o",
        point.bounds(),
    )
    states = {outcome: state or "unknown" for outcome, state in rows if state is None or state == DELETED}
    found: dict[str, list[Example]] = {"unknown": [], DELETED: []}
    named = {"outcomes": id_list(states)}
    of_those = "v.outcome_id IN (SELECT value FROM json_each(:outcomes))"
    for result_id, outcome_id, position in _in_force(connection, point, of_those, named):
        example = {"kind": "result", "id": result_id, "position": position, "outcome_id": outcome_id}
        found[states[outcome_id]].append(example)
    return found


def results_of_nobody(connection: sqlite3.Connection, point: PointInTime) -> Iterator[Example]:
    """Yield the results in force that name no student."""
    nobody = number_of_student(connection, point, NO_STUDENT)
    for result_id, _, position in _in_force(connection, point, "v.student = :nobody", {"nobody": nobody}):
        yield {"kind": "result", "id": result_id, "position": position}


def _in_force(
    connection: sqlite3.Connection, point: PointInTime, condition: str, values: dict[str, Any]
) -> Iterator[tuple[str, str, int]]:
    """Yield id, outcome and position of the results in force that meet a condition and are not deleted."""
    moved = {row[0] for row in connection.execute("SELECT DISTINCT result_id FROM moved_results")}
    rows = connection.execute(
        f"SELECT v.result_id, v.outcome_id, v.position, v.workflow_state FROM {_RESULTS} AND {condition} "
        f"ORDER BY v.result_id, {', '.join(ORDER)}",
        {**point.bounds(), **values},
    )
    for result_id, outcome_id, position, state in {row[0]: row for row in rows}.values():
        # A result that moved may by now be another outcome's, or another student's.
        is_there = result_id not in moved or versions_of(connection, point, Kind.RESULT, result_id)[-1][1] == position
        if state != DELETED and is_there:
            yield result_id, outcome_id, position


def silent_periods(connection: sqlite3.Connection, point: PointInTime) -> Iterator[Example]:
    """Yield stretches without any event where the weeks around had some, with both ends; the worst first."""
    counts: Counter[int] = Counter()
    for versions in _everything():
        sql = f"SELECT event_time / {HOUR}, count(*) FROM {versions} GROUP BY 1"
        for hour, count in connection.execute(sql, point.bounds()):
            counts[hour] += count
    for silence in sorted(silences(counts), key=lambda silence: -silence.expected):
        last, following = _in_hour(connection, point, silence.last)[1], _in_hour(connection, point, silence.next)[0]
        yield {
            "from": to_text(last[0]),
            "to": to_text(following[0]),
            "positions": [last[1], following[1]],
            "expected": round(silence.expected),
        }


def _everything() -> list[str]:
    """Return what to select all versions from, of every kind."""
    return [*(f"{table} v WHERE v.tenant = :tenant AND {_UPTO}" for table in VERSION_TABLES.values()), _RESULTS]


def _in_hour(connection: sqlite3.Connection, point: PointInTime, hour: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return time and position of the first and of the last event of an hour."""
    bounds = {**point.bounds(), "first": hour * HOUR, "last": (hour + 1) * HOUR - 1, "week": hour * HOUR // WEEK}
    found = []
    for versions in _everything():
        in_week = "AND v.week = :week " if versions is _RESULTS else ""
        sql = f"SELECT event_time, position FROM {versions} {in_week}AND event_time BETWEEN :first AND :last"
        found += connection.execute(sql, bounds).fetchall()
    return min(found), max(found)
