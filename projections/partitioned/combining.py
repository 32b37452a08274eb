"""The first step: of the events of one split, the newest version of each entity, and what else mastery will need.

The newest version of an entity is enough for its table, its digest and nearly all of mastery. Besides are kept: each
version of an outcome (the second step finds whether it came back after a deletion, DOMAIN.md 6), where each course and
account hangs, the newest version of a user that names a uuid, and, of what exports told, the newest that is looked up
by another column.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Any, Final

import pyarrow as pa

from outcomes.domain.event import EventLike
from outcomes.domain.identity import Kind, local_id
from outcomes.domain.times import Micros, micros, parse_moment
from outcomes.projections.export.entity_tables import ENTITY_TABLES
from outcomes.projections.partitioned.cut import Cut
from outcomes.projections.partitioned.rows import GATHERED, READ, packed
from outcomes.projections.views.extract import NO_STUDENT, ContextKey, ResultRow, VersionRow, extract_row
from outcomes.projections.views.tables import TABLES
from outcomes.store.encoding.fast_structs import state_of

MOST_HELD = 40_000
"""Rows held at once: some sixty megabytes. More combine a little better."""

PLACEMENT: Final = "placement"
SEEN: Final = "tenant"
DETAIL: Final = "detail"
VERSION: Final = "version"
"""How the sub-key of a version of an outcome begins: such sub-keys sort in the order of events."""
DELETION: Final = "deletion"
"""How it ends if that version is a deletion."""
ASKING: Final = "~"
"""How the sub-key of a row begins that asks for the facts of the entity whose id it has: it sorts behind all others."""

_Key = tuple[str, str, str, str]
_Order = tuple[Micros, Micros, bool, bytes, int]
_NO_ORDER: Final[_Order] = (0, 0, False, b"", 0)
_SORTS_BEFORE: Final = 1 << 62
"""Added to a time, so that as text it sorts as it does as a number, in whatever year it lies."""
_NOTHING: Final = (None, None, None, None, None)

_OF_TENANT: Final = frozenset({Kind.SETTING, Kind.ALIGNMENT})
_OF_CONTEXT: Final = frozenset({Kind.PROFICIENCY, Kind.CALCULATION_METHOD})
_ASKED_FOR: Final = frozenset({Kind.ASSESSMENT, Kind.USER})


def _column(kind: Kind, name: str) -> int:
    return [column.name for column in TABLES[kind].columns].index(name)


_OUTCOME_STATE = _column(Kind.OUTCOME, "workflow_state")
_USER_UUID = _column(Kind.USER, "uuid")
_ENROLLED_ID = _column(Kind.ENROLLMENT, "user_id")
_POLICY_OF = _column(Kind.POST_POLICY, "assignment_id")
_SUBMISSION_OF = _column(Kind.SUBMISSION, "assignment_id")
_SUBMITTED_BY = _column(Kind.SUBMISSION, "user_uuid")

_TIMES = {
    kind: tuple(place for place, of in enumerate(table.columns.values()) if of.__name__ == "datetime")
    for kind, table in ENTITY_TABLES.items()
}


@lru_cache(maxsize=8192)  # what is marked in one sitting bears the same few times
def _micros_of(text: str) -> Micros:
    return micros(parse_moment(text))


class Combiner:
    """Takes events one by one; gives what counts of them as batches, whenever enough is held and at the end."""

    def __init__(self, cut: Cut) -> None:
        self._cut = cut
        self._held: dict[_Key, tuple[Any, ...]] = {}
        self._roots: set[tuple[str, str]] = set()
        self._tenants: set[str] = set()
        self.events = 0
        self.refused = 0
        self.results: Counter[tuple[str, str]] = Counter()
        """Events of results by tenant and course: at least as many as results, so that parts can be planned."""

    @property
    def is_full(self) -> bool:
        """Whether it is time to take what is held."""
        return len(self._held) >= MOST_HELD

    def batches(self, size: int) -> Iterator[pa.RecordBatch]:
        """Give what is held, at most `size` rows a batch, and hold nothing more of it."""
        held, self._held = self._held.items(), {}
        rows = iter(held)
        while some := list(islice(rows, size)):
            yield _batch(some)

    def batches_by(self, bucket_of: Callable[[tuple[str, str, str]], int]) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Give what is held by bucket, which depends on an entity's tenant, family and id; hold nothing more of it."""
        buckets: dict[int, list[tuple[_Key, tuple[Any, ...]]]] = defaultdict(list)
        for row in self._held.items():
            buckets[bucket_of(row[0][:3])].append(row)
        self._held = {}
        for bucket, rows in buckets.items():
            yield bucket, _batch(rows)

    def counts(self, number: int) -> pa.RecordBatch:
        """Give what was read of a split as a row, for an engine that can carry nothing else."""
        facts = packed((self.events, self.refused))
        return _batch([(("", READ, str(number), ""), (_NO_ORDER, READ, None, None, facts, None))])

    def see_tenant(self, tenant: str) -> None:
        """Note that there is a tenant, though nothing of it may count."""
        if tenant not in self._tenants and self._cut.tenant in {None, tenant}:
            self._tenants.add(tenant)
            self._held[tenant, SEEN, "", ""] = (_NO_ORDER, *_NOTHING)

    def add(self, event: EventLike, digest: bytes, position: int | None = None) -> None:
        """Take one event, its content's digest, and its position where that is known."""
        cut, tenant = self._cut, event.metadata.root_account_uuid
        if cut.horizon is not None and event.event_time > cut.horizon:
            self.refused += 1
            return
        if cut.tenant is not None and tenant != cut.tenant:
            return
        self.events += 1
        self.see_tenant(tenant)
        row = extract_row(event, digest)
        if row.root_account is not None and (tenant, row.root_account) not in self._roots:
            self._roots.add((tenant, row.root_account))
            # Which account is the root is no event: it was so from the beginning.
            root = (tenant, "Account", local_id(row.root_account))
            self._placement(root, root, 0, b"")
        if (cut.as_of is not None and event.event_time > cut.as_of) or (
            cut.known_at is not None and position is not None and position > cut.known_at
        ):
            return
        if row.place is not None and row.parent is not None:
            self._placement(row.place, row.parent, row.event_time, digest)
        order = (row.event_time, row.updated_at, row.is_update, digest, 0 if position is None else -position)
        if isinstance(row, ResultRow):
            self._result(row, order, event, position)
        else:
            self._version(row, order, event, position)

    def _is_beaten(self, key: _Key, order: _Order) -> bool:
        held = self._held.get(key)
        return held is not None and held[0] >= order

    def _placement(self, place: ContextKey, parent: ContextKey, event_time: Micros, digest: bytes) -> None:
        tenant, type_, local = place
        key, order = (tenant, PLACEMENT, f"{type_}:{local}", ""), (event_time, 0, False, digest, 0)
        if not self._is_beaten(key, order):
            facts = packed((PLACEMENT, place, parent, event_time, digest))
            self._held[key] = (order, None, local if type_ == "Course" else None, None, facts, None)

    def _result(self, row: ResultRow, order: _Order, event: EventLike, position: int | None) -> None:
        tenant, result_id = row.tenant, row.result_id
        _, type_, course = row.course
        # Mastery is of courses; where results hang in anything else, they are in their table all the same.
        is_in_course = type_ == "Course"
        course = course if is_in_course else ""
        self.results[tenant, course] += 1
        key = (tenant, Kind.RESULT.value, result_id, "")
        if not self._is_beaten(key, order):
            facts = packed(_bare(row)) if is_in_course else None
            exported = _exported(Kind.RESULT, event, position)
            self._held[key] = (order, Kind.RESULT.value, course, row.user_uuid, facts, exported)
        if row.assessment_id is not None and is_in_course:
            self._ask(Kind.ASSESSMENT, tenant, row.assessment_id, course, row.user_uuid)

    def _version(self, row: VersionRow, order: _Order, event: EventLike, position: int | None) -> None:
        kind = Kind(row.kind)
        is_detail = kind is Kind.RESULT_DETAIL
        # What an export told of a result goes wherever the result goes.
        family, sub = (Kind.RESULT.value, DETAIL) if is_detail else (row.kind, "")
        key = (row.tenant, family, row.entity_id, sub)
        if not self._is_beaten(key, order):
            exported = _exported(kind, event, position) if kind in ENTITY_TABLES else None
            course, student, facts = _routed(kind, row)
            self._held[key] = (order, row.kind, course, student, facts, exported)
        if besides := _besides(kind, row):
            sub, course, student = besides
            key = (*key[:3], sub)
            if not self._is_beaten(key, order):
                self._held[key] = (order, None, course, student, packed(_bare(row)), None)
        if kind is Kind.ENROLLMENT and row.enrolled == NO_STUDENT and row.values[_ENROLLED_ID] is not None:
            # Older enrollments name only the user's id; whose it is, users tell.
            self._ask(Kind.USER, row.tenant, row.values[_ENROLLED_ID], _course_of(row) or "", None)

    def _ask(self, kind: Kind, tenant: str, asked: str, course: str, student: str | None) -> None:
        key = (tenant, kind.value, asked, f"{ASKING}{course}\0{student or ''}")
        if key not in self._held:
            self._held[key] = (_NO_ORDER, None, course, student, None, None)


def _batch(held: list[tuple[_Key, tuple[Any, ...]]]) -> pa.RecordBatch:
    rows = ((*key, *order[:4], -order[4] if order[4] else None, *rest) for key, (order, *rest) in held)
    columns = zip(*rows, strict=True)
    arrays = [pa.array(column, type=field.type) for column, field in zip(columns, GATHERED, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=GATHERED)


def _bare(row: ResultRow | VersionRow) -> tuple[Any, ...]:
    """Return a row without what is gathered apart: where it was asked, and what people and places are called."""
    return (row[0], row[1], None, None, None, (), None, *row[7:])


def _exported(kind: Kind, event: EventLike, position: int | None) -> bytes:
    values = ENTITY_TABLES[kind].values(state_of(event), event.event_time, position)
    for place in _TIMES[kind]:
        if (text := values[place]) is not None:
            values[place] = _micros_of(text)
    return packed(tuple(values))


def _course_of(row: VersionRow) -> str | None:
    return row.context[2] if row.context is not None and row.context[1] == "Course" else None


def _routed(kind: Kind, row: VersionRow) -> tuple[str | None, str | None, bytes | None]:
    """Return where the version in force goes, and what it tells there; nothing where mastery does not ask for it."""
    course = _course_of(row)
    if kind is Kind.ENROLLMENT and course is not None:
        return course, row.enrolled or None, packed(_bare(row))
    if (kind is Kind.LINK and course is not None) or kind in _OF_CONTEXT:
        return course, None, packed(_bare(row))
    if kind in _OF_TENANT or kind in _ASKED_FOR or kind is Kind.RESULT_DETAIL:
        return None, None, packed(_bare(row))
    return None, None, None


def _sub_key_of(version: VersionRow) -> str:
    """Return the sub-key of a version of an outcome."""
    times = (f"{moment + _SORTS_BEFORE:020d}" for moment in (version.event_time, version.updated_at))
    end = DELETION if version.values[_OUTCOME_STATE] == "deleted" else ""
    return " ".join((VERSION, *times, str(int(version.is_update)), version.digest.hex(), end))


def _besides(kind: Kind, row: VersionRow) -> tuple[str, str | None, str | None] | None:
    """Return under which sub-key, and for whom, a version counts that need not be the last of its entity."""
    if kind is Kind.OUTCOME:
        return _sub_key_of(row), None, None
    if kind is Kind.USER and row.values[_USER_UUID] is not None:
        return "named", None, None
    if kind is Kind.POST_POLICY:
        return f"of {row.values[_POLICY_OF]}\0{row.context}", None, None
    if kind is Kind.SUBMISSION:
        student = row.values[_SUBMITTED_BY]
        return f"of {row.values[_SUBMISSION_OF]}\0{student}", _course_of(row) or "", student
    return None
