"""Is the log what it was when it was appended? Every stored event is read once."""

from outcomes.domain.entities.erasure import ErasureBody
from outcomes.domain.errors import LogDamaged
from outcomes.domain.event import ErasedEvent, Event, OtherEvent
from outcomes.projections.operations.findings import Findings
from outcomes.projections.views.read_model import Watch
from outcomes.store.encoding.stream_keys import HASH_BITS, local_stream, version_of
from outcomes.store.log.event_log import EventLog
from outcomes.store.log.hash_chain import Batch, ChainLink, ChainProof, batches_after
from outcomes.store.log.migrations import disarmed
from outcomes.store.log.recorder import LogRecord
from outcomes.store.operations.checkpoint import Checkpoint, compare
from outcomes.store.operations.erasure import is_unfinished
from outcomes.store.privacy.keyring import Erased
from outcomes.store.sources.json_values import decode

_FIRST = -(1 << 63)


def check_keeping(log: EventLog, found: Findings) -> None:
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


def check_log(log: EventLog, known_at: int | None, found: Findings, watch: Watch) -> tuple[int, list[Batch], int]:
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


def check_against(log: EventLog, before: Checkpoint, found: Findings) -> None:
    """Compare the log with what it was at a checkpoint."""
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


def check_keys(log: EventLog, destroyed: list[Erased], found: Findings) -> None:
    """A key may be missing only where the log itself says that it was destroyed."""
    for erased in destroyed:
        if erased.person not in found.erasures and erased.erased_with not in found.erasures:
            found.add(f"key {erased.number} is gone, and no erasure in the log says why: restore log.db from a backup")
    if is_unfinished(log):
        found.add("an erasure was begun and not finished: run outcomes erase again, with the same student")
