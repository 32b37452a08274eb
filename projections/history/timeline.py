"""What changed, when and by whom: the versions of many entities, each compared with the one before it."""

import sqlite3
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from outcomes.domain.changes import Change, FieldChange, changed_fields, classify, field_matches
from outcomes.domain.entities.observation import SEEN
from outcomes.domain.event import ErasedEvent, EventLike, Metadata, OtherEvent
from outcomes.domain.identity import EntityRef, Kind
from outcomes.domain.times import SECOND, Micros, to_text
from outcomes.projections.as_of.lookups import seek
from outcomes.projections.as_of.point import PointInTime, RecordedTimes
from outcomes.projections.history.byte_search import Search
from outcomes.projections.history.version_steps import BACKWARDS, UNDECIDED, Filters, StepKey, VersionStep, steps
from outcomes.store.log.event_log import EventLog
from outcomes.store.log.recorder import LogRecord

ERASED_PERSON = "erased person"
"""Who acted, where one of those who did was erased."""

_PAGE = 200

Actor = dict[str, str | None]

# Of a batch of events all were recorded at one time.
_recorded_text = lru_cache(maxsize=256)(to_text)


class TimelineEntry(NamedTuple):
    """One line of the timeline: the contract's ENTRY."""

    event_time: Micros
    recorded_at: Micros
    position: int
    ref: EntityRef
    title: str | None
    event_name: str
    change: Change
    fields: dict[str, FieldChange]
    actor: Actor
    conflict: str | None
    """Why the order of this event is in doubt; None if it is not."""
    key: StepKey
    is_overtaken: bool
    """Whether, when this event arrived, a later one of the same entity was there already."""
    state: dict[str, Any]
    """All fields with this event, of which `fields` are those that it changed."""

    @property
    def kind(self) -> Kind:
        """What it is an event of."""
        return self.ref.kind

    @property
    def order_conflict(self) -> bool:
        """Whether the order of this event is in doubt."""
        return self.conflict is not None

    @property
    def late_by_seconds(self) -> float:
        """How long after it happened it entered the log; never below 0, for clocks differ."""
        return max(0.0, (self.recorded_at - self.event_time) / SECOND)

    def as_json(self) -> dict[str, Any]:
        """Return the contract's ENTRY."""
        return {
            "event_time": to_text(self.event_time),
            "recorded_at": _recorded_text(self.recorded_at),
            "position": self.position,
            "tenant": self.ref.tenant,
            "kind": self.ref.kind.value,
            "id": self.ref.id,
            "title": self.title,
            "event_name": self.event_name,
            "change": self.change,
            "fields": {name: [before, after] for name, (before, after) in self.fields.items()},
            "actor": self.actor,
            "late_by_seconds": self.late_by_seconds,
            "order_conflict": self.order_conflict,
            "order_conflict_why": self.conflict,
        }


def timeline(
    connection: sqlite3.Connection, log: EventLog, point: PointInTime, filters: Filters
) -> Iterator[TimelineEntry]:
    """Yield the entries at a point in event order. Bodies are read page by page, so a long timeline streams."""
    recorded = RecordedTimes(connection)
    found = steps(connection, log, point, filters)
    if filters.late_over is not None:
        over = filters.late_over
        first, last = filters.recorded or (0, point.known_at)
        found = (
            step
            for step in found
            if first <= step.position <= last and recorded.at(step.position) - step.order.event_time > over
        )
    if filters.kinds:
        kinds = filters.kinds
        found = (step for step in found if step.kind in kinds)
    if filters.positions is not None:
        positions = filters.positions
        found = (step for step in found if step.position in positions)
    titles = _Titles(connection, point)
    search = filters.search()
    while page := list(islice(found, _PAGE)):
        records = _records(log, page)
        for step in page:
            after, before = records[step.position], None if step.before is None else records[step.before]
            if _may_be_asked(log, search, after, before):
                entry = _entry(log, point, recorded, titles, step, after, before)
                if _is_asked(entry, filters):
                    yield entry


def actor_of(metadata: Metadata, *, is_erased: bool = False) -> Actor:
    """Say who did it: the user of a request (and who stood behind a masquerade), or the job that ran; and by what."""
    path = _path(metadata.url) if metadata.url else None
    via = " ".join(part for part in (metadata.http_method, path) if part)
    if metadata.is_observed:
        via = f"{SEEN} {metadata.exported_at} ({metadata.export_table})"
    return {
        "user_id": metadata.user_id,
        "login": ERASED_PERSON if is_erased else metadata.user_login,
        "role": metadata.context_role,
        "job": metadata.job_tag or metadata.job_id,
        "via": via or None,
        "real_user_id": metadata.real_user_id,
        "job_id": metadata.job_id,
        "request_id": metadata.request_id,
        "host": metadata.hostname,
    }


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return url  # no URL that can be taken apart, but still what the event says


def _records(log: EventLog, page: list[VersionStep]) -> dict[int, LogRecord]:
    wanted = {step.position for step in page} | {step.before for step in page if step.before is not None}
    return {record.position: record for record in log.records_at(sorted(wanted))}


def _may_be_asked(log: EventLog, search: Search, after: LogRecord, before: LogRecord | None) -> bool:
    """Say by the bytes alone whether an entry is worth parsing two events for."""
    if not search:
        return True
    if log.is_partly_erased(after):
        return True  # "erased person" stands in no bytes
    raw = log.raw(after)
    if not search.may_be_by(raw):
        return False
    return search.may_tell_field(raw) or (before is not None and search.may_tell_field(log.raw(before)))


def _is_asked(entry: TimelineEntry, filters: Filters) -> bool:
    if filters.request is not None and filters.request not in (entry.actor["request_id"], entry.actor["job_id"]):
        return False
    if filters.actor is not None:
        wanted = filters.actor.casefold()
        if not any(wanted in value.casefold() for value in entry.actor.values() if value):
            return False
    if filters.field is not None:
        return any(field_matches(name, filters.field) for name in entry.fields)
    # That an event contradicts the order is worth telling, even where it changed nothing.
    return filters.everything or entry.change != "none" or entry.order_conflict


def _entry(
    log: EventLog,
    point: PointInTime,
    recorded: RecordedTimes,
    titles: "_Titles",
    step: VersionStep,
    record: LogRecord,
    record_before: LogRecord | None,
) -> TimelineEntry:
    event = _projected(log, record)
    after = event.body.state()
    before = None if record_before is None else state_of(log, record_before)
    fields = changed_fields(before, after)
    return TimelineEntry(
        event_time=step.order.event_time,
        recorded_at=recorded.at(step.position),
        position=step.position,
        ref=EntityRef(point.tenant, step.kind, step.id),
        title=titles.of(step.kind, after),
        event_name=event.metadata.event_name,
        change=classify(before, after, fields),
        fields=fields,
        actor=actor_of(event.metadata, is_erased=log.is_partly_erased(record)),
        conflict=BACKWARDS if step.is_backwards else UNDECIDED if step.is_tied and fields else None,
        key=step.key,
        is_overtaken=step.is_overtaken,
        state=after,
    )


def state_of(log: EventLog, record: LogRecord) -> dict[str, Any]:
    """Return the state that an event made, under Canvas's own names."""
    return _projected(log, record).body.state()


def _projected(log: EventLog, record: LogRecord) -> EventLike:
    event = log.parse_quickly(record)
    assert not isinstance(event, OtherEvent | ErasedEvent)  # noqa: S101 - versions are made of projected events only
    return event


def policy_title(kind: Kind, state: dict[str, Any]) -> str:
    """Call a mastery scale or a calculation method by its context."""
    what = "Mastery scale" if kind is Kind.PROFICIENCY else "Calculation method"
    return f"{what} of {state.get('context_type')}:{state.get('context_id')}"


class _Titles:
    """What to call an entity: its own title, or that of the outcome that it is about."""

    def __init__(self, connection: sqlite3.Connection, point: PointInTime) -> None:
        self._connection = connection
        self._point = point
        self._outcomes: dict[str, str | None] = {}

    def of(self, kind: Kind, state: dict[str, Any]) -> str | None:
        if kind in {Kind.OUTCOME, Kind.GROUP}:
            title: str | None = state.get("title", state.get("short_description"))
            return title
        if kind is Kind.ERASURE:
            return f"A person was erased: {state['reason']}"
        if kind in {Kind.PROFICIENCY, Kind.CALCULATION_METHOD}:
            return policy_title(kind, state)
        if "learning_outcome_id" not in state:
            name: str | None = state.get("name", state.get("user_name"))
            return name
        outcome_id = state["learning_outcome_id"]
        if outcome_id not in self._outcomes:
            row = self._connection.execute(
                f"SELECT title FROM outcome_versions WHERE position = {seek(Kind.OUTCOME, ':id')}",
                {**self._point.bounds(), "id": outcome_id},
            ).fetchone()
            self._outcomes[outcome_id] = row[0] if row else None
        return self._outcomes[outcome_id]
