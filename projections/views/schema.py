"""The tables of views.db: plain names, typed columns, one row per version of an entity.

No version is ever updated in place. "Now", "as of T" and "known at P" are the same indexed seek: the last version of an
entity, in the order of its events, among those with `event_time <= T` and `position <= P`.
"""

import re
import sqlite3
from functools import cache
from hashlib import sha256
from itertools import chain

from outcomes.domain.identity import Kind
from outcomes.projections.views import predecessors
from outcomes.projections.views.sql_views import current_views
from outcomes.projections.views.tables import TABLES, VersionTable

_MEANING = 9
"""Raised when what is in the columns changes its meaning while they keep their names and types."""

VERSION_TABLES: dict[Kind, str] = {kind: table.name for kind, table in TABLES.items() if kind is not Kind.RESULT}
"""Kinds whose versions are keyed by tenant and id; results have their own table."""

ID_COLUMNS: dict[Kind, str] = {kind: f"{kind.value}_id" for kind in Kind}

ORDER = ("event_time", "updated_at", "is_update", "digest")
"""The order of the events of one entity; `updated_at` is 0 where the event has none."""

NEWEST_FIRST = ", ".join(f"{column} DESC" for column in ORDER)

WAYS_BACK = predecessors.triggers(VERSION_TABLES, ID_COLUMNS, ORDER)
"""What notes the way back from each version as it comes, by name."""

_SQL_TYPES = {str: "TEXT", int: "INTEGER", float: "REAL"}

# Small numbers for long names. Ids before tenants in every index: both are given here, and SQL users give the id alone.
# A `name` is what tools show in place of a number that refers to one of these: Datasette looks for it.
_NUMBERED = (
    "CREATE TABLE tenants (tenant INTEGER PRIMARY KEY, uuid TEXT NOT NULL) STRICT",
    "CREATE UNIQUE INDEX idx_tenants_uuid ON tenants (uuid)",
    """CREATE TABLE contexts (
        context INTEGER PRIMARY KEY,
        tenant INTEGER NOT NULL REFERENCES tenants (tenant),
        type TEXT NOT NULL,
        id TEXT NOT NULL,
        name TEXT GENERATED ALWAYS AS (type || ':' || id) VIRTUAL
    ) STRICT""",
    "CREATE UNIQUE INDEX idx_contexts_id_type_tenant ON contexts (id, type, tenant)",
    """CREATE TABLE students (
        student INTEGER PRIMARY KEY,
        tenant INTEGER NOT NULL REFERENCES tenants (tenant),
        uuid TEXT NOT NULL,
        name TEXT GENERATED ALWAYS AS (uuid) VIRTUAL
    ) STRICT""",
    "CREATE UNIQUE INDEX idx_students_uuid_tenant ON students (uuid, tenant)",
)

_PROGRESS = (
    """CREATE TABLE batches (
        last_position INTEGER PRIMARY KEY,
        recorded_at INTEGER NOT NULL,
        max_event_time INTEGER NOT NULL
    ) STRICT""",
    "CREATE INDEX idx_batches_recorded_at_last_position ON batches (recorded_at, last_position)",
    "CREATE TABLE properties (name TEXT PRIMARY KEY, value TEXT) STRICT",
)


def _versions(spec: VersionTable) -> tuple[str, ...]:
    """Return the statements that make the table of one kind, with its indexes."""
    identity = ID_COLUMNS[spec.kind]
    columns = "".join(f",\n        {column.name} {_SQL_TYPES[column.stored]}" for column in spec.columns)
    return (
        f"""CREATE TABLE {spec.name} (
        position INTEGER PRIMARY KEY,
        tenant INTEGER NOT NULL REFERENCES tenants (tenant),
        {identity} TEXT NOT NULL,
        event_time INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        is_update INTEGER NOT NULL,
        digest BLOB NOT NULL,
        context INTEGER REFERENCES contexts (context){columns}
    ) STRICT""",
        f"CREATE INDEX {spec.name}_in_order ON {spec.name} ({identity}, tenant, {', '.join(ORDER)})",
        f"CREATE INDEX {spec.name}_by_time ON {spec.name} (tenant, event_time)",
    )


# Results are nine tenths of all events. The week in front keeps inserts in one corner of the tree however many there
# are; a course is one range a week.
_CLUSTERED = (
    f"""CREATE TABLE result_versions (
        week INTEGER NOT NULL,
        course INTEGER NOT NULL REFERENCES contexts (context),
        student INTEGER NOT NULL REFERENCES students (student),
        outcome_id TEXT NOT NULL,
        result_id TEXT NOT NULL,
        event_time INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        is_update INTEGER NOT NULL,
        digest BLOB NOT NULL,
        position INTEGER NOT NULL,
        {", ".join(f"{column.name} {_SQL_TYPES[column.stored]}" for column in TABLES[Kind.RESULT].columns)},
        PRIMARY KEY (week, course, student, outcome_id, result_id, event_time, updated_at, is_update, digest)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE result_places (
        tenant INTEGER NOT NULL REFERENCES tenants (tenant),
        result_id TEXT NOT NULL,
        course INTEGER NOT NULL REFERENCES contexts (context),
        student INTEGER NOT NULL REFERENCES students (student),
        outcome_id TEXT NOT NULL,
        PRIMARY KEY (result_id, tenant)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE moved_results (
        tenant INTEGER NOT NULL REFERENCES tenants (tenant),
        result_id TEXT NOT NULL,
        course INTEGER NOT NULL REFERENCES contexts (context),
        student INTEGER NOT NULL REFERENCES students (student),
        outcome_id TEXT NOT NULL,
        PRIMARY KEY (result_id, tenant, course, student, outcome_id)
    ) STRICT, WITHOUT ROWID""",
    "CREATE TABLE course_weeks (course INTEGER, week INTEGER, PRIMARY KEY (course, week)) STRICT, WITHOUT ROWID",
    """CREATE TABLE student_courses (
        student INTEGER, course INTEGER, PRIMARY KEY (student, course)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE rubric_results (
        tenant INTEGER, assessment_id TEXT, course INTEGER, student INTEGER,
        PRIMARY KEY (tenant, assessment_id, course, student)
    ) STRICT, WITHOUT ROWID""",
    # Where a course or account hangs, as taught by its own events and by the envelope of every request in it.
    """CREATE TABLE placements (
        context INTEGER NOT NULL REFERENCES contexts (context),
        event_time INTEGER NOT NULL,
        digest BLOB NOT NULL,
        position INTEGER NOT NULL,
        parent INTEGER NOT NULL REFERENCES contexts (context),
        PRIMARY KEY (context, event_time, digest)
    ) STRICT, WITHOUT ROWID""",
    # What people are called, by users and enrollments; the last to speak is right.
    """CREATE TABLE names (
        tenant INTEGER NOT NULL REFERENCES tenants (tenant),
        uuid TEXT NOT NULL,
        event_time INTEGER NOT NULL,
        digest BLOB NOT NULL,
        position INTEGER NOT NULL,
        name TEXT NOT NULL,
        PRIMARY KEY (tenant, uuid, event_time, digest)
    ) STRICT, WITHOUT ROWID""",
    # What a school calls people and places itself, as told by envelopes and users; the last to speak is right.
    """CREATE TABLE sis_ids (
        tenant INTEGER NOT NULL REFERENCES tenants (tenant),
        type TEXT NOT NULL,
        id TEXT NOT NULL,
        event_time INTEGER NOT NULL,
        digest BLOB NOT NULL,
        position INTEGER NOT NULL,
        sis_id TEXT NOT NULL,
        PRIMARY KEY (tenant, type, id, event_time, digest)
    ) STRICT, WITHOUT ROWID""",
    # The hosts that have sent a tenant's events, each since which position: a copy of Canvas for tests sends them, too.
    """CREATE TABLE hosts (
        tenant INTEGER NOT NULL REFERENCES tenants (tenant),
        host TEXT NOT NULL,
        first_position INTEGER NOT NULL,
        PRIMARY KEY (tenant, host)
    ) STRICT, WITHOUT ROWID""",
    # Every enrollment that was ever in a course, under whom it named then: '' for nobody. Versions tell the rest.
    """CREATE TABLE course_enrollments (
        course INTEGER NOT NULL REFERENCES contexts (context),
        user_uuid TEXT NOT NULL,
        enrollment_id TEXT NOT NULL,
        PRIMARY KEY (course, user_uuid, enrollment_id)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE members (
        context INTEGER NOT NULL REFERENCES contexts (context),
        kind TEXT NOT NULL,
        id TEXT NOT NULL,
        PRIMARY KEY (context, kind, id)
    ) STRICT, WITHOUT ROWID""",
)


_INDEXES = (
    # The few deletions of outcomes, for what they silently do to links (DOMAIN.md 6, repair rule).
    f"""CREATE INDEX outcome_deletions ON outcome_versions (tenant, outcome_id, {", ".join(ORDER)})
    WHERE workflow_state = 'deleted'""",
    # The links of an outcome, wherever they are: what one event of it changed is found without its whole contexts.
    "CREATE INDEX link_versions_by_outcome ON link_versions (tenant, outcome_id, context, link_id)",
    # The class of a course: results of one outcome lie student by student.
    "CREATE INDEX student_courses_by_course ON student_courses (course, student)",
    # The few results that moved, from a place that they had: mastery is asked by course.
    "CREATE INDEX moved_results_by_place ON moved_results (course, student, outcome_id, result_id)",
    # For SQL users: what is in one context, and where one person is enrolled.
    *(
        f"CREATE INDEX {VERSION_TABLES[kind]}_in_context ON {VERSION_TABLES[kind]} (context)"
        for kind in (Kind.OUTCOME, Kind.GROUP, Kind.LINK, Kind.PROFICIENCY, Kind.CALCULATION_METHOD)
    ),
    "CREATE INDEX enrollment_versions_by_user ON enrollment_versions (user_uuid)",
    # What exports told of the results and grades of a course: mastery is asked by course.
    *(
        f"CREATE INDEX {VERSION_TABLES[kind]}_in_context ON {VERSION_TABLES[kind]} (context)"
        for kind in (Kind.RESULT_DETAIL, Kind.ALIGNMENT, Kind.SUBMISSION, Kind.POST_POLICY, Kind.SECTION)
    ),
    "CREATE INDEX result_detail_versions_by_alignment ON result_detail_versions (alignment_id)",
    "CREATE INDEX submission_versions_by_student ON submission_versions (assignment_id, user_uuid)",
    "CREATE INDEX post_policy_versions_by_assignment ON post_policy_versions (assignment_id)",
)

_STATEMENTS = (
    *_NUMBERED,
    *_PROGRESS,
    *chain.from_iterable(_versions(TABLES[kind]) for kind in VERSION_TABLES),
    *_CLUSTERED,
    predecessors.TABLE_SQL,
    *WAYS_BACK.values(),
    *_INDEXES,
    *(f"CREATE VIEW {name} AS {sql}" for name, sql in current_views(ORDER).items()),
)


@cache
def version() -> str:
    """Return the version of this layout; views of another one are rebuilt from the log.

    A column or table more or less makes another version by itself.
    """
    layout = repr((TABLES, _STATEMENTS, _HAS_STRICT))
    return f"{_MEANING}-{sha256(layout.encode()).hexdigest()[:12]}"


# Without strict tables the types are those that the writer gives. Views that are not strict are of another layout.
_HAS_STRICT = sqlite3.sqlite_version_info >= (3, 37, 0)
_STRICT = re.compile(r" STRICT,?")


def create(connection: sqlite3.Connection) -> None:
    """Create every table, index and SQL view in an empty database."""
    for statement in _STATEMENTS:
        connection.execute(statement if _HAS_STRICT else _STRICT.sub("", statement))
    connection.execute("INSERT INTO properties VALUES ('version', ?)", (version(),))
