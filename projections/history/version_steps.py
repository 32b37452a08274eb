"""Which versions a timeline tells: found in the tables and by a scan of the log, before any event is parsed."""

import sqlite3
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from math import inf
from operator import itemgetter
from typing import Any, NamedTuple, Self

from outcomes.domain.event import OrderKey
from outcomes.domain.identity import BACKGROUND, Context, Kind, parse_kind
from outcomes.domain.times import Micros
from outcomes.projections.as_of.lookups import context_number
from outcomes.projections.as_of.point import PointInTime, RecordedTimes
from outcomes.projections.as_of.versions import Version, versions_of
from outcomes.projections.history.byte_search import Search
from outcomes.projections.paging import key_of_parts, not_a_key, number_of_key, parts_of_key
from outcomes.projections.views.extract import WEEK
from outcomes.projections.views.schema import ID_COLUMNS, VERSION_TABLES
from outcomes.store.encoding.stream_keys import entity_of_stream
from outcomes.store.log.event_log import EventLog


class Filters(NamedTuple):
    """Which entries are asked for; everything absent means all that changed something."""

    context: Context | None = None
    entities: Sequence[tuple[Kind, str]] = ()
    since: Micros | None = None
    until: Micros | None = None
    actor: str | None = None
    field: str | None = None
    request: str | None = None
    """The id of one request or job: what else happened in it."""
    late_over: Micros | None = None
    """Only events recorded more than so many microseconds after they happened."""
    everything: bool = False
    """Also events that changed nothing."""
    kinds: frozenset[Kind] = frozenset()
    """Only entities of these kinds; of all, if none is named."""
    besides: frozenset[Kind] = frozenset()
    """Kinds of the background that are told all the same."""
    positions: frozenset[int] | None = None
    """Only the events that stand there in the log."""
    recorded: tuple[int, int] | None = None
    """Only events that entered the log at positions from the first to the second, both included."""
    after: "StepKey | None" = None
    """Only what comes after this in the answer's order."""
    newest_first: bool = False

    def search(self) -> Search:
        """Return what to look for in the bytes of an event."""
        return Search.of(self.actor, self.request, self.field)


BACKWARDS = "its row's own clock (updated_at) says that it comes before what is earlier by event time"
UNDECIDED = "it contradicts an event of the same instant: only the digest of their contents says which comes last"


class StepKey(NamedTuple):
    """Where a version stands among those of all entities."""

    order: OrderKey
    kind: Kind
    id: str

    def __str__(self) -> str:
        event_time, updated_at, is_update, digest = self.order
        return key_of_parts(event_time, updated_at, int(is_update), digest.hex(), self.kind.value, self.id)

    @classmethod
    def of(cls, text: str) -> Self:
        """Read a key; raises UsageError."""
        event_time, updated_at, is_update, digest, kind, local_id = parts_of_key(text, 6)
        try:
            content = bytes.fromhex(digest)
        except ValueError:
            raise not_a_key(text) from None
        order = OrderKey(number_of_key(event_time), number_of_key(updated_at), is_update == "1", content)
        return cls(order, parse_kind(kind), local_id)


class VersionStep(NamedTuple):
    """One version with the one before it, found before any body is read."""

    order: OrderKey
    kind: Kind
    id: str
    position: int
    before: int | None
    is_backwards: bool
    is_tied: bool
    """Whether nothing but the digest put it after the one before."""
    is_overtaken: bool

    @property
    def key(self) -> StepKey:
        """Its place in a timeline."""
        return StepKey(self.order, self.kind, self.id)


_KEY = range(len(StepKey._fields))
"""Where the members of a step's key stand: steps by the million are sorted without making keys of them."""


class _Window(NamedTuple):
    """Event times from `since` to `last`, both included."""

    since: Micros
    last: Micros


def steps(connection: sqlite3.Connection, log: EventLog, point: PointInTime, filters: Filters) -> Iterator[VersionStep]:
    """Yield the versions that may be asked for, in event order; what only bodies tell is left to the caller.

    Without a context or an entity it goes week by week, so that a long timeline begins at once and stays small.
    """
    whole, reader = _whole(point, filters), _StepReader(connection, point)
    if filters.entities:
        parts: Iterable[tuple[_Window, Iterable[_Touched]]] = [(whole, dict.fromkeys(filters.entities))]
    elif filters.context is not None:
        parts = [(whole, _in_context(connection, point, whole, filters.context))]
    elif filters.late_over is not None:
        windows = _weeks(connection, point, whole, newest_first=filters.newest_first)
        parts = ((window, _late(connection, point, window, filters)) for window in windows)
    elif filters.search() and filters.since is None and filters.until is None:
        parts = [(whole, _found(log, point, filters))]
    else:
        windows = _weeks(connection, point, whole, newest_first=filters.newest_first)
        parts = ((window, _touched(connection, point, window, filters.besides)) for window in windows)
    for window, entities in parts:
        found = reader.steps(window, entities)
        in_order = sorted(found, key=itemgetter(*_KEY), reverse=filters.newest_first)
        if filters.after is None:
            yield from in_order
        elif filters.newest_first:
            yield from (step for step in in_order if step.key < filters.after)
        else:
            yield from (step for step in in_order if step.key > filters.after)


def _whole(point: PointInTime, filters: Filters) -> _Window:
    """Return the event times that are asked for: what lies before the key need not be looked at."""
    since, last = filters.since or 0, point.until if filters.until is None else min(filters.until, point.until)
    if filters.after is not None and filters.newest_first:
        last = min(last, filters.after.order.event_time)
    elif filters.after is not None:
        since = max(since, filters.after.order.event_time)
    return _Window(since, last)


_Touched = tuple[Any, ...]
"""An entity, to be read: its kind and id; or a version of a result, with the columns of `_RESULT_VERSION`."""


class _StepReader:
    """Makes steps of what was touched, each entity once: a result of one version, which most are, is not read again."""

    def __init__(self, connection: sqlite3.Connection, point: PointInTime) -> None:
        self._connection = connection
        self._point = point
        self._results = 0

    def steps(self, window: _Window, touched: Iterable[_Touched]) -> Iterator[VersionStep]:
        """Yield the versions in a window of the entities touched there, in any order."""
        entities: dict[tuple[Kind, str], None] = {}
        for one in touched:
            if len(one) == _ENTITY:
                entities[one[0], one[1]] = None
            elif self._has_others(one[0]):
                entities[Kind.RESULT, one[0]] = None
            else:
                yield VersionStep(
                    OrderKey(*one[2:]),
                    Kind.RESULT,
                    one[0],
                    one[1],
                    None,
                    is_backwards=False,
                    is_tied=False,
                    is_overtaken=False,
                )
        for kind, local_id in entities:
            yield from _of_entity(self._connection, self._point, window, kind, local_id)

    def _has_others(self, result_id: str) -> bool:
        """Say whether a result may have other versions. A question about few results need not know of all."""
        self._results += 1
        if self._results <= _FEW_RESULTS:
            return True
        place = bisect_left(self._several, number := hash(result_id))
        return place < len(self._several) and self._several[place] == number

    @cached_property
    def _several(self) -> "array[int]":
        """The results of several versions, as hashes in order: eight bytes for each, however many there are."""
        rows = self._connection.execute("SELECT result_id FROM result_versions GROUP BY result_id HAVING count(*) > 1")
        found = array("q", (hash(row[0]) for row in rows))
        return array("q", sorted(found))


_ENTITY = 2
_FEW_RESULTS = 20_000


def _of_entity(
    connection: sqlite3.Connection, point: PointInTime, window: _Window, kind: Kind, local_id: str
) -> Iterator[VersionStep]:
    newest_update = 0
    before: int | None = None
    instant: tuple[Any, ...] = ()
    versions = versions_of(connection, point, kind, local_id)
    for (order, position), is_overtaken in zip(versions, _overtaken(versions), strict=True):
        # Event time wins; that the row's own clock says otherwise is marked. A creation after an update of
        # the same thing is such a contradiction, too.
        conflict = 0 < order.updated_at < newest_update or (
            not order.is_update and order.updated_at == 0 and newest_update > 0
        )
        if window.since <= order.event_time <= window.last:
            is_tied = instant == order[:-1]
            yield VersionStep(order, kind, local_id, position, before, conflict, is_tied, is_overtaken)
        newest_update = max(newest_update, order.updated_at)
        before, instant = position, order[:-1]


def _overtaken(versions: list[Version]) -> list[bool]:
    """Say of each version whether one that is later in event order was in the log before it."""
    found = []
    earliest_after: float = inf
    for version in reversed(versions):
        found.append(earliest_after < version.position)
        earliest_after = min(earliest_after, version.position)
    return found[::-1]


def _found(log: EventLog, point: PointInTime, filters: Filters) -> Iterable[tuple[Kind, str]]:
    """Return the entities with an event in which all that is looked for stands: one pass over the log's bytes.

    There is no index by request, actor or field: it would cost every append, and the pass costs a second or two for
    some hundred thousand events.
    """
    found: dict[tuple[Kind, str], None] = {}
    tenant, told = log.tenants().get(point.tenant), {kind.value for kind in Kind if _is_told(kind, filters.besides)}
    for stream in log.scan(filters.search().may_concern, point.known_at):
        number, kind, local_id = entity_of_stream(stream)
        if number == tenant and kind in told:
            found[Kind(kind), local_id] = None
    return found


def _is_told(kind: Kind, besides: frozenset[Kind]) -> bool:
    """Say whether a kind is part of the story, or is wanted besides."""
    return kind not in BACKGROUND or kind in besides


def _weeks(
    connection: sqlite3.Connection, point: PointInTime, whole: _Window, *, newest_first: bool
) -> Iterator[_Window]:
    """Yield, in order, the weeks of the window in which anything happened."""
    bounds = {"tenant": point.number, **whole._asdict()}
    weeks = {
        row[0]
        for kind, table in VERSION_TABLES.items()
        if kind is not Kind.RESULT
        for row in connection.execute(
            f"SELECT DISTINCT event_time / {WEEK} FROM {table} "
            "WHERE tenant = :tenant AND event_time BETWEEN :since AND :last",
            bounds,
        )
    }
    rows = connection.execute(
        "SELECT DISTINCT w.week FROM course_weeks w JOIN contexts c ON c.context = w.course "
        f"WHERE c.tenant = :tenant AND w.week BETWEEN :since / {WEEK} AND :last / {WEEK}",
        bounds,
    )
    weeks.update(row[0] for row in rows)
    for week in sorted(weeks, reverse=newest_first):
        yield _Window(max(whole.since, week * WEEK), min(whole.last, (week + 1) * WEEK - 1))


_WITHIN = "event_time BETWEEN :since AND :last AND position <= :known_at"


def _touched(
    connection: sqlite3.Connection, point: PointInTime, window: _Window, besides: frozenset[Kind]
) -> Iterator[_Touched]:
    """Yield the entities that have a version in the window, and the versions of results there."""
    bounds = {**point.bounds(), **window._asdict()}
    for kind, table in VERSION_TABLES.items():
        if _is_told(kind, besides):
            sql = f"SELECT DISTINCT {ID_COLUMNS[kind]} FROM {table} WHERE tenant = :tenant AND {_WITHIN}"
            yield from [(kind, row[0]) for row in connection.execute(sql, bounds)]
    yield from _touched_results(connection, bounds, None)


def _late(connection: sqlite3.Connection, point: PointInTime, window: _Window, filters: Filters) -> Iterable[_Touched]:
    """Return the entities that have a version in the window that was recorded too late, and such of results."""
    first, last = filters.recorded or (0, point.known_at)
    bounds = {**point.bounds(), **window._asdict(), "known_at": min(last, point.known_at)}
    over, recorded = filters.late_over or 0, RecordedTimes(connection)

    def is_wanted(event_time: Micros, position: int) -> bool:
        return position >= first and recorded.at(position) - event_time > over

    found: dict[tuple[Kind, str], None] = {}
    for kind, table in VERSION_TABLES.items():
        if _is_told(kind, filters.besides):
            sql = f"SELECT event_time, position, {ID_COLUMNS[kind]} FROM {table} WHERE tenant = :tenant AND {_WITHIN}"
            rows = connection.execute(sql, bounds)
            found.update(((kind, row[2]), None) for row in rows if is_wanted(row[0], row[1]))
    results = _touched_results(connection, bounds, None)
    return [*found, *(row for row in results if is_wanted(row[2], row[1]))]


def _in_context(
    connection: sqlite3.Connection, point: PointInTime, window: _Window, place: Context
) -> Iterator[_Touched]:
    """Yield the entities of a context that have a version in the window, and the versions of results there."""
    context = context_number(connection, point, place)
    if context is None:
        return
    bounds = {**point.bounds(), **window._asdict(), "context": context}
    linked = _linked(connection, bounds)
    for kind, table in VERSION_TABLES.items():
        if kind in BACKGROUND:
            continue
        one = f"SELECT 1 FROM {table} WHERE tenant = :tenant AND {ID_COLUMNS[kind]} = m.id"
        rows = connection.execute(
            # Part of this context by a version of its own, at the point; what came later must not count. The plus keeps
            # SQLite from looking for each member through all versions of the context: that grows with its square.
            f"SELECT m.id, EXISTS ({one} AND +context = :context AND event_time <= :until AND position <= :known_at) "
            f"FROM members m WHERE m.context = :context AND m.kind = '{kind.value}' AND EXISTS ({one} AND {_WITHIN})",
            bounds,
        )
        yield from (
            (kind, local_id)
            for local_id, is_own in rows.fetchall()
            if is_own or (kind is Kind.OUTCOME and local_id in linked)
        )
    yield from _touched_results(connection, bounds, context)
    # As other kinds are, a result is of the context by any version of its own up to the point, wherever the window
    # ends: else a part of a long answer would leave out what the whole has.
    yield from ((Kind.RESULT, row[0]) for row in connection.execute(_MOVED_RESULTS, bounds).fetchall())


def _linked(connection: sqlite3.Connection, bounds: dict[str, Any]) -> set[str]:
    """Return the outcomes that a link had put into the context, up to the point."""
    rows = connection.execute(
        "SELECT DISTINCT v.outcome_id FROM members m JOIN link_versions v ON v.tenant = :tenant AND v.link_id = m.id "
        "WHERE m.context = :context AND m.kind = 'link' AND v.context = :context "
        "AND v.event_time <= :until AND v.position <= :known_at",
        bounds,
    )
    return {row[0] for row in rows}


_RESULTS = (
    "FROM course_weeks w JOIN contexts c ON c.context = w.course "
    "JOIN result_versions v ON v.week = w.week AND v.course = w.course "
    "WHERE c.tenant = :tenant AND (:context IS NULL OR w.course = :context) "
    f"AND w.week BETWEEN :since / {WEEK} AND :last / {WEEK} "
    "AND v.event_time BETWEEN :since AND :last AND v.position <= :known_at"
)

_MOVED_RESULTS = (
    "SELECT DISTINCT m.result_id FROM moved_results m CROSS JOIN course_weeks w ON w.course = m.course "
    "JOIN result_versions v ON v.week = w.week AND v.course = w.course AND v.student = m.student "
    "AND v.outcome_id = m.outcome_id AND v.result_id = m.result_id "
    "WHERE m.course = :context AND v.event_time <= :until AND v.position <= :known_at AND EXISTS "
    "(SELECT 1 FROM moved_results o WHERE o.result_id = m.result_id AND o.tenant = m.tenant AND o.course <> m.course)"
)
"""Those that were of one course and then of another."""
_RESULT_VERSION = "v.result_id, v.position, v.event_time, v.updated_at, v.is_update, v.digest"


def _touched_results(
    connection: sqlite3.Connection, window: dict[str, Any], context: int | None
) -> list[tuple[Any, ...]]:
    return connection.execute(f"SELECT {_RESULT_VERSION} {_RESULTS}", {**window, "context": context}).fetchall()
