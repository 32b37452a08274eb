"""From one event to the rows that it adds. Large text stays in the log; a row's `position` leads to it."""

import sqlite3
from dataclasses import dataclass, field
from typing import Any

import orjson

from domain.event import Event, order_key
from domain.group import GroupBody
from domain.identity import Context, Kind, context_of
from domain.link import LinkBody
from domain.outcome import OutcomeBody
from domain.proficiency import ProficiencyBody
from domain.result import ResultBody
from domain.times import Micros, micros
from projections.schema import VERSION_TABLES

WEEK: Micros = 7 * 86_400_000_000
NO_CONTEXT = Context("Unknown", "")
"""Where results hang that name no course (archives of 2019/20)."""
NO_STUDENT = ""

IMPORT_JOB = "OutcomeImport#run"
_INTERNED_AT_MOST = 200_000


@dataclass
class Interner:
    """Small numbers for long names, the same for ever; made as names turn up."""

    connection: sqlite3.Connection
    _tenants: dict[str, int] = field(default_factory=dict)
    _contexts: dict[tuple[int, Context], int] = field(default_factory=dict)
    _students: dict[tuple[int, str], int] = field(default_factory=dict)

    def tenant(self, uuid: str) -> int:
        """Return the number of a tenant."""
        number = self._tenants.get(uuid)
        if number is None:
            number = self._tenants[uuid] = self._intern("tenants", "tenant", {"uuid": uuid})
        return number

    def context(self, tenant: int, context: Context) -> int:
        """Return the number of a context of a tenant."""
        number = self._contexts.get((tenant, context))
        if number is None:
            names = {"tenant": tenant, "type": context.type, "id": context.id}
            number = self._contexts[(tenant, context)] = self._intern("contexts", "context", names)
        return number

    def student(self, tenant: int, uuid: str) -> int:
        """Return the number of a student of a tenant."""
        number = self._students.get((tenant, uuid))
        if number is None:
            if len(self._students) >= _INTERNED_AT_MOST:
                self._students.clear()
            names = {"tenant": tenant, "uuid": uuid}
            number = self._students[(tenant, uuid)] = self._intern("students", "student", names)
        return number

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
class Rows:
    """The rows that a batch adds, by table."""

    interner: Interner
    versions: dict[Kind, list[tuple[Any, ...]]] = field(default_factory=lambda: {kind: [] for kind in VERSION_TABLES})
    results: list[tuple[Any, ...]] = field(default_factory=list)
    places: list[tuple[Any, ...]] = field(default_factory=list)
    members: set[tuple[int, str, str]] = field(default_factory=set)
    course_weeks: set[tuple[int, int]] = field(default_factory=set)
    student_courses: set[tuple[int, int]] = field(default_factory=set)

    def add(self, event: Event, digest: bytes, position: int) -> None:
        """Add the rows of one event."""
        body = event.body
        tenant = self.interner.tenant(event.tenant)
        key = order_key(event, digest)
        if isinstance(body, ResultBody):
            self._add_result(tenant, body, key, position)
            return
        assert isinstance(body, OutcomeBody | GroupBody | LinkBody | ProficiencyBody)  # noqa: S101 - closed types
        context = self.interner.context(tenant, body.context)
        head = (position, tenant, body.local_id, *key, context, body.workflow_state)
        self.members.add((context, event.kind.value, body.local_id))
        if isinstance(body, OutcomeBody):
            by_import = event.metadata.job_tag == IMPORT_JOB
            self.versions[Kind.OUTCOME].append(head + _outcome_columns(body, by_import=by_import))
        elif isinstance(body, GroupBody):
            row = (body.title, body.vendor_guid, body.parent_outcome_group_id)
            self.versions[Kind.GROUP].append(head + row)
        elif isinstance(body, LinkBody):
            # The linked outcome belongs to this tree, too, wherever it was created.
            self.members.add((context, Kind.OUTCOME.value, body.learning_outcome_id))
            self.versions[Kind.LINK].append((*head, body.learning_outcome_id, body.learning_outcome_group_id))
        else:
            self.versions[Kind.PROFICIENCY].append((*head, _ratings(body)))

    def _add_result(self, tenant: int, body: ResultBody, key: tuple[Any, ...], position: int) -> None:
        course = self.interner.context(tenant, result_context(body))
        student = self.interner.student(tenant, body.user_uuid or NO_STUDENT)
        week = key[0] // WEEK
        place = (course, student, body.learning_outcome_id)
        self.results.append(
            (
                week,
                *place,
                body.id,
                *key,
                position,
                body.workflow_state,
                body.score,
                body.possible,
                body.percent,
                None if body.assessed_at is None else micros(body.assessed_at),
                body.artifact_type,
                body.artifact_id,
            )
        )
        self.places.append((tenant, body.id, *place))
        self.course_weeks.add((course, week))
        self.student_courses.add((student, course))

    def write(self) -> None:
        """Insert everything, sorted by key; what is there already (a batch taken twice) stays."""
        connection = self.interner.connection
        for kind, rows in self.versions.items():
            _insert(connection, VERSION_TABLES[kind], rows)
        # Neighbours in the tree one after the other: each page is touched once.
        self.results.sort()
        _insert(connection, "result_versions", self.results)
        connection.executemany(
            "INSERT INTO result_places VALUES (?, ?, ?, ?, ?) ON CONFLICT (tenant, result_id) DO UPDATE SET "
            "course = excluded.course, student = excluded.student, outcome_id = excluded.outcome_id "
            "WHERE (course, student, outcome_id) <> (excluded.course, excluded.student, excluded.outcome_id)",
            self.places,
        )
        _insert(connection, "members", sorted(self.members))
        _insert(connection, "course_weeks", sorted(self.course_weeks))
        _insert(connection, "student_courses", sorted(self.student_courses))


def result_context(body: ResultBody) -> Context:
    """Return the course that a result counts in; its own name for those that name none."""
    if body.result_context_type is None or body.result_context_id is None:
        return NO_CONTEXT
    return context_of(body.result_context_type, body.result_context_id)


def _outcome_columns(body: OutcomeBody, *, by_import: bool) -> tuple[Any, ...]:
    criterion = body.rubric_criterion
    return (
        body.label,
        body.display_name,
        body.vendor_guid,
        body.calculation_method,
        body.calculation_int,
        criterion.mastery_points if criterion else None,
        criterion.points_possible if criterion else None,
        by_import,
    )


def _ratings(body: ProficiencyBody) -> str:
    ratings = body.outcome_proficiency_ratings or ()
    return orjson.dumps([rating.model_dump(exclude_none=True) for rating in ratings]).decode()


def _insert(connection: sqlite3.Connection, table: str, rows: list[tuple[Any, ...]]) -> None:
    if rows:
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", rows)
