"""Which rows of mastery are of a section, a term and an account, each by Canvas's own id or the school's."""

import sqlite3
from collections.abc import Callable
from typing import NamedTuple

from outcomes.domain.errors import UsageError
from outcomes.domain.identity import Context, Kind, local_id
from outcomes.projections.as_of.lookups import context_number, seek
from outcomes.projections.as_of.names import student_ids
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.mastery.policy import PolicyBook
from outcomes.projections.mastery.row import MasteryRow
from outcomes.projections.views.schema import ID_COLUMNS, VERSION_TABLES

Matches = Callable[[MasteryRow], bool]


class _Named(NamedTuple):
    id: str
    course: str | None


class RowFilter(NamedTuple):
    """What rows are asked for, each by id or by what the school calls it; None: all."""

    section: str | None = None
    term: str | None = None
    account: str | None = None


def matches_of(connection: sqlite3.Connection, point: PointInTime, asked: RowFilter) -> Matches | None:
    """Return what tells whether a row is of a section, a term and an account; None where none is asked for.

    Raises UsageError for one that nobody told.
    """
    if asked == RowFilter():
        return None
    courses = None if asked.term is None else _courses_of(connection, point, asked.term)
    members = None if asked.section is None else _members_of(connection, point, asked.section)
    account = None if asked.account is None else str(_account(connection, point, asked.account))
    book = PolicyBook(connection, point)

    def matches(row: MasteryRow) -> bool:
        is_below = account is None or account in book.chain(row.course_id).contexts
        is_in_term = courses is None or row.course_id in courses
        return is_below and is_in_term and (members is None or (row.course_id, row.student) in members)

    return matches


def _account(connection: sqlite3.Connection, point: PointInTime, name: str) -> Context:
    """Return the account that has an id, or that the school calls so; the last to speak is right."""
    known = context_number(connection, point, Context("Account", name))
    if known is not None:
        return Context("Account", name)
    up_to = "tenant = :tenant AND type = 'Account' AND event_time <= :until AND position <= :known_at"
    row = connection.execute(
        f"SELECT id FROM (SELECT id, sis_id, row_number() OVER (PARTITION BY id ORDER BY event_time DESC, digest DESC) "
        f"AS place FROM sis_ids WHERE {up_to}) WHERE place = 1 AND sis_id = :name ORDER BY id LIMIT 1",
        {**point.bounds(), "name": name},
    ).fetchone()
    if row is None:
        raise UsageError(f"no such account: {name!r}: give the id of one, or a SIS id that events or an export told")
    return Context("Account", row[0])


def _courses_of(connection: sqlite3.Connection, point: PointInTime, term: str) -> set[str]:
    found = _named(connection, point, Kind.TERM, term)
    rows = connection.execute(
        "SELECT m.id FROM (SELECT DISTINCT course_detail_id AS id FROM course_detail_versions WHERE tenant = :tenant) "
        f"m JOIN course_detail_versions v ON v.position = {seek(Kind.COURSE_DETAIL)} WHERE v.term_id = :term",
        {**point.bounds(), "term": found.id},
    )
    return {row[0] for row in rows.fetchall()}


def _members_of(connection: sqlite3.Connection, point: PointInTime, section: str) -> set[tuple[str, str]]:
    """Return (course, student) of all who are enrolled in a section."""
    found = _named(connection, point, Kind.SECTION, section)
    rows = connection.execute(
        "SELECT v.user_uuid, v.user_id, v.course_section_id FROM (SELECT DISTINCT e.enrollment_id AS id "
        "FROM course_enrollments e JOIN contexts c ON c.context = e.course "
        "WHERE c.tenant = :tenant AND c.type = 'Course' AND c.id = :course) m "
        f"JOIN enrollment_versions v ON v.position = {seek(Kind.ENROLLMENT)} "
        "WHERE coalesce(v.workflow_state, 'active') <> 'deleted' AND v.course_section_id IS NOT NULL",
        {**point.bounds(), "course": found.course},
    ).fetchall()
    users = student_ids(connection, point)
    students = (uuid or users.get(user or "") for uuid, user, of in rows if local_id(of) == found.id)
    return {(found.course or "", student) for student in students if student is not None}


def _named(connection: sqlite3.Connection, point: PointInTime, kind: Kind, name: str) -> _Named:
    """Return the section or term that is called so, by id or by the school's own name for it."""
    table, identity = VERSION_TABLES[kind], ID_COLUMNS[kind]
    rows = connection.execute(
        f"SELECT m.id, c.id FROM (SELECT DISTINCT {identity} AS id FROM {table} WHERE tenant = :tenant) m "
        f"JOIN {table} v ON v.position = {seek(kind)} LEFT JOIN contexts c ON c.context = v.context "
        "WHERE m.id = :name OR v.sis_id = :name ORDER BY m.id = :name DESC",
        {**point.bounds(), "name": name},
    )
    found = rows.fetchone()
    if found is None:
        raise UsageError(
            f"no such {kind}: {name!r}: give the id or SIS id of one that an export told "
            "(outcomes bootstrap --from FOLDER)"
        )
    return _Named(*found)
