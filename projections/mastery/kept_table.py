"""The kept `mastery` table: current rollups, followed incrementally, off the append path."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import orjson

from outcomes.projections.as_of.lookups import student_uuids
from outcomes.projections.as_of.point import PointInTime, PointQuery, resolve_cut, tenants
from outcomes.projections.mastery.policy import PolicyBook
from outcomes.projections.mastery.query import rows_by_pair
from outcomes.projections.mastery.results import Scope
from outcomes.projections.mastery.row import MasteryRow
from outcomes.projections.views.read_model import ReadModel

_COURSES_AT_ONCE = 25
# Fewer are computed one by one; for more, a whole course in columns is quicker, even if few of its rows are kept.
_MANY_STUDENTS = 12

_COLUMNS = ", ".join('"order"' if name == "order" else name for name in MasteryRow._fields)


def refresh(views: ReadModel) -> int:
    """Compute again what batches have marked since the last time; return how many pairs.

    Some courses are one transaction: a process killed in between goes on with the next of them.
    """
    with views.reading() as connection:
        if connection.execute("SELECT 1 FROM mastery_to_refresh LIMIT 1").fetchone() is None:
            return 0
    done = 0
    with views.writing("refreshing mastery") as connection:
        _spell_out_everything(connection)
    while True:
        with views.writing("refreshing mastery") as connection:
            marked = _take_marks(connection)
            if not marked:
                return done
            done += _refresh_courses(connection, marked)


def is_fresh(connection: sqlite3.Connection) -> bool:
    """Say whether the kept rows are those of this snapshot: an ingest may have come after the last refresh."""
    return connection.execute("SELECT 1 FROM mastery_to_refresh LIMIT 1").fetchone() is None


def kept(connection: sqlite3.Connection, point: PointInTime, scope: Scope) -> Iterable[MasteryRow]:
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


def _take_marks(connection: sqlite3.Connection) -> dict[int, set[int]]:
    """Remove the marks of the next few courses and return them: the students of each course, 0 for all."""
    rows = connection.execute(
        "DELETE FROM mastery_to_refresh WHERE course IN (SELECT DISTINCT course FROM mastery_to_refresh "
        "ORDER BY course LIMIT ?) RETURNING course, student",
        (_COURSES_AT_ONCE,),
    )
    marked: dict[int, set[int]] = defaultdict(set)
    for course, student in rows.fetchall():
        marked[course].add(student)
    return marked


def _refresh_courses(connection: sqlite3.Connection, marked: dict[int, set[int]]) -> int:
    from outcomes.projections.mastery.columnar.rows import rows_of_courses  # noqa: PLC0415 - numpy is slow to load: see projections.mastery

    cut = resolve_cut(connection, PointQuery())
    done = 0
    for uuid, number in tenants(connection).items():
        point = PointInTime(uuid, number, None, cut.known_at, cut.until)
        book = PolicyBook(connection, point)
        courses = _courses_of_tenant(connection, number, marked)
        whole = [course for course, students in courses.items() if students is None or len(students) >= _MANY_STUDENTS]
        for course, students in courses.items():
            _forget(connection, point, course, students)
        done += _keep(
            connection,
            point,
            (
                row
                for row in rows_of_courses(connection, point, book, whole)
                if (students := courses[row.course_id]) is None or row.student in students
            ),
        )
        for course in courses.keys() - set(whole):
            for student in sorted(courses[course] or ()):
                rows = rows_by_pair(connection, point, book, course, Scope(course=course, student=student))
                done += _keep(connection, point, rows)
    return done


def _courses_of_tenant(
    connection: sqlite3.Connection, tenant: int, marked: dict[int, set[int]]
) -> dict[str, set[str] | None]:
    """Return, of what is marked, a tenant's courses in the order of the table, with their students; None is all."""
    found: dict[str, set[str] | None] = {}
    for number, students in marked.items():
        row = connection.execute(
            "SELECT id FROM contexts WHERE context = ? AND tenant = ? AND type = 'Course'", (number, tenant)
        ).fetchone()
        if row is not None:
            found[row[0]] = None if 0 in students else set(student_uuids(connection, students).values())
    return dict(sorted(found.items()))


def _forget(connection: sqlite3.Connection, point: PointInTime, course: str, students: set[str] | None) -> None:
    where, place = "DELETE FROM mastery WHERE tenant = ? AND course_id = ?", (point.number, course)
    if students is None:
        connection.execute(where, place)
    else:
        connection.executemany(f"{where} AND student = ?", ((*place, student) for student in sorted(students)))


def _keep(connection: sqlite3.Connection, point: PointInTime, rows: Iterable[MasteryRow]) -> int:
    marks = ", ".join("?" * (len(MasteryRow._fields) + 1))
    cells = ((point.number, *row[:-1], _notes_text(row.notes)) for row in rows)
    return connection.executemany(f"INSERT INTO mastery (tenant, {_COLUMNS}) VALUES ({marks})", cells).rowcount


@lru_cache(maxsize=1_000)
def _notes_text(notes: tuple[str, ...]) -> str:
    return orjson.dumps(notes).decode()


def _row(cells: tuple[Any, ...]) -> MasteryRow:
    row = MasteryRow(*cells)
    mastered = None if row.mastered is None else bool(row.mastered)
    return row._replace(mastered=mastered, notes=tuple(orjson.loads(cells[-1])))
