"""The contexts of a tenant, and what each is called at a point."""

import sqlite3
from typing import NamedTuple

from outcomes.domain.identity import Context, id_sort_key
from outcomes.projections.as_of.point import PointInTime


class Place(NamedTuple):
    """A context: its name, where events have told one; whether it has a tree, and whether anybody was assessed."""

    context: Context
    name: str | None
    has_tree: bool
    has_results: bool


def places(connection: sqlite3.Connection, point: PointInTime) -> list[Place]:
    """Return the contexts of which anything is known, accounts first, each kind by id.

    A context is called what its own events say, else what its topmost group is called (DOMAIN.md 6).
    """
    titles = _last_names(connection, point, "group_versions", "title", "AND parent_id IS NULL")
    titles |= _last_names(connection, point, "account_versions", "name")
    titles |= _last_names(connection, point, "course_versions", "name")
    rows = connection.execute(
        "SELECT c.context, c.type, c.id, EXISTS (SELECT 1 FROM members m WHERE m.context = c.context), "
        "EXISTS (SELECT 1 FROM course_weeks w WHERE w.course = c.context) FROM contexts c WHERE c.tenant = ?",
        (point.number,),
    )
    found = [
        Place(Context(kind, local_id), titles.get(number), bool(has_tree), bool(has_results))
        for number, kind, local_id, has_tree, has_results in rows
    ]
    return sorted(found, key=lambda place: (place.context.type != "Account", place.context.type, _by_id(place)))


def _by_id(place: Place) -> tuple[int, int, str]:
    return id_sort_key(place.context.id)


def _last_names(
    connection: sqlite3.Connection, point: PointInTime, table: str, column: str, condition: str = ""
) -> dict[int, str]:
    rows = connection.execute(
        f"SELECT context, {column} FROM {table} WHERE tenant = :tenant AND event_time <= :until "
        f"AND position <= :known_at AND {column} IS NOT NULL {condition} ORDER BY event_time, digest",
        point.bounds(),
    )
    return dict(rows.fetchall())
