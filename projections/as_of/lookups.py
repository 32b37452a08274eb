"""Small look-ups by key that many questions share."""

import sqlite3
from collections.abc import Iterable

import orjson

from outcomes.domain.identity import Context, Kind
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.views.predecessors import newest_known
from outcomes.projections.views.schema import ID_COLUMNS, ORDER, VERSION_TABLES


def seek(kind: Kind, identity: str = "m.id", tenant: str = ":tenant") -> str:
    """Return SQL for the position of an entity's version in force at (:until, :known_at); NULL if none is."""
    return newest_known(VERSION_TABLES[kind], ID_COLUMNS[kind], identity, tenant, ORDER)


def id_list(ids: Iterable[str] | Iterable[int]) -> str:
    """Return any number of ids as the one parameter that SQL reads with `json_each`."""
    return orjson.dumps(list(ids)).decode()


def context_number(connection: sqlite3.Connection, point: PointInTime, context: Context) -> int | None:
    """Return the number of a context in the tables."""
    row = connection.execute(
        "SELECT context FROM contexts WHERE tenant = ? AND type = ? AND id = ?", (point.number, *context)
    ).fetchone()
    return None if row is None else int(row[0])


def student_uuids(connection: sqlite3.Connection, numbers: Iterable[int]) -> dict[int, str]:
    """Return the students that stand behind numbers."""
    rows = connection.execute(
        "SELECT student, uuid FROM students WHERE student IN (SELECT value FROM json_each(?))",
        (id_list(sorted(numbers)),),
    )
    return dict(rows.fetchall())
