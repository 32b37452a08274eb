"""Is the log what it was when it was appended? Every stored event is read once, and all that stands beside them."""

import sqlite3
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from outcomes.domain.entities.erasure import ErasureBody
from outcomes.domain.errors import LogDamaged
from outcomes.domain.event import ErasedEvent, Event, OtherEvent
from outcomes.projections.operations.findings import Findings
from outcomes.projections.views.read_model import Watch
from outcomes.store.connection import Connection
from outcomes.store.encoding.stream_keys import HASH_BITS, OTHER, local_stream, version_of
from outcomes.store.log.event_log import EventLog
from outcomes.store.log.hash_chain import BATCHES, Batch, ChainProof, Problem, Rules
from outcomes.store.log.recorder import EVENTS, LogRecord, head_of
from outcomes.store.log.row_columns import Row
from outcomes.store.operations.checkpoint import Checkpoint, compare
from outcomes.store.operations.erasure import destroyed_keys, given_up, is_unfinished, still_held
from outcomes.store.privacy import settings
from outcomes.store.privacy.keyring import Erased
from outcomes.store.rows import fetch_all, fetch_one
from outcomes.store.sources.json_values import decode

_NEUTRAL = {"integer": 0, "text": "", "blob": b""}
_KEY_NOT_WRITTEN = "run outcomes erase again with the key in a file, or put the changed key where the command reads it"
UNPROVED = (
    "a log cut back or made anew as a whole: see --against",
    "other files: the key, exports, backups",
)
"""What no look at the log alone can show."""


def check_keeping(log: EventLog, found: Findings) -> None:
    """Look at what is no event: layout, guards, ledger, quarantine, and whether the log knows which log it is."""
    with log.reading() as connection:
        add_problems(found, log.store.examine(connection))
        stray = connection.execute("SELECT min(position) FROM stored_events WHERE position < 1").fetchone()[0]
    if stray is not None:
        found.add("an event was inserted before the first one", position=stray)
    is_current = _or(found, log.bytes_chained_after, None) is not None
    if is_current and _or(found, lambda: log.identity() is None, default=False):
        found.add(f"the log has lost its identity: {log.store.restore}", row="properties/identity")


def add_problems(found: Findings, problems: Iterable[Problem]) -> None:
    """Note problems with their places."""
    for problem in problems:
        place = {"position": problem.position, "row": problem.row}
        found.add(problem.words, **{name: value for name, value in place.items() if value is not None})


def check_log(log: EventLog, known_at: int | None, found: Findings, watch: Watch) -> tuple[int, list[Batch], int]:
    """Read every event once; return the head, the batches, and how many events views at a position should have."""
    nobody: dict[str, int] = {}
    numbers, projected = _or(found, log.tenants, nobody), 0
    with log.reading() as connection:
        head = head_of(connection)
        batches = _batches(connection)
    proof = ChainProof(batches, _rules(log, head, found))
    silent = dict(numbers)
    try:
        for record in log.records(upto=head):
            event = _check_record(log, record, numbers, found)
            row = _typed(log, record, found)
            add_problems(found, proof.take(record.position, row, None if event is None else event.event_time))
            if event is not None:
                silent.pop(event.tenant, None)
                if event.tenant not in numbers:
                    found.add(f"the tenants do not name {event.tenant}: a row was changed", position=record.position)
                    numbers[event.tenant] = -1  # said once
                projected += isinstance(event, Event) and record.position <= (known_at or 0)
            if record.position % 1000 == 0:
                watch(record.position, head)
    except sqlite3.DatabaseError as error:
        found.add(f"the log cannot be read to its end ({error}): {log.store.restore}")
    except LogDamaged as error:
        found.add(f"the log cannot be read to its end: {error}")
    add_problems(found, proof.end())
    for uuid, number in silent.items():
        found.add(f"no event is of tenant {number} ({uuid}): the row was changed or inserted", row=f"tenants/{number}")
    return head, batches, projected


def check_against(log: EventLog, before: Checkpoint, found: Findings) -> None:
    """Compare the log with what it was at a checkpoint."""
    with log.reading() as connection:
        add_problems(found, _or(found, lambda: compare(connection, log.identity(), before), []))


def check_keys(log: EventLog, destroyed: list[Erased], found: Findings) -> None:
    """A key may be missing only where the log itself says that it was destroyed."""
    for erased in destroyed:
        if erased.person not in found.erasures and erased.erased_with not in found.erasures:
            found.add(
                f"key {erased.number} is gone, and no erasure in the log says why: {log.store.restore}",
                row=f"subject_keys/{erased.number}",
            )
    encryption = log.encryption
    if encryption is not None:
        with log.reading() as connection:
            held = _or(found, lambda: still_held(log, encryption, connection), 0)
            lost = _or(found, lambda: len(given_up(encryption, connection)), 0)
            keys_out = _or(found, lambda: settings.current(connection, settings.KEYS_OUT), None)
        if lost:
            found.add(
                f"the home's key has given up {lost} keys that are stored here: this is a copy from before an erasure; "
                "run outcomes erase again, with the same student"
            )
        if held:
            found.add(f"the home's key still opens {held} destroyed keys in older copies: {_KEY_NOT_WRITTEN}")
        if keys_out == "begun":
            found.add("free space may hold keys of before format 3: end other readers, and run outcomes ingest")
    if _or(found, lambda: is_unfinished(log), default=False):
        found.add("an erasure was begun and not finished: run outcomes erase again, with the same student")


def destroyed_as_told(log: EventLog, found: Findings) -> list[Erased]:
    """Return the keys of people that were destroyed, as far as that can be read."""
    return _or(found, lambda: destroyed_keys(log), [])


def _rules(log: EventLog, head: int, found: Findings) -> Rules:
    def told(sql: str, subject: str) -> Any:
        with log.reading() as connection:
            row = fetch_one(connection, sql, (subject,))
        return row[0] if row is not None and isinstance(row[0], bytes) else None

    def ledger_before(last_position: int) -> Any:
        own = "SELECT min(number) FROM ledger WHERE subject = ?"
        return told(f"SELECT chain FROM ledger WHERE number = ({own}) - 1", f"batches/{last_position}")

    def columns_of(last_position: int) -> Any:
        return told("SELECT row_hash FROM ledger WHERE subject = ?", f"stored_events/{last_position}")

    everywhere: int | None = 0
    loose, bare = (_or(found, ask, everywhere) for ask in (log.bytes_chained_after, log.columns_chained_after))
    loose_until = head if loose is None else loose
    if bare is None:
        return Rules(loose_until, head, lambda _: None, lambda _: None)
    return Rules(loose_until, bare, ledger_before, columns_of)


def _batches(connection: Connection) -> list[Batch]:
    """Return all batches; what is of a wrong type (which was said) is empty, and the proof fails there."""
    rows = fetch_all(connection, f"SELECT {BATCHES.listed} FROM batches ORDER BY last_position")
    return [Batch(*_in_type(BATCHES.columns.values(), row)) for row in rows]


def _typed(log: EventLog, record: LogRecord, found: Findings) -> Row:
    row = (record.position, record.originator_id, record.originator_version, record.topic, record.state, record.digest)
    for fault in EVENTS.faults(row):
        found.add(f"{fault}: {log.store.restore}", position=record.position)
    stream, version, topic, state, digest = _in_type(EVENTS.columns.values(), row)[1:]
    return stream, version, topic, state, digest


def _in_type(wanted: Iterable[str], row: tuple[Any, ...]) -> list[Any]:
    neutral = [_NEUTRAL[storage] for storage in wanted]
    return [value if type(value) is type(none) else none for value, none in zip(row, neutral, strict=True)]


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
        or (number >= 0 and record.originator_id not in _streams_of(log, event, number))
        or record.originator_version >> HASH_BITS != version >> HASH_BITS
    ):
        found.add("the event is filed under another entity, name or time than its own", position=record.position)
    return event


def _streams_of(log: EventLog, event: Event | OtherEvent, number: int) -> set[str]:
    """Return where an event may be filed: by its entity, or by its name if a version that did not know it stored it."""
    local = {local_stream(event), f"{OTHER}/{event.metadata.event_name}"}
    return {log.stream(event.tenant, number, stream) for stream in local}


_T = TypeVar("_T")


def _or(found: Findings, ask: Callable[[], _T], default: _T) -> _T:
    """Return an answer; where what it stands on is damaged, note that and return the default."""
    try:
        return ask()
    except LogDamaged as error:
        found.add(str(error))
        return default
