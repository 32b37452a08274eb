"""Do the views say what a replay of the log says?"""

import random
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

from outcomes.domain.errors import LogDamaged
from outcomes.domain.event import Event
from outcomes.domain.identity import EntityRef, Kind
from outcomes.domain.times import Micros, to_text
from outcomes.projections.as_of.point import PointInTime, PointQuery, resolve_cut, tenants
from outcomes.projections.as_of.versions import InForce, in_force
from outcomes.projections.operations.findings import Findings
from outcomes.projections.views.extract import extract_row
from outcomes.projections.views.schema import ORDER, VERSION_TABLES
from outcomes.projections.views.writer import IdTable, ViewWriter
from outcomes.store.log.event_log import EventLog
from outcomes.store.log.hash_chain import Batch
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
    replayed = 0
    for ref in _chosen(log, position_of(views), everything=everything):
        _check_entity(log, views, ref, found)
        replayed += 1
    return replayed


def _chosen(log: EventLog, head: int, *, everything: bool) -> Iterator[EntityRef]:
    """Yield the entities to replay: all, or those of a sample of positions that is the same for the same log."""
    if everything or head <= SAMPLE:
        positions: Iterable[int] = [position for position in log.streams() if position <= head]
    else:
        positions = sorted(random.Random(head).sample(range(1, head + 1), SAMPLE))  # noqa: S311 - not a secret
    seen = set()
    for position in positions:
        for record in log.records_at([position]):
            try:
                event = log.parse(record)
            except LogDamaged:
                continue  # reported by the pass over the log
            if isinstance(event, Event) and event.ref not in seen:
                seen.add(event.ref)
                yield event.ref


def _check_entity(log: EventLog, connection: sqlite3.Connection, ref: EntityRef, found: Findings) -> None:
    number = tenants(connection).get(ref.tenant, 0)
    head = position_of(connection)
    try:
        history = log.history(ref, known_at=head)
    except LogDamaged:
        return  # reported by the pass over the log
    if not history:
        return  # filed elsewhere, which the pass over the log has reported
    moments: list[tuple[Micros | None, int]] = [(None, head)]
    for share in (1, 2, 3):
        recorded = history[(len(history) - 1) * share // 3]
        # Each time with another view of the past: all that is known now, half of it, just up to that event.
        moments.append((recorded.event.event_time, (head, max(1, head // 2), recorded.position)[share - 1]))
    for as_of, known_at in moments:
        try:
            replayed = log.load(ref, as_of=as_of, known_at=known_at)
        except LogDamaged:
            return  # the same
        point = PointInTime(ref.tenant, number, as_of, known_at, (1 << 62) if as_of is None else as_of)
        seen = in_force(connection, point, ref.kind, ref.id)
        wanted = None if replayed is None else InForce(replayed.event_time, replayed.position, replayed.events)
        if wanted != seen:
            when = "now" if as_of is None else f"at {to_text(as_of)}, known at {known_at}"
            found.add(
                f"{ref} {when}: the views say {_words(seen)}, a replay says {_words(wanted)}: run outcomes rebuild"
            )
    _check_rows(connection, ref, history, found)


def _check_rows(connection: sqlite3.Connection, ref: EntityRef, history: list[Any], found: Findings) -> None:
    """Compare the columns of every version with what its event says."""
    rows = ViewWriter(_KnownNames(connection))
    rows.add((recorded.position, extract_row(recorded.event, recorded.digest)) for recorded in history)
    if ref.kind is Kind.RESULT:
        pairs = ((row, _result_row(connection, row)) for row in rows.results)
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
