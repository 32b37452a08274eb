"""The proof: is the log what it was, and do the views say what a replay of the log says?"""

import random
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from outcomes.domain.entities.erasure import ErasureBody
from outcomes.domain.errors import LogDamaged
from outcomes.domain.event import ErasedEvent, Event, OtherEvent
from outcomes.domain.identity import EntityRef, Kind
from outcomes.domain.times import Micros, to_text
from outcomes.projections.as_of.point import PointInTime, PointQuery, resolve_cut, tenants
from outcomes.projections.as_of.versions import in_force
from outcomes.projections.operations.reverse_replay import differences, reverse_views
from outcomes.projections.views.extract import facts_of
from outcomes.projections.views.read_model import ReadModel, Watch, unwatched
from outcomes.projections.views.schema import ORDER, VERSION_TABLES
from outcomes.projections.views.writer import IdTable, ViewWriter
from outcomes.store.encoding.stream_keys import HASH_BITS, local_stream, version_of
from outcomes.store.home import Home
from outcomes.store.log.event_log import EventLog
from outcomes.store.log.hash_chain import Batch, ChainLink, ChainProof, batches_after
from outcomes.store.log.migrations import disarmed
from outcomes.store.log.recorder import LogRecord
from outcomes.store.log.tracking import TrackedDatabase
from outcomes.store.operations.checkpoint import Checkpoint, compare
from outcomes.store.operations.erasure import destroyed_keys, is_unfinished
from outcomes.store.privacy.keyring import Erased
from outcomes.store.sources.json_values import decode

SAMPLE = 200
_SHOWN_AT_MOST = 100
_FIRST = -(1 << 63)


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

    def add_all(self, others: "Findings", where: str) -> None:
        """Take over the problems of another look, saying of which."""
        for problem in others.problems:
            self.add(f"{where}: {problem['problem']}", **{name: problem[name] for name in problem if name != "problem"})
        self.more += others.more


@dataclass(frozen=True)
class Checks:
    """How much is to be proved.

    Of the entities a sample is replayed, or `everything`; `anew` makes views in another order and compares them, too;
    `against` is what the log was before.
    """

    everything: bool = False
    anew: bool = False
    against: Checkpoint | None = None
    watch: Watch = unwatched


def verify_home(home: Home, log: EventLog, views: ReadModel, checks: Checks) -> dict[str, Any]:
    """Verify a home's log and its views, brought up to date first; returns the contract's answer."""
    try:
        views.catch_up(checks.watch)
    except LogDamaged:
        # Views cannot be made of it; the pass over the log tells why.
        return verify(log, None, checks)
    with views.reading_as_is() as connection:
        if not checks.anew:
            return verify(log, connection, checks)
        try:
            with reverse_views(home, log, _position(connection), checks.watch) as other:
                return verify(log, connection, checks, other)
        except LogDamaged:
            return verify(log, connection, checks)


def verify(
    log: EventLog, views: sqlite3.Connection | None, checks: Checks, other: sqlite3.Connection | None = None
) -> dict[str, Any]:
    """Check every stored event, then the views against replays; returns the contract's answer.

    An entity is compared now, and at three past instants each known at another point of the log. `other` are views
    made anew. What is appended meanwhile is not looked at: everything is said of the position of the views.
    """
    found = Findings()
    _check_keeping(log, found)
    destroyed = destroyed_keys(log)  # asked first: an erasure of a later moment is not looked at
    head, batches, projected = _check_log(log, None if views is None else _position(views), found, checks.watch)
    _check_keys(log, destroyed, found)
    if checks.against is not None:
        _check_against(log, checks.against, found)
    replayed = 0 if views is None else _check_views(log, views, batches, projected, checks, found)
    if views is not None and other is not None:
        of_other = Findings()
        for difference in differences(views, other, batches):
            of_other.add(difference)
        _check_views(log, other, batches, projected, checks, of_other)
        found.add_all(of_other, "views made anew in another order")
    if found.more:
        found.problems.append({"problem": f"and {found.more} more problems"})
    return {
        "ok": not found.problems,
        "events": head,
        "replayed_entities": replayed,
        "erased": found.erased,
        "partly_erased": found.partly_erased,
        **({} if checks.against is None else {"against": str(checks.against)}),
        **({"rebuilt": True} if other is not None else {}),
        "problems": found.problems,
    }


def _check_keeping(log: EventLog, found: Findings) -> None:
    """Look at what is no event: is the log still guarded, and does it know which log it is."""
    with log.reading() as connection:
        names = disarmed(connection)
        stray = connection.execute("SELECT min(position) FROM stored_events WHERE position < 1").fetchone()[0]
    is_current = log.bytes_chained_after() is not None
    for name in names:
        # Format 1 had no house rules, and its early builds no guard against REPLACE; the migration brings them.
        if is_current or not (name.endswith("_replace") or name.startswith("house_rules")):
            found.add(
                f"the trigger {name} is gone or was changed, so that the log could be: "
                "outcomes verify --rearm puts it back"
            )
    if is_current and log.identity() is None:
        found.add("the log has lost its identity: restore log.db from a backup")
    if stray is not None:
        found.add("an event was inserted before the first one", position=stray)


def _check_log(log: EventLog, known_at: int | None, found: Findings, watch: Watch) -> tuple[int, list[Batch], int]:
    """Read every event once; return the head, the batches, and how many events views at a position should have."""
    numbers, projected = log.tenants(), 0
    with log.reading() as connection:
        head = int(connection.execute("SELECT coalesce(max(position), 0) FROM stored_events").fetchone()[0])
        batches = batches_after(connection, _FIRST)
    loose_until = log.bytes_chained_after()
    proof = ChainProof(batches, head if loose_until is None else loose_until)
    silent = dict(numbers)
    for record in log.records(upto=head):
        event = _check_record(log, record, numbers, found)
        link = ChainLink(record.digest, record.state)
        for problem in proof.take(record.position, link, None if event is None else event.event_time):
            found.add(problem.words, position=problem.position)
        if event is not None:
            silent.pop(event.tenant, None)
            if event.tenant not in numbers:
                found.add(f"the tenants do not name {event.tenant}: a row was changed", position=record.position)
                numbers[event.tenant] = -1  # said once
            projected += isinstance(event, Event) and record.position <= (known_at or 0)
        if record.position % 1000 == 0:
            watch(record.position, head)
    for problem in proof.end():
        found.add(problem.words, position=problem.position)
    for uuid, number in silent.items():
        found.add(f"no event is of tenant {number} ({uuid}): the row was changed or inserted")
    return head, batches, projected


def _check_against(log: EventLog, before: Checkpoint, found: Findings) -> None:
    identity = log.identity()
    with log.reading() as connection:
        problems = compare(connection, identity, before)
    for problem in problems:
        found.add(problem.words, position=problem.position)


def _check_record(
    log: EventLog, record: LogRecord, tenant_numbers: dict[str, int], found: Findings
) -> Event | OtherEvent | ErasedEvent | None:
    try:
        opened = log.open(record)
        event = log.parse(record)
    except LogDamaged as error:
        found.add(str(error), position=record.position)
        return None
    if isinstance(event, ErasedEvent) or opened.raw is None:
        found.erased += 1
        return event
    if isinstance(event.body, ErasureBody):
        found.erasures.update(map(bytes.fromhex, event.body.keys))
    digest = log.digest_of(decode(opened.raw), opened.raw) if opened.is_whole else record.digest
    found.partly_erased += not opened.is_whole
    version = version_of(event.event_time, digest)
    number = tenant_numbers.get(event.tenant, -1)
    if digest != record.digest:
        found.add("the content does not match its digest", position=record.position)
    elif (
        record.topic != event.metadata.event_name
        or (number >= 0 and record.originator_id != log.stream(event.tenant, number, local_stream(event)))
        or record.originator_version >> HASH_BITS != version >> HASH_BITS
    ):
        found.add("the event is filed under another entity, name or time than its own", position=record.position)
    return event


def _check_keys(log: EventLog, destroyed: list[Erased], found: Findings) -> None:
    """A key may be missing only where the log itself says that it was destroyed."""
    for erased in destroyed:
        if erased.person not in found.erasures and erased.erased_with not in found.erasures:
            found.add(f"key {erased.number} is gone, and no erasure in the log says why: restore log.db from a backup")
    if is_unfinished(log):
        found.add("an erasure was begun and not finished: run outcomes erase again, with the same student")


def _position(views: sqlite3.Connection) -> int:
    return resolve_cut(views, PointQuery()).known_at


def _check_coverage(views: sqlite3.Connection, batches: list[Batch], projected: int, found: Findings) -> None:
    tables = [*VERSION_TABLES.values(), "result_versions"]
    rows = sum(views.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables)
    if rows != projected:
        found.add(f"the views hold {rows} versions, the log has {projected}: run outcomes rebuild")
    position, stands_at = _position(views), TrackedDatabase.position(views)
    if position != stands_at:
        found.add(f"the views end at position {position}, but stand at {stands_at}: run outcomes rebuild")
    # They may be behind a log that is being appended to, but never in the middle of a batch.
    if position and position not in {batch.last_position for batch in batches}:
        found.add(f"the views end at position {position}, where no batch of the log ends: run outcomes rebuild")


def _check_views(
    log: EventLog, views: sqlite3.Connection, batches: list[Batch], projected: int, checks: Checks, found: Findings
) -> int:
    """Compare views with the log and with replays; return how many entities were replayed."""
    _check_coverage(views, batches, projected, found)
    replayed = 0
    for ref in _chosen(log, _position(views), everything=checks.everything):
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
    head = _position(connection)
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
        replayed = log.load(ref, as_of=as_of, known_at=known_at)
        point = PointInTime(ref.tenant, number, as_of, known_at, (1 << 62) if as_of is None else as_of)
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
    rows = ViewWriter(_KnownNames(connection))
    rows.add((recorded.position, facts_of(recorded.event, recorded.digest)) for recorded in history)
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


class _KnownNames(IdTable):
    """Looks numbers up and makes none: a proof must not change what it looks at."""

    def _intern(self, table: str, column: str, names: dict[str, Any]) -> int:
        where = " AND ".join(f"{name} = :{name}" for name in names)
        found = self.connection.execute(f"SELECT {column} FROM {table} WHERE {where}", names).fetchone()
        return -1 if found is None else int(found[0])


def _words(version: Any) -> str:
    return "nothing" if version is None else f"position {version[1]} after {version[2]} events"
