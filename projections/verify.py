"""The proof: is the log what it was, and do the views say what a replay of the log says?"""

import random
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from domain.errors import LogDamaged
from domain.event import ErasedEvent, Event
from domain.identity import EntityRef, Kind
from domain.neighbours import ErasureBody
from domain.times import Micros, to_text
from projections.entity import in_force
from projections.point import Asked, Point, resolve_cut, tenants
from projections.rows import Interner, Rows
from projections.schema import ORDER, VERSION_TABLES
from projections.views import Watch
from store.canonical import decode
from store.erasure import destroyed_keys, is_unfinished
from store.keys import HASH_BITS, version_of
from store.log import NO_CHAIN, EventLog, chain_after
from store.recorder import LogRecord
from store.sealing import link

SAMPLE = 200
_SHOWN_AT_MOST = 100


@dataclass
class Findings:
    """What is wrong, in words, with the position in the log where there is one."""

    problems: list[dict[str, Any]] = field(default_factory=list)
    more: int = 0
    erased: int = 0
    partly_erased: int = 0
    erasures: set[bytes] = field(default_factory=set)

    def add(self, problem: str, **where: Any) -> None:
        """Note one problem; after a hundred they are only counted."""
        if len(self.problems) < _SHOWN_AT_MOST:
            self.problems.append({"problem": problem, **where})
        else:
            self.more += 1


def verify(log: EventLog, connection: sqlite3.Connection, *, everything: bool, watch: Watch) -> dict[str, Any]:
    """Check every stored event, then the views against replays; returns the contract's answer.

    Of the entities a sample is replayed, or with `everything` all: now, and at three past instants each known at
    another point of the log.
    """
    found = Findings()
    projected = _check_log(log, found, watch)
    _check_keys(log, found)
    _check_coverage(log, connection, projected, found)
    replayed = 0
    for ref in _chosen(log, everything=everything):
        _check_entity(log, connection, ref, found)
        replayed += 1
    if found.more:
        found.problems.append({"problem": f"and {found.more} more problems"})
    return {
        "ok": not found.problems,
        "events": log.head,
        "replayed_entities": replayed,
        "erased": found.erased,
        "partly_erased": found.partly_erased,
        "problems": found.problems,
    }


def _check_log(log: EventLog, found: Findings, watch: Watch) -> int:
    """Read every event once; return how many the views should have."""
    numbers = log.tenants()
    batches = iter(log.batches())
    batch = next(batches, None)
    chain, digests, expected, projected, head = NO_CHAIN, list[bytes](), 1, 0, log.head
    for record in log.records():
        if record.position != expected:
            found.add(f"positions {expected} to {record.position - 1} are missing", position=expected)
        expected = record.position + 1
        projected += _check_record(log, record, numbers, found)
        digests.append(link(record.digest, record.state))
        while batch is not None and record.position >= batch.last_position:
            if chain_after(chain, batch, digests) != batch.chain:
                found.add(
                    f"positions {batch.first_position} to {batch.last_position} are not what was appended then",
                    position=batch.first_position,
                )
            chain, digests, batch = batch.chain, [], next(batches, None)
        if record.position % 1000 == 0:
            watch(record.position, head)
    if batch is not None:
        found.add(f"positions {expected} to {batch.last_position} are missing", position=expected)
    elif digests:
        found.add("events after the last batch were not appended by outcomes", position=expected - len(digests))
    return projected


def _check_record(log: EventLog, record: LogRecord, tenant_numbers: dict[str, int], found: Findings) -> bool:
    try:
        opened = log.open(record)
        event = log.parse(record)
    except LogDamaged as error:
        found.add(str(error), position=record.position)
        return False
    if isinstance(event, ErasedEvent) or opened.raw is None:
        found.erased += 1
        return False
    if isinstance(event.body, ErasureBody):
        found.erasures.update(map(bytes.fromhex, event.body.keys))
    digest = log.digest_of(decode(opened.raw), opened.raw) if opened.is_whole else record.digest
    found.partly_erased += not opened.is_whole
    version = version_of(event.event_time, digest)
    if digest != record.digest:
        found.add("the content does not match its digest", position=record.position)
    elif (
        record.topic != event.metadata.event_name
        or record.originator_id != log.stream(tenant_numbers.get(event.tenant, 0), event)
        or record.originator_version >> HASH_BITS != version >> HASH_BITS
    ):
        found.add("the event is filed under another entity, name or time than its own", position=record.position)
    return isinstance(event, Event)


def _check_keys(log: EventLog, found: Findings) -> None:
    """A key may be missing only where the log itself says that it was destroyed."""
    for erased in destroyed_keys(log):
        if erased.person not in found.erasures and erased.erased_with not in found.erasures:
            found.add(f"key {erased.number} is gone, and no erasure in the log says why: restore log.db from a backup")
    if is_unfinished(log):
        found.add("an erasure was begun and not finished: run outcomes erase again, with the same student")


def _check_coverage(log: EventLog, connection: sqlite3.Connection, projected: int, found: Findings) -> None:
    tables = [*VERSION_TABLES.values(), "result_versions"]
    rows = sum(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables)
    if rows != projected:
        found.add(f"the views hold {rows} versions, the log has {projected}: run outcomes rebuild")
    head = resolve_cut(connection, Asked()).known_at
    if head != log.head:
        found.add(f"the views end at position {head}, the log at {log.head}: run outcomes rebuild")


def _chosen(log: EventLog, *, everything: bool) -> Iterator[EntityRef]:
    """Yield the entities to replay: all, or those of a sample of positions that is the same for the same log."""
    head = log.head
    if everything or head <= SAMPLE:
        positions: Iterable[int] = list(log.streams())
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
    try:
        history = log.history(ref)
    except LogDamaged:
        return  # reported by the pass over the log
    head = log.head
    moments: list[tuple[Micros | None, int]] = [(None, head)]
    for share in (1, 2, 3):
        recorded = history[(len(history) - 1) * share // 3]
        # Each time with another view of the past: all that is known now, half of it, just up to that event.
        moments.append((recorded.event.event_time, (head, max(1, head // 2), recorded.position)[share - 1]))
    for as_of, known_at in moments:
        replayed = log.load(ref, as_of=as_of, known_at=known_at)
        point = Point(ref.tenant, number, as_of, known_at, (1 << 62) if as_of is None else as_of)
        seen = in_force(connection, point, ref.kind, ref.id)
        wanted = None if replayed is None else (replayed.event_time, replayed.position, replayed.events)
        if wanted != (None if seen is None else tuple(seen)):
            when = "now" if as_of is None else f"at {to_text(as_of)}, known at {known_at}"
            found.add(
                f"{ref} {when}: the views say {_words(seen)}, a replay says {_words(wanted)}: run outcomes rebuild"
            )
    _check_rows(connection, ref, history, found)


def _check_rows(connection: sqlite3.Connection, ref: EntityRef, history: list[Any], found: Findings) -> None:
    """Compare the columns of every version with what its event says."""
    rows = Rows(_KnownNames(connection))
    for recorded in history:
        rows.add(recorded.event, recorded.digest, recorded.position)
    if ref.kind is Kind.RESULT:
        pairs = ((row, _result_row(connection, row)) for row in rows.results)
    else:
        table = VERSION_TABLES[ref.kind]
        pairs = (
            (row, connection.execute(f"SELECT * FROM {table} WHERE position = ?", (row[0],)).fetchone())
            for row in rows.versions[ref.kind]
        )
    for row, stored in pairs:
        if stored != row:
            found.add(f"{ref}: the views' columns are not what the event says: run outcomes rebuild")


def _result_row(connection: sqlite3.Connection, row: tuple[Any, ...]) -> Any:
    key = ("week", "course", "student", "outcome_id", "result_id", *ORDER)
    where = " AND ".join(f"{column} = ?" for column in key)
    return connection.execute(f"SELECT * FROM result_versions WHERE {where}", row[: len(key)]).fetchone()


class _KnownNames(Interner):
    """Looks numbers up and makes none: a proof must not change what it looks at."""

    def _intern(self, table: str, column: str, names: dict[str, Any]) -> int:
        where = " AND ".join(f"{name} = :{name}" for name in names)
        found = self.connection.execute(f"SELECT {column} FROM {table} WHERE {where}", names).fetchone()
        return -1 if found is None else int(found[0])


def _words(version: Any) -> str:
    return "nothing" if version is None else f"position {version[1]} after {version[2]} events"
