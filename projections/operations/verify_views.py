"""Do the views say what a replay of the log says?"""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from outcomes.domain.aggregate import in_order
from outcomes.domain.catalog import AGGREGATES
from outcomes.domain.errors import LogDamaged
from outcomes.domain.event import Event, Recorded
from outcomes.domain.identity import EntityRef, Kind
from outcomes.domain.times import Micros, to_text
from outcomes.projections.as_of.point import FOREVER, PointInTime, PointQuery, resolve_cut, tenants
from outcomes.projections.as_of.versions import InForce, in_force
from outcomes.projections.operations.findings import Findings
from outcomes.projections.views.extract import extract_row
from outcomes.projections.views.schema import ORDER, VERSION_TABLES
from outcomes.projections.views.writer import IdTable, ViewWriter
from outcomes.store.encoding.stream_keys import last_version
from outcomes.store.log.event_log import EventLog
from outcomes.store.log.hash_chain import Batch
from outcomes.store.log.mapper import LogEvent
from outcomes.store.log.repository import readable, replayed
from outcomes.store.log.tracking import TrackedDatabase

SAMPLE = 200


def position_of(views: sqlite3.Connection) -> int:
    """Return the position up to which views say something."""
    return resolve_cut(views, PointQuery()).known_at


def unproved_of_views(*, everything: bool, anew: bool) -> list[str]:
    """Say which changes of views.db such a proof does not see."""
    if anew:
        return []  # every row is compared
    derived = "rows of views.db that are derived from versions (memberships, names, places, ways back): see --rebuild"
    return (
        [derived] if everything else [f"versions of entities outside a sample of {SAMPLE} events: see --all", derived]
    )


def _check_coverage(views: sqlite3.Connection, batches: list[Batch], projected: int, found: Findings) -> None:
    tables = [*VERSION_TABLES.values(), "result_versions"]
    rows = sum(views.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables)
    if rows != projected:
        found.add(f"the views hold {rows} versions, the log has {projected}: run outcomes rebuild")
    position, stands_at = position_of(views), TrackedDatabase.position(views)
    if position != stands_at:
        found.add(f"the views end at position {position}, but stand at {stands_at}: run outcomes rebuild")
    # They may be behind a log that is being appended to, but never in the middle of a batch.
    if position and position not in {batch.last_position for batch in batches}:
        found.add(f"the views end at position {position}, where no batch of the log ends: run outcomes rebuild")


def check_views(
    log: EventLog,
    views: sqlite3.Connection,
    batches: list[Batch],
    projected: int,
    found: Findings,
    *,
    everything: bool,
) -> int:
    """Compare views with the log and with replays; return how many entities were replayed."""
    _check_coverage(views, batches, projected, found)
    count, head = 0, position_of(views)
    with suppress(LogDamaged):  # tenants that cannot be read: reported by the pass over the log
        for ref, events in log.entities(head) if everything or head <= SAMPLE else _sample(log, head):
            _check_entity(views, ref, events, found)
            count += 1
    return count


def _sample(log: EventLog, head: int) -> Iterator[tuple[EntityRef, list[LogEvent]]]:
    """Yield the entities of a sample of positions, which is the same for the same log, with their events."""
    positions = sorted(random.Random(head).sample(range(1, head + 1), SAMPLE))  # noqa: S311 - not a secret
    seen = set()
    for record in log.records_at(positions):
        try:
            event = log.parse(record)
        except LogDamaged:
            continue  # reported by the pass over the log
        if isinstance(event, Event) and event.ref not in seen:
            seen.add(event.ref)
            yield event.ref, log.events_of(event.ref, head)


def _check_entity(connection: sqlite3.Connection, ref: EntityRef, events: list[LogEvent], found: Findings) -> None:
    number = tenants(connection).get(ref.tenant, 0)
    head = position_of(connection)
    try:
        history = in_order(readable(events, ref.kind))
    except LogDamaged:
        return  # reported by the pass over the log
    if not history:
        return  # filed elsewhere, which the pass over the log has reported
    for as_of, known_at in _points(history, head):
        try:
            entity = replayed(AGGREGATES[ref.kind], _then(events, as_of, known_at), as_of)
        except LogDamaged:
            return  # the same
        point = PointInTime(ref.tenant, number, as_of, known_at, FOREVER if as_of is None else as_of)
        seen = in_force(connection, point, ref.kind, ref.id)
        wanted = None if entity is None else InForce(entity.event_time, entity.position, entity.events)
        if wanted != seen:
            when = "now" if as_of is None else f"at {to_text(as_of)}, known at {known_at}"
            found.add(
                f"{ref} {when}: the views say {_words(seen)}, a replay says {_words(wanted)}: run outcomes rebuild"
            )
    _check_rows(connection, ref, history, found)


def _points(history: list[Recorded], head: int) -> list[tuple[Micros | None, int]]:
    """Return where an entity is looked at: now, and at three of its events, each known at another position.

    These are all that is known now, half of it, and just what came up to that event.
    """
    last = len(history) - 1
    early, middle, late = (history[last * third // 3] for third in (1, 2, 3))
    return [
        (None, head),
        (early.event.event_time, head),
        (middle.event.event_time, max(1, head // 2)),
        (late.event.event_time, late.position),
    ]


def _then(events: list[LogEvent], as_of: Micros | None, known_at: int) -> Iterator[LogEvent]:
    """Return those events that were known at a position, and had happened as of a time, to the millisecond."""
    last = None if as_of is None else last_version(as_of)
    return (one for one in events if one.position <= known_at and (last is None or one.originator_version <= last))


def _check_rows(connection: sqlite3.Connection, ref: EntityRef, history: list[Recorded], found: Findings) -> None:
    """Compare the columns of every version with what its event says."""
    rows = ViewWriter(_KnownNames(connection))
    rows.add((recorded.position, extract_row(recorded.event, recorded.digest)) for recorded in history)
    if ref.kind is Kind.RESULT:
        pairs = ((row, _result_row(connection, row)) for row in zip(*rows.results, strict=True))
    else:
        table = VERSION_TABLES[ref.kind]
        pairs = (
            ((position, *rest), connection.execute(f"SELECT * FROM {table} WHERE position = ?", (position,)).fetchone())
            for position, *rest in rows.versions[ref.kind]
        )
    for row, stored in pairs:
        if stored != row:
            found.add(f"{ref}: the views' columns are not what the event says: run outcomes rebuild")


def _result_row(connection: sqlite3.Connection, row: tuple[Any, ...]) -> Any:
    key = ("week", "course", "student", "outcome_id", "result_id", *ORDER)
    where = " AND ".join(f"{column} = ?" for column in key)
    return connection.execute(f"SELECT * FROM result_versions WHERE {where}", row[: len(key)]).fetchone()


class _KnownNames(IdTable):
    """Looks numbers up and makes none: a proof must not change what it looks at."""

    def _intern(self, table: str, column: str, names: dict[str, Any]) -> int:
        where = " AND ".join(f"{name} = :{name}" for name in names)
        found = self.connection.execute(f"SELECT {column} FROM {table} WHERE {where}", names).fetchone()
        return -1 if found is None else int(found[0])


def _words(version: InForce | None) -> str:
    return "nothing" if version is None else f"position {version.position} after {version.events} events"
