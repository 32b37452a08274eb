"""One entity at a point: which of its versions is in force, and how many there were."""

import sqlite3
from collections.abc import Iterable
from typing import Any, NamedTuple

from outcomes.domain.event import OrderKey
from outcomes.domain.identity import Kind
from outcomes.domain.times import Micros
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.views.schema import ID_COLUMNS, ORDER, VERSION_TABLES


class Version(NamedTuple):
    """One version of an entity: its place in the order and in the log."""

    order: OrderKey
    position: int


class InForce(NamedTuple):
    """The version in force, and how many events there were up to the point."""

    event_time: Micros
    position: int
    events: int


def in_force(connection: sqlite3.Connection, point: PointInTime, kind: Kind, local_id: str) -> InForce | None:
    """Return the version of an entity in force at a point; None if nothing was known of it."""
    versions = versions_of(connection, point, kind, local_id)
    if not versions:
        return None
    last = versions[-1]
    return InForce(last.order.event_time, last.position, len(versions))


def versions_of(connection: sqlite3.Connection, point: PointInTime, kind: Kind, local_id: str) -> list[Version]:
    """Return all versions of an entity up to a point, in their order."""
    find = _result_versions if kind is Kind.RESULT else _versions
    return [Version(OrderKey(*row[:4]), row[4]) for row in find(connection, point, kind, local_id)]


def _versions(
    connection: sqlite3.Connection, point: PointInTime, kind: Kind, local_id: str
) -> Iterable[tuple[Any, ...]]:
    order = ", ".join(ORDER)
    return connection.execute(
        f"SELECT {order}, position FROM {VERSION_TABLES[kind]} WHERE tenant = :tenant AND {ID_COLUMNS[kind]} = :id "
        f"AND event_time <= :until AND position <= :known_at ORDER BY {order}",
        {**point.bounds(), "id": local_id},
    )


def _result_versions(
    connection: sqlite3.Connection, point: PointInTime, _kind: Kind, local_id: str
) -> Iterable[tuple[Any, ...]]:
    # A result's versions lie in the weeks of its course; one that moved has several places to look in.
    order = ", ".join(ORDER)
    return connection.execute(
        f"""
        WITH places AS (
            SELECT course, student, outcome_id FROM result_places WHERE tenant = :tenant AND result_id = :id
            UNION SELECT course, student, outcome_id FROM moved_results WHERE tenant = :tenant AND result_id = :id)
        SELECT {order}, position FROM places p JOIN course_weeks w ON w.course = p.course
        JOIN result_versions v ON v.week = w.week AND v.course = p.course AND v.student = p.student
            AND v.outcome_id = p.outcome_id AND v.result_id = :id
        WHERE event_time <= :until AND position <= :known_at ORDER BY {order}
        """,
        {**point.bounds(), "id": local_id},
    )
