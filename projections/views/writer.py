"""From what an event says to the rows that it adds. Large text stays in the log; a row's `position` leads to it."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import compress
from operator import not_, pos
from typing import Any

from outcomes.domain.identity import OBSERVED_ONLY, Kind, local_id
from outcomes.projections.views.extract import RESULT, WEEK, ResultRow, Row, VersionRow, named
from outcomes.projections.views.schema import VERSION_TABLES
from outcomes.store.sqlite.bulk_insert import ROWS_AT_ONCE, insert_or_ignore, one_after_the_other, row_by_row

_INTERNED_AT_MOST = 50_000
_FEW_WEEKS = 8
"""So many, with their courses, are few pages, which stay at hand however their results come."""
_NO_MEMBERS = frozenset(kind.value for kind in OBSERVED_ONLY)
"""Kinds that are found by their context in their own tables: one for every result would swell the trees' table."""
_TOLD_PLACE, _TOLD_SIS_IDS = map(ResultRow._fields.index, ("place", "sis_ids"))
"""What a result tells of others; most tell nothing."""


Found = tuple[int, tuple[Any, ...] | None]
"""An event's position, and the values of its row; None of an event that is not projected."""


class _Numbers(dict[Any, int]):
    """Numbers of names, made as names turn up: after that a look-up in a dictionary, without a call."""

    def __init__(self, make: Callable[[Any], int]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, name: Any) -> int:
        if len(self) >= _INTERNED_AT_MOST:
            self.clear()
        number = self[name] = self._make(name)
        return number


class IdTable:
    """Small numbers for long names, the same for ever.

    `tenants` has uuids, `contexts` (tenant, type, id), `students` (tenant, uuid).
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.tenants = _Numbers(lambda uuid: self._intern("tenants", "tenant", {"uuid": uuid}))
        self.contexts = _Numbers(self._context)
        self.students = _Numbers(self._student)
        self._roots: set[tuple[str, str]] = set()

    def know(self, tenants: Iterable[str]) -> None:
        """Give tenants their numbers, in this order."""
        for uuid in tenants:
            self.tenants[uuid]

    def _context(self, name: tuple[str, str, str]) -> int:
        uuid, type_, local_id = name
        return self._intern("contexts", "context", {"tenant": self.tenants[uuid], "type": type_, "id": local_id})

    def _student(self, name: tuple[str, str]) -> int:
        uuid, student = name
        return self._intern("students", "student", {"tenant": self.tenants[uuid], "uuid": student})

    def new_root(self, uuid: str, root_account_id: str) -> int | None:
        """Return the number of a tenant's root account if this is the first event that names it; nearly all do."""
        key = (uuid, root_account_id)
        if key in self._roots:
            return None
        self._roots.add(key)
        return self.contexts[uuid, "Account", local_id(root_account_id)]

    def _intern(self, table: str, column: str, names: dict[str, Any]) -> int:
        where = " AND ".join(f"{name} = :{name}" for name in names)
        found = self.connection.execute(f"SELECT {column} FROM {table} WHERE {where}", names).fetchone()
        if found is None:
            values = ", ".join(f":{name}" for name in names)
            made = self.connection.execute(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({values})", names)
            assert made.lastrowid is not None  # noqa: S101 - a row was inserted
            return made.lastrowid
        return int(found[0])


@dataclass
class ViewWriter:
    """What a batch adds, by table: rows of `versions`, and the columns of `results`, are those of their tables."""

    ids: IdTable
    versions: dict[str, list[tuple[Any, ...]]] = field(default_factory=lambda: {kind: [] for kind in VERSION_TABLES})
    results: list[list[Any]] = field(default_factory=list)
    placements: set[tuple[Any, ...]] = field(default_factory=set)
    names: set[tuple[Any, ...]] = field(default_factory=set)
    members: set[tuple[int, str, str]] = field(default_factory=set)
    enrollments: set[tuple[int, str, str]] = field(default_factory=set)
    sis_ids: set[tuple[Any, ...]] = field(default_factory=set)
    hosts: dict[tuple[str, str | None], int] = field(default_factory=dict)
    # Where each result is to be found: those that come for the first time, and those that may have come before.
    _first_places: list[tuple[Any, ...]] = field(default_factory=list)
    _later_places: list[tuple[Any, ...]] = field(default_factory=list)
    _rubric_results: set[tuple[int, str, int, int]] = field(default_factory=set)
    _course_weeks: set[tuple[int, int]] = field(default_factory=set)
    _student_courses: set[tuple[int, int]] = field(default_factory=set)

    def add(self, found: Iterable[Found]) -> None:
        """Add the rows of events: their positions, and what was extracted, if it is an event that is projected."""
        results: list[tuple[int, tuple[Any, ...]]] = []
        for position, values in found:
            if values is None:
                continue
            if values[0] == RESULT and values[_TOLD_PLACE] is None and not values[_TOLD_SIS_IDS]:
                results.append((position, values))
                continue
            row = named(values)
            self._add_what_it_tells_of_others(row, position)
            if isinstance(row, ResultRow):
                results.append((position, values))
            else:
                self._add_sender((row.tenant, row.root_account, row.host), position)
                self._add_version(row, position)
        if results:
            self._add_results(*zip(*results, strict=True))

    def _add_sender(self, sender: tuple[str, str | None, str | None], position: int) -> None:
        """Note which account is the root of a tenant, and that a host sent for it."""
        uuid, root, host = sender
        if root is not None and (number := self.ids.new_root(uuid, root)) is not None:
            # Which account is the root is no event: it was so from the beginning.
            self.placements.add((number, 0, b"", 0, number))
        if position < self.hosts.get((uuid, host), position + 1):
            self.hosts[uuid, host] = position

    def _add_what_it_tells_of_others(self, row: Row, position: int) -> None:
        if row.place is not None:
            self._add_placement(row, position)
        for type_, of, sis_id in row.sis_ids:
            place = (self.ids.tenants[row.tenant], type_, of, row.event_time, row.digest)
            self.sis_ids.add((*place, position, sis_id))

    def _add_placement(self, row: Row, position: int) -> None:
        lower, upper = self.ids.contexts[row.place], self.ids.contexts[row.parent]
        self.placements.add((lower, row.event_time, row.digest, position, upper))

    def _add_results(self, positions: tuple[int, ...], found: tuple[tuple[Any, ...], ...]) -> None:
        # Nine tenths of all rows: column by column, with nothing of Python for each of them.
        of = dict(zip(ResultRow._fields, zip(*found, strict=True), strict=True))
        senders = list(zip(of["tenant"], of["root_account"], of["host"], strict=True))
        # Positions rise or fall: the first of each sender is at one of the ends.
        for ends in (zip(senders, positions, strict=True), zip(senders[::-1], positions[::-1], strict=True)):
            for sender, position in dict(ends).items():
                self._add_sender(sender, position)
        tenants = list(map(self.ids.tenants.__getitem__, of["tenant"]))
        courses = list(map(self.ids.contexts.__getitem__, of["course"]))
        people = zip(of["tenant"], of["user_uuid"], strict=True)
        students = list(map(self.ids.students.__getitem__, people))
        weeks = [event_time // WEEK for event_time in of["event_time"]]
        where = (weeks, courses, students, of["outcome_id"], of["result_id"])
        order = (of["event_time"], of["updated_at"], map(pos, of["is_update"]), map(bytearray, of["digest"]))
        columns = (*where, *order, positions, *zip(*of["values"], strict=True))
        self.results = self.results or [[] for _ in columns]
        for column, values in zip(self.results, columns, strict=True):
            column.extend(values)
        places = list(zip(tenants, of["result_id"], courses, students, of["outcome_id"], strict=True))
        self._first_places += compress(places, map(not_, of["is_update"]))
        self._later_places += compress(places, of["is_update"])
        self._course_weeks.update(zip(courses, weeks, strict=True))
        self._student_courses.update(zip(students, courses, strict=True))
        rubrics = zip(tenants, of["assessment_id"], courses, students, strict=True)
        self._rubric_results.update(rubric for rubric in rubrics if rubric[1] is not None)

    def _add_version(self, row: VersionRow, position: int) -> None:
        kind, entity_id = row.kind, row.entity_id
        tenant = self.ids.tenants[row.tenant]
        context = None if row.context is None else self.ids.contexts[row.context]
        if context is not None and row.enrolled is not None:
            self.enrollments.add((context, row.enrolled, entity_id))
        elif context is not None and kind not in _NO_MEMBERS:
            self.members.add((context, kind, entity_id))
            if row.outcome_id is not None:
                # The linked outcome belongs to this tree, too, wherever it was created.
                self.members.add((context, Kind.OUTCOME.value, row.outcome_id))
        if row.person is not None:
            self.names.add((tenant, row.person, row.event_time, row.digest, position, row.person_name))
        order = (row.event_time, row.updated_at, row.is_update, row.digest)
        self.versions[kind].append((position, tenant, entity_id, *order, context, *row.values))

    def write(self) -> None:
        """Insert everything, sorted by key; what is there already (a batch taken twice) stays."""
        connection = self.ids.connection
        for kind, rows in self.versions.items():
            _insert(connection, VERSION_TABLES[Kind(kind)], rows)
        self._write_places()
        self._write_results()
        _insert(connection, "members", sorted(self.members))
        _insert(connection, "placements", sorted(self.placements))
        _insert(connection, "names", sorted(self.names))
        _insert(connection, "sis_ids", sorted(self.sis_ids))
        _insert(connection, "course_enrollments", sorted(self.enrollments))
        connection.executemany(_NOTE_HOST, self._hosts())

    def _write_results(self) -> None:
        if not self.results:
            return
        columns: Sequence[Sequence[Any]] = self.results
        weeks = columns[0]
        if len(set(weeks)) > _FEW_WEEKS:
            # Neighbours in the tree one after the other: each page is touched once.
            columns = list(zip(*sorted(zip(*columns, strict=True)), strict=True))
        insert_or_ignore(self.ids.connection, "result_versions", len(columns), row_by_row(columns))

    def _hosts(self) -> list[tuple[int, str, int]]:
        tenants = self.ids.tenants
        return sorted((tenants[uuid], host, first) for (uuid, host), first in self.hosts.items() if host is not None)

    def _write_places(self) -> None:
        """Note where each result is to be found, and which few were ever somewhere else."""
        connection = self.ids.connection
        _insert(connection, "rubric_results", sorted(self._rubric_results))
        _insert(connection, "course_weeks", sorted(self._course_weeks))
        _insert(connection, "student_courses", sorted(self._student_courses))
        # Most results come once. Only where one may have come before is it asked whether it was elsewhere then.
        again = list(self._later_places)
        for start in range(0, len(self._first_places), ROWS_AT_ONCE):
            some = self._first_places[start : start + ROWS_AT_ONCE]
            if _insert(connection, "result_places", some) < len(some):
                again += some
        _insert(connection, "result_places", again)
        places = [dict(zip(_PLACE, place, strict=True)) for place in again]
        connection.executemany(_NOTE_WHERE_IT_WAS, places)
        if connection.execute("SELECT 1 FROM moved_results LIMIT 1").fetchone() is not None:
            connection.executemany(_NOTE_WHERE_IT_IS, places)


_NOTE_HOST = """
INSERT INTO hosts VALUES (?, ?, ?)
ON CONFLICT (tenant, host) DO UPDATE SET first_position = min(first_position, excluded.first_position)
"""

_PLACE = ("tenant", "result_id", "course", "student", "outcome_id")

# A result belongs to one student and outcome for life; of the few that do not, every place they had is listed.
_NOTE_WHERE_IT_WAS = """
INSERT OR IGNORE INTO moved_results SELECT * FROM result_places
WHERE tenant = :tenant AND result_id = :result_id AND (course, student, outcome_id) <> (:course, :student, :outcome_id)
"""
_NOTE_WHERE_IT_IS = """
INSERT OR IGNORE INTO moved_results SELECT :tenant, :result_id, :course, :student, :outcome_id
WHERE EXISTS (SELECT 1 FROM moved_results WHERE tenant = :tenant AND result_id = :result_id)
"""


def _insert(connection: sqlite3.Connection, table: str, rows: list[tuple[Any, ...]]) -> int:
    """Insert those rows that are not there; return how many."""
    if not rows:
        return 0
    return sum(part.stored for part in insert_or_ignore(connection, table, len(rows[0]), one_after_the_other(rows)))
