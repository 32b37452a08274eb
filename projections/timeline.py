"""What changed, when and by whom: the versions of many entities, each compared with the one before it."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from math import inf
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from domain.changes import Change, FieldChange, changed_fields, classify, field_matches
from domain.event import Event, Metadata, OrderKey
from domain.identity import BACKGROUND, Context, EntityRef, Kind
from domain.times import Micros, to_text
from projections.entity import Version, versions_of
from projections.point import Point, RecordedTimes
from projections.rows import WEEK
from projections.schema import ID_COLUMNS, VERSION_TABLES
from projections.tree import context_number, seek
from store.log import EventLog

ERASED_PERSON = "erased person"
"""Who acted, where one of those who did was erased."""


class Filters(NamedTuple):
    """Which entries are asked for; everything absent means all."""

    context: Context | None = None
    entities: Sequence[tuple[Kind, str]] = ()
    since: Micros | None = None
    until: Micros | None = None
    actor: str | None = None
    field: str | None = None
    late_over: Micros | None = None
    """Only events recorded more than so many microseconds after they happened."""


class _Step(NamedTuple):
    """One version with the one before it, found before any body is read."""

    order: OrderKey
    kind: Kind
    id: str
    position: int
    before: int | None
    order_conflict: bool
    is_overtaken: bool


class Entry(NamedTuple):
    """One line of the timeline: the contract's ENTRY."""

    event_time: Micros
    recorded_at: Micros
    position: int
    ref: EntityRef
    title: str | None
    event_name: str
    change: Change
    fields: dict[str, FieldChange]
    actor: dict[str, str | None]
    order_conflict: bool
    is_overtaken: bool
    """Whether, when this event arrived, a later one of the same entity was there already."""

    def as_json(self) -> dict[str, Any]:
        """Return the contract's ENTRY."""
        return {
            "event_time": to_text(self.event_time),
            "recorded_at": to_text(self.recorded_at),
            "position": self.position,
            "tenant": self.ref.tenant,
            "kind": self.ref.kind.value,
            "id": self.ref.id,
            "title": self.title,
            "event_name": self.event_name,
            "change": self.change,
            "fields": {name: list(change) for name, change in self.fields.items()},
            "actor": self.actor,
            "late_by_seconds": max(0.0, (self.recorded_at - self.event_time) / 1_000_000),
            "order_conflict": self.order_conflict,
        }


def timeline(connection: sqlite3.Connection, log: EventLog, point: Point, filters: Filters) -> Iterator[Entry]:
    """Yield the entries at a point in event order. Bodies are read one by one, so a long timeline streams."""
    recorded = RecordedTimes(connection)
    steps = _steps(connection, point, filters)
    if filters.late_over is not None:
        over = filters.late_over
        steps = (step for step in steps if recorded.at(step.position) - step.order.event_time > over)
    found = sorted(steps, key=lambda step: (step.order, step.kind, step.id))
    titles = _Titles(connection, point)
    for step in found:
        entry = _entry(log, point, recorded, titles, step)
        if _is_asked(entry, filters):
            yield entry


def actor_of(metadata: Metadata, *, is_erased: bool = False) -> dict[str, str | None]:
    """Say who did it: the user of a request (and who stood behind a masquerade), or the job that ran."""
    path = _path(metadata.url) if metadata.url else None
    via = " ".join(part for part in (metadata.http_method, path) if part)
    return {
        "user_id": metadata.user_id,
        "login": ERASED_PERSON if is_erased else metadata.user_login,
        "role": metadata.context_role,
        "job": metadata.job_tag or metadata.job_id,
        "via": via or None,
        "real_user_id": metadata.real_user_id,
        "request_id": metadata.request_id,
    }


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return url  # no URL that can be taken apart, but still what the event says


def _is_asked(entry: Entry, filters: Filters) -> bool:
    if filters.actor is not None:
        wanted = filters.actor.casefold()
        if not any(wanted in value.casefold() for value in entry.actor.values() if value):
            return False
    return filters.field is None or any(field_matches(name, filters.field) for name in entry.fields)


def _entry(log: EventLog, point: Point, recorded: RecordedTimes, titles: "_Titles", step: _Step) -> Entry:
    positions = [step.position] if step.before is None else [step.position, step.before]
    records = log.records_at(positions)
    events = [log.parse(record) for record in records]
    event = events[0]
    assert isinstance(event, Event)  # noqa: S101 - versions are made of projected events only
    after = event.body.state()
    before = events[1].body.state() if step.before is not None and isinstance(events[1], Event) else None
    fields = changed_fields(before, after)
    return Entry(
        event_time=step.order.event_time,
        recorded_at=recorded.at(step.position),
        position=step.position,
        ref=EntityRef(point.tenant, step.kind, step.id),
        title=titles.of(step.kind, after),
        event_name=event.metadata.event_name,
        change=classify(before, after, fields),
        fields=fields,
        actor=actor_of(event.metadata, is_erased=log.is_partly_erased(records[0])),
        order_conflict=step.order_conflict,
        is_overtaken=step.is_overtaken,
    )


class _Titles:
    """What to call an entity: its own title, or that of the outcome that it is about."""

    def __init__(self, connection: sqlite3.Connection, point: Point) -> None:
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
            what = "Mastery scale" if kind is Kind.PROFICIENCY else "Calculation method"
            return f"{what} of {state.get('context_type')}:{state.get('context_id')}"
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


def _steps(connection: sqlite3.Connection, point: Point, filters: Filters) -> Iterator[_Step]:
    for kind, local_id in _touched(connection, point, filters):
        newest_update = 0
        before: int | None = None
        versions = versions_of(connection, point, kind, local_id)
        for (order, position), is_overtaken in zip(versions, _overtaken(versions), strict=True):
            # Event time wins; that the row's own clock says otherwise is marked. A creation after an update of
            # the same thing is such a contradiction, too.
            conflict = 0 < order.updated_at < newest_update or (
                not order.is_update and order.updated_at == 0 and newest_update > 0
            )
            if _is_within(order.event_time, filters):
                yield _Step(order, kind, local_id, position, before, conflict, is_overtaken)
            newest_update = max(newest_update, order.updated_at)
            before = position


def _overtaken(versions: list[Version]) -> list[bool]:
    """Say of each version whether one that is later in event order was in the log before it."""
    found = []
    earliest_after: float = inf
    for version in reversed(versions):
        found.append(earliest_after < version.position)
        earliest_after = min(earliest_after, version.position)
    return found[::-1]


def _is_within(event_time: Micros, filters: Filters) -> bool:
    return (filters.since is None or event_time >= filters.since) and (
        filters.until is None or event_time <= filters.until
    )


def _touched(connection: sqlite3.Connection, point: Point, filters: Filters) -> Iterable[tuple[Kind, str]]:
    """Yield the entities that have a version in the window asked for, each once."""
    if filters.entities:
        return dict.fromkeys(filters.entities)
    window = {
        **point.bounds(),
        "since": filters.since or 0,
        "last": point.until if filters.until is None else min(filters.until, point.until),
    }
    context = None
    if filters.context is not None:
        context = context_number(connection, point, filters.context)
        if context is None:
            return []
    return [*_touched_structure(connection, window, context), *_touched_results(connection, window, context)]


def _touched_structure(
    connection: sqlite3.Connection, window: dict[str, Any], context: int | None
) -> Iterator[tuple[Kind, str]]:
    within = "event_time BETWEEN :since AND :last AND position <= :known_at"
    if context is None:
        for kind, table in VERSION_TABLES.items():
            if kind not in BACKGROUND:
                sql = f"SELECT DISTINCT {ID_COLUMNS[kind]} FROM {table} WHERE tenant = :tenant AND {within}"
                yield from ((kind, row[0]) for row in connection.execute(sql, window))
        return
    bounds = {**window, "context": context}
    linked = _linked(connection, bounds)
    for kind, table in VERSION_TABLES.items():
        if kind in BACKGROUND:
            continue
        one = f"SELECT 1 FROM {table} WHERE tenant = :tenant AND {ID_COLUMNS[kind]} = m.id"
        rows = connection.execute(
            # Part of this context by a version of its own, at the point; what came later must not count.
            f"SELECT m.id, EXISTS ({one} AND context = :context AND event_time <= :until AND position <= :known_at) "
            f"FROM members m WHERE m.context = :context AND m.kind = '{kind.value}' AND EXISTS ({one} AND {within})",
            bounds,
        )
        yield from (
            (kind, local_id)
            for local_id, is_own in rows.fetchall()
            if is_own or (kind is Kind.OUTCOME and local_id in linked)
        )


def _linked(connection: sqlite3.Connection, bounds: dict[str, Any]) -> set[str]:
    """Return the outcomes that a link had put into the context, up to the point."""
    rows = connection.execute(
        "SELECT DISTINCT v.outcome_id FROM members m JOIN link_versions v ON v.tenant = :tenant AND v.link_id = m.id "
        "WHERE m.context = :context AND m.kind = 'link' AND v.context = :context "
        "AND v.event_time <= :until AND v.position <= :known_at",
        bounds,
    )
    return {row[0] for row in rows}


def _touched_results(
    connection: sqlite3.Connection, window: dict[str, Any], context: int | None
) -> Iterator[tuple[Kind, str]]:
    rows = connection.execute(
        "SELECT DISTINCT v.result_id FROM course_weeks w JOIN contexts c ON c.context = w.course "
        "JOIN result_versions v ON v.week = w.week AND v.course = w.course "
        "WHERE c.tenant = :tenant AND (:context IS NULL OR w.course = :context) "
        f"AND w.week BETWEEN :since / {WEEK} AND :last / {WEEK} "
        "AND v.event_time BETWEEN :since AND :last AND v.position <= :known_at",
        {**window, "context": context},
    )
    return ((Kind.RESULT, row[0]) for row in rows)
