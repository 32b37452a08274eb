"""From what an event says to the rows that it adds. Large text stays in the log; a row's `position` leads to it."""

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from outcomes.domain.identity import Kind, local_id
from outcomes.projections.views.extract import Facts
from outcomes.projections.views.schema import VERSION_TABLES

RUBRIC_ASSESSMENT = "RubricAssessment"
_RESULT = Kind.RESULT.value
_ENROLLMENT = Kind.ENROLLMENT.value
_INTERNED_AT_MOST = 200_000
_FEW = 100
_USER_UUID = 1
"""Where in the columns of an enrollment, after its state."""
# Where in a row of result_versions.
_IS_UPDATE, _ARTIFACT_TYPE, _ARTIFACT_ID = 7, 15, 16


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
            found = self.connection.execute(
                f"INSERT INTO {table} ({', '.join(names)}) VALUES ({values}) RETURNING {column}", names
            ).fetchone()
        return int(found[0])


@dataclass
class ViewWriter:
    """The rows that a batch adds, by table."""

    interner: IdTable
    versions: dict[str, list[tuple[Any, ...]]] = field(default_factory=lambda: {kind: [] for kind in VERSION_TABLES})
    results: list[tuple[Any, ...]] = field(default_factory=list)
    places: list[tuple[Any, ...]] = field(default_factory=list)
    placements: set[tuple[Any, ...]] = field(default_factory=set)
    names: set[tuple[Any, ...]] = field(default_factory=set)
    members: set[tuple[int, str, str]] = field(default_factory=set)
    enrollments: set[tuple[int, str, str]] = field(default_factory=set)
    sis_ids: set[tuple[Any, ...]] = field(default_factory=set)

    def add(self, found: Iterable[tuple[int, Facts | None]]) -> None:
        """Add the rows of events: their positions, and what is known of them, if it is an event that is projected."""
        known = [(position, facts) for position, facts in found if facts is not None]
        # In the order of the log, not of a set: numbers are given as names turn up.
        for uuid, root in dict.fromkeys((facts[1], facts[2]) for _, facts in known):
            if root is not None and (number := self.interner.new_root(uuid, root)) is not None:
                # Which account is the root is no event: it was so from the beginning.
                self.placements.add((number, 0, b"", 0, number))
        for position, facts in known:
            if facts[3] is not None:
                self._add_placement(facts, position)
            for type_, local, sis_id, event_time, digest in facts[4]:
                self.sis_ids.add((self.interner.tenants[facts[1]], type_, local, event_time, digest, position, sis_id))
            if facts[0] != _RESULT:
                self._add_version(facts, position)
        self._add_results([(position, facts) for position, facts in known if facts[0] == _RESULT])

    def _add_placement(self, facts: Facts, position: int) -> None:
        _, uuid, _, (type_, child, parent, event_time, digest), *_ = facts
        lower, upper = self.interner.contexts[uuid, type_, child], self.interner.contexts[uuid, "Account", parent]
        self.placements.add((lower, event_time, digest, position, upper))

    def _add_results(self, found: list[tuple[int, Facts]]) -> None:
        # Nine tenths of all rows: no call for each of them.
        contexts, students, tenants = self.interner.contexts, self.interner.students, self.interner.tenants
        rows = [
            (week, contexts[where], students[who], *key, position, *columns)
            for position, (_, _, _, _, _, where, who, week, key, columns) in found
        ]
        self.results += rows
        self.places += [
            (tenants[facts[1]], row[4], row[1], row[2], row[3]) for row, (_, facts) in zip(rows, found, strict=True)
        ]

    def _add_version(self, facts: Facts, position: int) -> None:
        kind, uuid, _, _, _, where, entity_id, key, columns, outcome_id, named = facts
        tenant = self.interner.tenants[uuid]
        context = None if where is None else self.interner.contexts[where]
        if context is not None and kind == _ENROLLMENT:
            self.enrollments.add((context, columns[_USER_UUID] or "", entity_id))
        elif context is not None:
            self.members.add((context, kind, entity_id))
            if outcome_id is not None:
                # The linked outcome belongs to this tree, too, wherever it was created.
                self.members.add((context, Kind.OUTCOME.value, outcome_id))
        if named is not None:
            self.names.add((tenant, named[0], key[0], key[3], position, named[1]))
        self.versions[kind].append((position, tenant, entity_id, *key, context, *columns))

    def write(self) -> None:
        """Insert everything, sorted by key; what is there already (a batch taken twice) stays."""
        connection = self.interner.connection
        for kind, rows in self.versions.items():
            _insert(connection, VERSION_TABLES[Kind(kind)], rows)
        self._write_places()
        # Neighbours in the tree one after the other: each page is touched once.
        _insert(connection, "result_versions", sorted(self.results))
        _insert(connection, "members", sorted(self.members))
        _insert(connection, "placements", sorted(self.placements))
        _insert(connection, "names", sorted(self.names))
        _insert(connection, "sis_ids", sorted(self.sis_ids))
        _insert(connection, "course_enrollments", sorted(self.enrollments))

    def _write_places(self) -> None:
        """Note where each result is to be found, and which few were ever somewhere else."""
        connection = self.interner.connection
        rubric = {
            (place[0], row[_ARTIFACT_ID], place[2], place[3])
            for row, place in zip(self.results, self.places, strict=True)
            if row[_ARTIFACT_TYPE] == RUBRIC_ASSESSMENT and row[_ARTIFACT_ID] is not None
        }
        _insert(connection, "rubric_results", sorted(rubric))
        _insert(connection, "course_weeks", sorted({(row[1], row[0]) for row in self.results}))
        _insert(connection, "student_courses", sorted({(row[2], row[1]) for row in self.results}))
        # Most results come once. Only where one may have come before is it asked whether it was elsewhere then.
        once = [place for row, place in zip(self.results, self.places, strict=True) if not row[_IS_UPDATE]]
        again = [place for row, place in zip(self.results, self.places, strict=True) if row[_IS_UPDATE]]
        for start in range(0, len(once), _FEW):
            some = once[start : start + _FEW]
            if _insert(connection, "result_places", some) < len(some):
                again += some
        _insert(connection, "result_places", again)
        connection.executemany(_NOTE_WHERE_IT_WAS, again)
        if connection.execute("SELECT 1 FROM moved_results LIMIT 1").fetchone() is not None:
            connection.executemany(_NOTE_WHERE_IT_IS, again)


# A result belongs to one student and outcome for life; of the few that do not, every place they had is listed.
_NOTE_WHERE_IT_WAS = """
INSERT OR IGNORE INTO moved_results SELECT * FROM result_places
WHERE tenant = ?1 AND result_id = ?2 AND (course, student, outcome_id) <> (?3, ?4, ?5)
"""
_NOTE_WHERE_IT_IS = """
INSERT OR IGNORE INTO moved_results SELECT ?1, ?2, ?3, ?4, ?5
WHERE EXISTS (SELECT 1 FROM moved_results WHERE tenant = ?1 AND result_id = ?2)
"""


def _insert(connection: sqlite3.Connection, table: str, rows: list[tuple[Any, ...]]) -> int:
    """Insert those rows that are not there; return how many."""
    if not rows:
        return 0
    marks = ", ".join("?" * len(rows[0]))
    return connection.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", rows).rowcount
