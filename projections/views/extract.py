"""What the views take from one event: plain values, no numbers of our own yet, so that any process can find them."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import orjson
from pydantic import BaseModel

from outcomes.domain.catalog import EVENT_TYPES
from outcomes.domain.entities.outcome import OutcomeBody
from outcomes.domain.event import EventLike, Metadata, order_key
from outcomes.domain.identity import Context, Kind, context_of, local_id
from outcomes.domain.times import Micros, micros

WEEK: Micros = 7 * 86_400_000_000
NO_CONTEXT = Context("Unknown", "")
"""Where results hang that name no course (archives of 2019/20)."""
NO_STUDENT = ""
IMPORT_JOB = "OutcomeImport#run"

Facts = tuple[Any, ...]
"""(kind, tenant, root account, place, SIS ids, …): the rest is of a result `_of_result`'s, of others `_of_version`'s.

Only tuples, text, numbers, bytes and None, so that they travel between processes at little cost. `place` is what the
event says of where a course or account hangs: (type, id, id of the account above, event time, digest), or None. The SIS
ids are a school's own names: each (type, id, SIS id, event time, digest).
"""

Name = tuple[str, str]


def facts_of(event: EventLike, digest: bytes) -> Facts:
    """Return the facts of one event."""
    if event.kind is Kind.RESULT:
        return _of_result(event, digest)
    return _of_version(event, digest)


def _of_result(event: EventLike, digest: bytes) -> Facts:
    """Return …, names of the course and of the student, and the row but for their numbers and its position."""
    body: Any = event.body
    metadata, event_time = event.metadata, event.event_time
    tenant = metadata.root_account_uuid
    assessed_at = body.assessed_at
    return (
        _RESULT,
        tenant,
        metadata.root_account_id,
        None if metadata.context_id is None else _place(event, digest),
        _sis_ids(event, digest),
        _where(tenant, body.result_context_type, body.result_context_id),
        (tenant, body.user_uuid or NO_STUDENT),
        event_time // WEEK,
        (body.learning_outcome_id, body.id, *order_key(event, digest)),
        (
            body.workflow_state,
            body.score,
            body.possible,
            body.percent,
            None if assessed_at is None else _micros(assessed_at),
            body.artifact_type,
            body.artifact_id,
        ),
    )


def _of_version(event: EventLike, digest: bytes) -> Facts:
    """Return …, the name of its context, id, order key, columns, the outcome that it links, whom it names."""
    body: Any = event.body
    kind = event.kind
    context = _context_of(kind, body)
    return (
        _NAMES[kind],
        event.tenant,
        event.metadata.root_account_id,
        _place(event, digest),
        _sis_ids(event, digest),
        None if context is None else (event.tenant, *context),
        body.local_id,
        tuple(order_key(event, digest)),
        (body.workflow_state, *COLUMNS[kind](body, event.metadata)),
        body.learning_outcome_id if kind is Kind.LINK else None,
        _named(kind, body),
    )


_RESULT = Kind.RESULT.value
# What is marked in one sitting, in one course, bears the same few times and names.
_micros = lru_cache(maxsize=4096)(micros)
_local_id = lru_cache(maxsize=4096)(local_id)
_NAMES = {kind: kind.value for kind in Kind}
# Asked of the types: an unknown field of an event may be called `context`, too.
_IN_CONTEXTS = {
    kind.kind for kind in EVENT_TYPES.values() if isinstance(getattr(kind.body_type, "context", None), property)
}


@lru_cache(maxsize=4096)
def _where(tenant: str, context_type: str | None, context_id: str | None) -> tuple[str, str, str]:
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


def _place(event: EventLike, digest: bytes) -> tuple[str, str, str, Micros, bytes] | None:
    body: Any = event.body
    metadata = event.metadata
    if event.kind is Kind.COURSE:
        child, parent = ("Course", body.course_id), body.account_id
    elif event.kind is Kind.ACCOUNT:
        child, parent = ("Account", body.account_id), body.parent_account_id or body.account_id
    elif metadata.context_id is not None and metadata.context_type in {"Course", "Account"}:
        # The envelope of a request names the account above its context (DOMAIN.md 2).
        child, parent = (metadata.context_type, metadata.context_id), metadata.context_account_id
    else:
        return None
    if parent is None:
        return None
    return (child[0], _local_id(child[1]), _local_id(parent), event.event_time, digest)


def _sis_ids(event: EventLike, digest: bytes) -> tuple[tuple[str, str, str, Micros, bytes], ...]:
    """Return what an event tells of a school's own ids: of who asked, of where, and of the person that it is about.

    People stand under the global ids that `users` and `enrollments` have, places under their local ones.
    """
    metadata, body = event.metadata, event.body
    told = []
    if metadata.user_sis_id is not None and metadata.user_id is not None:
        told.append(("User", metadata.user_id, metadata.user_sis_id))
    if metadata.context_sis_source_id is not None and metadata.context_type is not None and metadata.context_id:
        told.append((metadata.context_type, _local_id(metadata.context_id), metadata.context_sis_source_id))
    if event.kind is Kind.USER and isinstance(sis_id := getattr(body, "user_sis_id", None), str):
        told.append(("User", body.local_id, sis_id))
    return tuple((*one, event.event_time, digest) for one in told)


def _named(kind: Kind, body: Any) -> Name | None:
    """Return whom an event names, and how."""
    if kind is Kind.USER:
        uuid, name = body.uuid, body.name
    elif kind is Kind.ENROLLMENT:
        uuid, name = body.user_uuid, body.user_name
    else:
        return None
    return (uuid, name) if uuid and name else None


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
        None if (handed_in := body.handed_in_at) is None else _micros(handed_in),
        body.assessment_type,
        metadata.user_id,
        metadata.user_login,
    ),
    Kind.ACCOUNT: lambda body, _: (body.name,),
    Kind.COURSE: lambda body, _: (body.name, body.uuid),
    Kind.USER: lambda body, _: (body.uuid, body.name),
    Kind.ENROLLMENT: lambda body, _: (
        body.user_uuid,
        body.user_name,
        body.type,
        body.user_id,
        body.course_section_id,
    ),
    Kind.SETTING: lambda body, _: (body.value,),
    Kind.ERASURE: lambda body, _: (body.reason, body.erased_by, orjson.dumps(body.figures).decode()),
}
"""What of each body stands in the columns of its version table, after those that all have."""
