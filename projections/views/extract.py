"""What the views take from one event: plain values, no numbers of our own yet, so that any process can find them."""

from functools import lru_cache, partial
from typing import Any, NamedTuple

from outcomes.domain.catalog import EVENT_TYPES
from outcomes.domain.event import EventLike, updated_micros
from outcomes.domain.identity import Context, Kind, context_of, local_id
from outcomes.domain.times import DAY, Micros
from outcomes.projections.views.tables import TABLES, reader_of

WEEK: Micros = 7 * DAY
NO_CONTEXT = Context("Unknown", "")
"""Where results hang that name no course (archives of 2019/20)."""
NO_STUDENT = ""
RUBRIC_ASSESSMENT = "RubricAssessment"
"""The artifact type of results that were graded by a rubric."""

ContextKey = tuple[str, str, str]
"""Tenant, type and id."""
SisKey = tuple[str, str, str]
"""Type and id of a person or place, and what the school calls them itself. People have their global ids."""


class VersionRow(NamedTuple):
    """What one event adds to the table of its kind.

    `place` is the course or account of which the event tells the account above it (`parent`). `host` sent it.
    `context` is what the entity hangs in. `values` are the table's columns. `outcome_id` is the outcome that a link
    links; `person` and `person_name` are whom the event names, and how; `enrolled` is whom an enrollment enrolls,
    `NO_STUDENT` for nobody.
    """

    kind: str
    tenant: str
    root_account: str | None
    place: ContextKey | None
    parent: ContextKey | None
    sis_ids: tuple[SisKey, ...]
    host: str | None
    context: ContextKey | None
    entity_id: str
    event_time: Micros
    updated_at: Micros
    is_update: bool
    digest: bytes
    values: tuple[Any, ...]
    outcome_id: str | None
    person: str | None
    person_name: str | None
    enrolled: str | None


class ResultRow(NamedTuple):
    """What one event adds to the table of results: nine tenths of all.

    As `VersionRow`; `user_uuid` is the student, `NO_STUDENT` for nobody, `assessment_id` the assessment by rubric that
    made it, if one did.
    """

    kind: str
    tenant: str
    root_account: str | None
    place: ContextKey | None
    parent: ContextKey | None
    sis_ids: tuple[SisKey, ...]
    host: str | None
    course: ContextKey
    user_uuid: str
    outcome_id: str
    result_id: str
    event_time: Micros
    updated_at: Micros
    is_update: bool
    digest: bytes
    values: tuple[Any, ...]
    assessment_id: str | None


Row = VersionRow | ResultRow
"""Only tuples, text, numbers, bytes and None are in them: as tuples they travel between processes at little cost."""


def extract_row(event: EventLike, digest: bytes) -> Row:
    """Return the row of one event; its digest is that of its content in this log."""
    return named(extract_values(event, digest))


def extract_values(event: EventLike, digest: bytes) -> tuple[Any, ...]:
    """Return the values of the same row, without their names, which cost more than they help where there are many."""
    return _result_values(event, digest) if event.kind is Kind.RESULT else _version_values(event, digest)


def named(values: tuple[Any, ...]) -> Row:
    """Give the values of a row their names."""
    return _result(values) if values[0] == RESULT else _version(values)


def _result_values(event: EventLike, digest: bytes) -> tuple[Any, ...]:
    """Return the values of a ResultRow, in order."""
    body: Any = event.body
    metadata = event.metadata
    tenant, root_account, host = _sender(metadata.root_account_uuid, metadata.root_account_id, metadata.hostname)
    place, parent = _NOWHERE if metadata.context_id is None else _place(event)
    updated_at = body.updated_at
    return (
        RESULT,
        tenant,
        root_account,
        place,
        parent,
        () if metadata.user_sis_id is None and metadata.context_sis_source_id is None else _sis_ids(event),
        host,
        _course(tenant, body.result_context_type, body.result_context_id),
        body.user_uuid or NO_STUDENT,
        body.learning_outcome_id,
        body.id,
        event.event_time,
        0 if updated_at is None else updated_micros(event),
        event.is_update,
        digest,
        _READ_RESULT(event),
        body.artifact_id if body.artifact_type == RUBRIC_ASSESSMENT else None,
    )


def _version_values(event: EventLike, digest: bytes) -> tuple[Any, ...]:
    """Return the values of a VersionRow, in order."""
    body: Any = event.body
    kind = event.kind
    place, parent = _place(event)
    context = _context_of(kind, body)
    person, person_name = _person(kind, body)
    return (
        kind.value,
        event.tenant,
        event.metadata.root_account_id,
        place,
        parent,
        _sis_ids(event),
        event.metadata.hostname,
        None if context is None else (event.tenant, *context),
        body.local_id,
        event.event_time,
        updated_micros(event),
        event.is_update,
        digest,
        _READ[kind](event),
        body.learning_outcome_id if kind is Kind.LINK else None,
        person,
        person_name,
        (body.user_uuid or NO_STUDENT) if kind is Kind.ENROLLMENT else None,
    )


RESULT = Kind.RESULT.value
# Rows of their values in order, without a call of Python.
_result = partial(tuple.__new__, ResultRow)
_version = partial(tuple.__new__, VersionRow)
_READ = {kind: reader_of(table) for kind, table in TABLES.items()}
_READ_RESULT = _READ[Kind.RESULT]
_NOWHERE = (None, None)
_OF_COURSES = frozenset({Kind.COURSE, Kind.COURSE_ACCOUNT})
_WITH_SIS_IDS = frozenset({Kind.USER, Kind.COURSE_DETAIL, Kind.ACCOUNT_DETAIL})
_local_id = lru_cache(maxsize=4096)(local_id)
# Asked of the types: an unknown field of an event may be called `context`, too.
_IN_CONTEXTS = {
    kind.kind for kind in EVENT_TYPES.values() if isinstance(getattr(kind.body_type, "context", None), property)
}


@lru_cache(maxsize=4096)
def _sender(tenant: str, root_account: str | None, host: str | None) -> tuple[str, str | None, str | None]:
    """Return who has sent an event in the very same texts each time: they travel once, and are hashed once."""
    return tenant, root_account, host


@lru_cache(maxsize=4096)
def _course(tenant: str, context_type: str | None, context_id: str | None) -> ContextKey:
    if context_type is None or context_id is None:
        return (tenant, *NO_CONTEXT)
    return (tenant, *context_of(context_type, context_id))


def _context_of(kind: Kind, body: Any) -> Context | None:
    """Return what an entity hangs in, or is: a course is itself a context, an enrollment is in one."""
    if kind is Kind.COURSE:
        return Context("Course", _local_id(body.course_id))
    if kind is Kind.ACCOUNT:
        return Context("Account", _local_id(body.account_id))
    if kind is Kind.ENROLLMENT:
        return None if body.course_id is None else Context("Course", _local_id(body.course_id))
    if kind not in _IN_CONTEXTS:
        return None
    found: Context = body.context
    return found


def _place(event: EventLike) -> tuple[ContextKey | None, ContextKey | None]:
    """Return of which course or account an event tells the account above it, and that account."""
    body: Any = event.body
    metadata = event.metadata
    if event.kind in _OF_COURSES:
        child, parent = ("Course", body.course_id), body.account_id
    elif event.kind is Kind.ACCOUNT:
        child, parent = ("Account", body.account_id), body.parent_account_id or body.account_id
    elif metadata.context_id is not None and metadata.context_type in {"Course", "Account"}:
        # The envelope of a request names the account above its context (DOMAIN.md 2).
        child, parent = (metadata.context_type, metadata.context_id), metadata.context_account_id
    else:
        return _NOWHERE
    if parent is None:
        return _NOWHERE
    tenant = metadata.root_account_uuid
    return (tenant, child[0], _local_id(child[1])), (tenant, "Account", _local_id(parent))


def _sis_ids(event: EventLike) -> tuple[SisKey, ...]:
    """Return what an event tells of a school's own ids: of who asked, of where, and of the person that it is about."""
    metadata, body = event.metadata, event.body
    if metadata.user_sis_id is None and metadata.context_sis_source_id is None and event.kind not in _WITH_SIS_IDS:
        return ()
    told: list[SisKey] = []
    if metadata.user_sis_id is not None and metadata.user_id is not None:
        told.append(("User", metadata.user_id, metadata.user_sis_id))
    if metadata.context_sis_source_id is not None and metadata.context_type is not None and metadata.context_id:
        told.append((metadata.context_type, _local_id(metadata.context_id), metadata.context_sis_source_id))
    if event.kind is Kind.USER and isinstance(sis_id := getattr(body, "user_sis_id", None), str):
        told.append(("User", body.local_id, sis_id))
    elif event.kind is Kind.COURSE_DETAIL and isinstance(sis_id := getattr(body, "sis_source_id", None), str):
        told.append(("Course", body.local_id, sis_id))
    elif event.kind is Kind.ACCOUNT_DETAIL and isinstance(sis_id := getattr(body, "sis_source_id", None), str):
        told.append(("Account", body.local_id, sis_id))
    return tuple(told)


def _person(kind: Kind, body: Any) -> tuple[str | None, str | None]:
    """Return whom an event names, and how."""
    if kind is Kind.USER:
        uuid, name = body.uuid, body.name
    elif kind is Kind.ENROLLMENT:
        uuid, name = body.user_uuid, body.user_name
    else:
        return _NOWHERE
    return (uuid, name) if uuid and name else _NOWHERE
