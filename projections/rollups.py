"""The kept `mastery` table: current rollups, followed incrementally, off the append path."""

import sqlite3
from collections.abc import Iterable
from typing import Any

import orjson

from projections.mastery import MasteryRow, mastery_at
from projections.point import Asked, Point, resolve_cut, tenants
from projections.scores import Scope
from projections.views import Views

_COLUMNS = ", ".join('"order"' if name == "order" else name for name in MasteryRow._fields)


def refresh(views: Views) -> int:
    """Compute again what batches have marked since the last time; return how many pairs.

    One course is one transaction: a process killed in between goes on with the next course.
    """
    with views.reading() as connection:
        if connection.execute("SELECT 1 FROM mastery_to_refresh LIMIT 1").fetchone() is None:
            return 0
    done = 0
    with views.writing("refreshing mastery") as connection:
        _spell_out_everything(connection)
    while True:
        with views.writing("refreshing mastery") as connection:
            row = connection.execute("SELECT course FROM mastery_to_refresh ORDER BY course LIMIT 1").fetchone()
            if row is None:
                return done
            done += _refresh_course(connection, int(row[0]))


def is_fresh(connection: sqlite3.Connection) -> bool:
    """Say whether the kept rows are those of this snapshot: an ingest may have come after the last refresh."""
    return connection.execute("SELECT 1 FROM mastery_to_refresh LIMIT 1").fetchone() is None


def kept(connection: sqlite3.Connection, point: Point, scope: Scope) -> Iterable[MasteryRow]:
    """Return the kept rows of a scope, sorted as the contract says."""
    where = "".join(
        f" AND {column} = :{column}"
        for column, value in (("course_id", scope.course), ("student", scope.student), ("outcome_id", scope.outcome))
        if value is not None
    )
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM mastery WHERE tenant = :tenant{where}",
        {
            "tenant": point.number,
            "course_id": scope.course,
            "student": scope.student,
            "outcome_id": scope.outcome,
        },
    )
    return sorted((_row(row) for row in rows), key=lambda row: row.sort_key)


def _spell_out_everything(connection: sqlite3.Connection) -> None:
    """Turn "everything" into every course, so that it can be done and remembered course by course."""
    if connection.execute("DELETE FROM mastery_to_refresh WHERE course = 0 RETURNING 1").fetchall():
        connection.execute("INSERT OR IGNORE INTO mastery_to_refresh SELECT DISTINCT course, 0 FROM course_weeks")


def _refresh_course(connection: sqlite3.Connection, course: int) -> int:
    marked = connection.execute(
        "DELETE FROM mastery_to_refresh WHERE course = ? RETURNING student", (course,)
    ).fetchall()
    tenant, type_, course_id = connection.execute(
        "SELECT tenant, type, id FROM contexts WHERE context = ?", (course,)
    ).fetchone()
    if type_ != "Course":
        return 0
    cut = resolve_cut(connection, Asked())
    uuid = next(uuid for uuid, number in tenants(connection).items() if number == tenant)
    point = Point(uuid, tenant, None, cut.known_at, cut.until)
    done = 0
    for scope in _scopes(connection, course_id, [int(row[0]) for row in marked]):
        student = "" if scope.student is None else " AND student = :student"
        connection.execute(
            f"DELETE FROM mastery WHERE tenant = :tenant AND course_id = :course{student}",
            {"tenant": tenant, "course": course_id, "student": scope.student},
        )
        rows = [(tenant, *_cells(row)) for row in mastery_at(connection, point, scope)]
        marks = ", ".join("?" * (len(MasteryRow._fields) + 1))
        connection.executemany(f"INSERT INTO mastery (tenant, {_COLUMNS}) VALUES ({marks})", rows)
        done += len(rows)
    return done


def _scopes(connection: sqlite3.Connection, course_id: str, students: list[int]) -> list[Scope]:
    if 0 in students:
        return [Scope(course=course_id)]
    names = (
        connection.execute("SELECT uuid FROM students WHERE student = ?", (number,)).fetchone()[0]
        for number in students
    )
    return [Scope(course=course_id, student=name) for name in names]


def _cells(row: MasteryRow) -> tuple[Any, ...]:
    return (*row[:-1], orjson.dumps(row.notes).decode())


def _row(cells: tuple[Any, ...]) -> MasteryRow:
    row = MasteryRow(*cells)
    mastered = None if row.mastered is None else bool(row.mastered)
    return row._replace(mastered=mastered, notes=tuple(orjson.loads(cells[-1])))
