"""From one event to the rows that it adds. Large text stays in the log; a row's `position` leads to it."""

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson
from pydantic import BaseModel

from domain.event import Event, Metadata, order_key
from domain.identity import Context, Kind, context_of
from domain.link import LinkBody
from domain.neighbours import AccountBody, CourseBody, EnrollmentBody, UserBody, local_id
from domain.outcome import OutcomeBody
from domain.result import ResultBody
from domain.times import Micros, micros
from projections.schema import VERSION_TABLES

WEEK: Micros = 7 * 86_400_000_000
NO_CONTEXT = Context("Unknown", "")
"""Where results hang that name no course (archives of 2019/20)."""
NO_STUDENT = ""

IMPORT_JOB = "OutcomeImport#run"
RUBRIC_ASSESSMENT = "RubricAssessment"
_INTERNED_AT_MOST = 200_000


@dataclass
class Interner:
    """Small numbers for long names, the same for ever; made as names turn up."""

    connection: sqlite3.Connection
    _tenants: dict[str, int] = field(default_factory=dict)
    _contexts: dict[tuple[int, Context], int] = field(default_factory=dict)
    _students: dict[tuple[int, str], int] = field(default_factory=dict)
    _roots: set[tuple[int, str]] = field(default_factory=set)

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

    def is_new_root(self, tenant: int, root_account_id: str) -> bool:
        """Say whether this is the first event that names a tenant's root account; nearly every event names it."""
        if (tenant, root_account_id) in self._roots:
            return False
        self._roots.add((tenant, root_account_id))
        return True

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
    placements: set[tuple[Any, ...]] = field(default_factory=set)
    names: set[tuple[Any, ...]] = field(default_factory=set)
    members: set[tuple[int, str, str]] = field(default_factory=set)
    course_weeks: set[tuple[int, int]] = field(default_factory=set)
    student_courses: set[tuple[int, int]] = field(default_factory=set)
    rubric_results: set[tuple[int, str, int, int]] = field(default_factory=set)

    def add(self, event: Event, digest: bytes, position: int) -> None:
        """Add the rows of one event."""
        body, kind = event.body, event.kind
        tenant = self.interner.tenant(event.tenant)
        key = order_key(event, digest)
        self._learn_places(tenant, event, digest, position)
        if isinstance(body, ResultBody):
            self._add_result(tenant, body, key, position)
            return
        where = self._context_of(body)
        context = None if where is None else self.interner.context(tenant, where)
        if context is not None:
            self.members.add((context, kind.value, body.local_id))
            if isinstance(body, LinkBody):
                # The linked outcome belongs to this tree, too, wherever it was created.
                self.members.add((context, Kind.OUTCOME.value, body.learning_outcome_id))
        uuid, name = _named(body)
        if uuid and name:
            self.names.add((tenant, uuid, event.event_time, digest, position, name))
        row = (
            position,
            tenant,
            body.local_id,
            *key,
            context,
            body.workflow_state,
            *COLUMNS[kind](body, event.metadata),
        )
        self.versions[kind].append(row)

    def _context_of(self, body: Any) -> Context | None:
        """Return what an entity hangs in, or is: a course is itself a context."""
        if isinstance(body, CourseBody):
            return Context("Course", local_id(body.course_id))
        if isinstance(body, AccountBody):
            return Context("Account", local_id(body.account_id))
        # Asked of the type: an unknown field of an event may be called `context`, too.
        if not isinstance(getattr(type(body), "context", None), property):
            return None
        found: Context = body.context
        return found

    def _learn_places(self, tenant: int, event: Event, digest: bytes, position: int) -> None:
        metadata, body = event.metadata, event.body
        if metadata.root_account_id is not None and self.interner.is_new_root(tenant, metadata.root_account_id):
            root = self.interner.context(tenant, Context("Account", local_id(metadata.root_account_id)))
            # Which account is the root is no event: it was so from the beginning.
            self.placements.add((root, 0, b"", 0, root))
        child = parent = None
        if isinstance(body, CourseBody):
            child, parent = ("Course", body.course_id), body.account_id
        elif isinstance(body, AccountBody):
            child, parent = ("Account", body.account_id), body.parent_account_id or body.account_id
        elif metadata.context_type in {"Course", "Account"} and metadata.context_id is not None:
            # The envelope of a request names the account above its context (DOMAIN.md 2).
            child, parent = (metadata.context_type, metadata.context_id), metadata.context_account_id
        if child is not None and parent is not None:
            lower = self.interner.context(tenant, Context(child[0], local_id(child[1])))
            upper = self.interner.context(tenant, Context("Account", local_id(parent)))
            self.placements.add((lower, event.event_time, digest, position, upper))

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
        if body.artifact_type == RUBRIC_ASSESSMENT and body.artifact_id is not None:
            self.rubric_results.add((tenant, body.artifact_id, course, student))

    def write(self) -> None:
        """Insert everything, sorted by key; what is there already (a batch taken twice) stays."""
        connection = self.interner.connection
        for kind, rows in self.versions.items():
            _insert(connection, VERSION_TABLES[kind], rows)
        # Neighbours in the tree one after the other: each page is touched once.
        self.results.sort()
        _insert(connection, "result_versions", self.results)
        self._write_places()
        _insert(connection, "members", sorted(self.members))
        _insert(connection, "course_weeks", sorted(self.course_weeks))
        _insert(connection, "student_courses", sorted(self.student_courses))
        _insert(connection, "rubric_results", sorted(self.rubric_results))
        _insert(connection, "placements", sorted(self.placements))
        _insert(connection, "names", sorted(self.names))
        self._mark_mastery()

    def _write_places(self) -> None:
        """Note where each result is to be found, and which few were ever somewhere else."""
        connection = self.interner.connection
        for place in self.places:
            known = (
                connection.execute("INSERT OR IGNORE INTO result_places VALUES (?, ?, ?, ?, ?)", place).rowcount == 0
            )
            if known:
                connection.execute(_NOTE_MOVE, place)

    def _mark_mastery(self) -> None:
        """Note which rollups this batch may have changed; they are computed again before anyone asks."""
        connection = self.interner.connection
        mark = "INSERT OR IGNORE INTO mastery_to_refresh"
        marks = {(row[1], row[2]) for row in self.results}
        marks |= {(row[7], 0) for row in self.versions[Kind.LINK]}
        if self.versions[Kind.SETTING] or (self._scales_may_be_shared() and self._shared_policy_changed()):
            marks = {(0, 0)}
        connection.executemany(f"{mark} VALUES (?, ?)", sorted(marks))
        # A result that moved to another student or outcome has left the rollup where it was.
        connection.execute(f"{mark} SELECT DISTINCT course, student FROM moved_results")
        connection.executemany(
            f"{mark} SELECT DISTINCT c.context, 0 FROM mastery m JOIN contexts c "
            "ON c.tenant = m.tenant AND c.type = 'Course' AND c.id = m.course_id "
            "WHERE m.tenant = ? AND m.outcome_id = ?",
            sorted({(row[1], row[2]) for row in self.versions[Kind.OUTCOME]}),
        )
        connection.executemany(
            f"{mark} SELECT course, student FROM rubric_results WHERE tenant = ? AND assessment_id = ?",
            sorted({(row[1], row[2]) for row in self.versions[Kind.ASSESSMENT]}),
        )

    def _scales_may_be_shared(self) -> bool:
        """Say whether scales and methods of accounts ever counted (the feature was on at some time)."""
        found = self.interner.connection.execute("SELECT 1 FROM setting_versions WHERE value = 1 LIMIT 1").fetchone()
        return found is not None

    def _shared_policy_changed(self) -> bool:
        changed = self.versions[Kind.PROFICIENCY] or self.versions[Kind.CALCULATION_METHOD]
        return bool(changed or self.placements)


# A result belongs to one student and outcome for life; of the few that do not, every place they had is listed.
_NOTE_MOVE = """
INSERT INTO moved_results
SELECT ?1, ?2, ?3, ?4, ?5 FROM result_places
WHERE tenant = ?1 AND result_id = ?2 AND (course, student, outcome_id) <> (?3, ?4, ?5)
UNION SELECT tenant, result_id, course, student, outcome_id FROM result_places
WHERE tenant = ?1 AND result_id = ?2 AND (course, student, outcome_id) <> (?3, ?4, ?5)
ON CONFLICT DO NOTHING
"""


def result_context(body: ResultBody) -> Context:
    """Return the course that a result counts in; its own name for those that name none."""
    if body.result_context_type is None or body.result_context_id is None:
        return NO_CONTEXT
    return context_of(body.result_context_type, body.result_context_id)


def _named(body: Any) -> tuple[str | None, str | None]:
    if isinstance(body, UserBody):
        return body.uuid, body.name
    if isinstance(body, EnrollmentBody):
        return body.user_uuid, body.user_name
    return None, None


def _of_outcome(body: OutcomeBody, metadata: Metadata) -> tuple[Any, ...]:
    criterion = body.rubric_criterion
    return (
        body.label,
        body.display_name,
        body.vendor_guid,
        body.calculation_method,
        body.calculation_int,
        criterion.mastery_points if criterion else None,
        criterion.points_possible if criterion else None,
        _json(criterion.ratings if criterion else None),
        metadata.job_tag == IMPORT_JOB,
    )


def _json(ratings: Iterable[BaseModel] | None) -> str | None:
    if ratings is None:
        return None
    return orjson.dumps([rating.model_dump(exclude_none=True) for rating in ratings]).decode()


COLUMNS: dict[Kind, Callable[[Any, Metadata], tuple[Any, ...]]] = {
    Kind.OUTCOME: _of_outcome,
    Kind.GROUP: lambda body, _: (body.title, body.vendor_guid, body.parent_outcome_group_id),
    Kind.LINK: lambda body, _: (body.learning_outcome_id, body.learning_outcome_group_id),
    Kind.PROFICIENCY: lambda body, _: (_json(body.outcome_proficiency_ratings),),
    Kind.CALCULATION_METHOD: lambda body, _: (body.calculation_method, body.calculation_int),
    Kind.FRIENDLY_DESCRIPTION: lambda body, _: (body.learning_outcome_id, body.description),
    Kind.ASSESSMENT: lambda body, metadata: (
        None if body.handed_in_at is None else micros(body.handed_in_at),
        body.assessment_type,
        metadata.user_id,
        metadata.user_login,
    ),
    Kind.ACCOUNT: lambda body, _: (body.name,),
    Kind.COURSE: lambda body, _: (body.name, body.uuid),
    Kind.USER: lambda body, _: (body.uuid, body.name),
    Kind.ENROLLMENT: lambda body, _: (body.user_uuid, body.user_name, body.type),
    Kind.SETTING: lambda body, _: (body.value,),
    Kind.ERASURE: lambda body, _: (body.reason, body.erased_by, orjson.dumps(body.figures).decode()),
}
"""What of each body stands in the columns of its version table, after those that all have."""


def _insert(connection: sqlite3.Connection, table: str, rows: list[tuple[Any, ...]]) -> None:
    if rows:
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", rows)
