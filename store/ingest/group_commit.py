"""Deliveries of many senders in one transaction: each has its own report, and all of them one wait for the disk."""

from collections.abc import Callable, Iterable, Sequence
from io import BytesIO
from typing import NamedTuple

from outcomes.domain.errors import NoFileOfEvents
from outcomes.domain.times import Micros
from outcomes.store.connection import Connection
from outcomes.store.cycle_collection import without_cycle_collection
from outcomes.store.encoding import fast_parser
from outcomes.store.encoding.arrival import Arrival, Arrivals, Extract, arrival_of, extract_nothing
from outcomes.store.home_folder import HomeFolder
from outcomes.store.ingest.admission import HostsOf, hosts_in, refuse_other_hosts, refuse_the_future
from outcomes.store.ingest.ingest import Clock, IncomingBatch, refuse_a_clock_behind
from outcomes.store.ingest.prepare import prepare_source
from outcomes.store.log.appender import Appended
from outcomes.store.log.event_log import EventLog
from outcomes.store.log.hash_chain import last_batch
from outcomes.store.sources.segment import MAX_EVENT_BYTES, Refused, Segment

_SMALL_BYTES = 16 << 10


class Delivery(NamedTuple):
    """What one sender has brought: all of its bytes, and how the sender is called in the log.

    `reason` says why it is no event, where that is known already; `event` is the one event that it is, see `looked_at`.
    """

    source: str
    content: bytes
    reason: str | None = None
    event: Arrival | None = None


class Receipt(NamedTuple):
    """What became of one delivery: `read` = `appended` + `duplicates` + `quarantined`; `head` is that after all.

    `unprojected` are appended, too.
    """

    read: int
    appended: int
    duplicates: int
    quarantined: int
    unprojected: int
    head: int


def _keep_nothing(_appended: Appended) -> None:
    """Keep nothing of what was appended: it is in the log."""


def commit_together(
    home: HomeFolder,
    log: EventLog,
    clock: Clock,
    deliveries: Iterable[Delivery],
    *,
    patience: float,
    extract: Extract = extract_nothing,
    keep: Callable[[Appended], None] = _keep_nothing,
) -> list[Receipt]:
    """Append deliveries, those of one source as one batch, and return once they are on the disk: all, or none.

    What cannot be read goes to quarantine. No read model follows: they catch up at the next question. One that wants to
    know by then what was appended is given each batch, once it is on the disk, by `keep`, with what `extract` takes
    from its events. Raises HomeBusy if others write for longer than `patience` seconds.
    """
    with without_cycle_collection():
        brought = [_read(delivery, extract) for delivery in deliveries]
        with home.writing("taking deliveries", patience=patience):
            brought, batches, counts = _commit(log, brought, clock(), extract)
    for batch in batches:
        keep(batch)
    head = max(batch.head for batch in batches) if batches else log.head
    return [_receipt(one, counts.get(number, _NOTHING), head) for number, one in enumerate(brought)]


def looked_at(delivery: Delivery, extract: Extract = extract_nothing) -> Delivery:
    """Return a delivery with the event that it is, if it is a small one: for whoever has time before its turn comes.

    `extract` must be that with which it is committed then.
    """
    if delivery.reason is not None or len(delivery.content) > _SMALL_BYTES:
        return delivery
    return delivery._replace(event=_only_event(delivery.content, extract))


class _Brought(NamedTuple):
    """What is in one delivery: events, and what cannot be one, with why."""

    source: str
    events: list[Arrival]
    refused: Refused


class _Count(NamedTuple):
    """What of one delivery was new, and what of that is of no known name."""

    appended: int = 0
    unprojected: int = 0


_NOTHING = _Count()


def _commit(
    log: EventLog, brought: list[_Brought], now: Micros, extract: Extract
) -> tuple[list[_Brought], list[Appended], dict[int, _Count]]:
    """Write deliveries in one transaction; return them without what is turned away, and as `_append` does."""
    try:
        with log.writing() as connection:
            refuse_a_clock_behind(last_batch(connection), now)
            brought = _turn_away(brought, hosts_in(connection), now)
            for one in brought:
                if one.refused:
                    IncomingBatch(one.source, refused=one.refused).put_refused(connection, now)
            batches, counts = _append(connection, log, brought, now, extract)
    except BaseException:
        log.forget_uncommitted()
        raise
    finally:
        for segment in (segment for one in brought for segment, _ in one.refused):
            segment.close()
    return brought, batches, counts


def _turn_away(brought: list[_Brought], hosts_of: HostsOf, now: Micros) -> list[_Brought]:
    """Refuse what is dated far ahead, and what foreign hosts have sent."""
    together = Arrivals.of(event for one in brought for event in one.events)
    if not (refuse_the_future(together, now)[1] or refuse_other_hosts(hosts_of, together)[1]):
        return brought  # as nearly always: then nobody's are looked at by themselves
    admitted = []
    for one in brought:
        batch = IncomingBatch(one.source, arrivals=Arrivals.of(one.events), refused=one.refused)
        batch.turn_away(*refuse_the_future(batch.arrivals, now))
        batch.turn_away(*refuse_other_hosts(hosts_of, batch.arrivals))
        admitted.append(_Brought(one.source, batch.arrivals.rows(), batch.refused))
    return admitted


def _append(
    connection: Connection, log: EventLog, brought: Sequence[_Brought], now: Micros, extract: Extract
) -> tuple[list[Appended], dict[int, _Count]]:
    """Append a batch for each source; return them, and what of each delivery was new, by its number."""
    of_sources: dict[str, tuple[list[Arrival], list[int]]] = {}
    for number, one in enumerate(brought):
        events, numbers = of_sources.setdefault(one.source, ([], []))
        events += one.events
        numbers += [number] * len(one.events)
    counts: dict[int, _Count] = {}
    batches = []
    for source, (events, numbers) in of_sources.items():
        arrivals = Arrivals.of(events)
        # What is appended together has no lines in common: the delivery's number stands there, to be told by it.
        arrivals.lines = numbers
        batch = log.append(connection, arrivals, source, now, extract)
        batches.append(batch)
        new = batch.arrivals
        for number, extracted in zip(new.lines, new.extracted, strict=True):
            appended, unprojected = counts.get(number, _NOTHING)
            counts[number] = _Count(appended + 1, unprojected + (extracted is None))
    return batches, counts


def why_unreadable(content: bytes) -> str | None:
    """Return why a delivery, or a part of it, cannot be an event; None if all of it can."""
    refused = _read(Delivery("", content), extract_nothing).refused
    for segment, _ in refused:
        segment.close()
    return refused[0][1] if refused else None


def _read(delivery: Delivery, extract: Extract) -> _Brought:
    """Return what a delivery holds. If it is damaged, all of it is in quarantine, beside what could be read."""
    if delivery.reason is not None:
        return _Brought(delivery.source, [], [(Segment(delivery.content, 1), delivery.reason)])
    event = delivery.event or _only_event(delivery.content, extract)
    if event is not None:
        return _Brought(delivery.source, [event], [])
    batch = IncomingBatch(delivery.source)
    damage: str | None = None
    try:
        for part in prepare_source(BytesIO(delivery.content), delivery.source, extract):
            batch.add(part)
            damage = part.damage or damage
    except NoFileOfEvents as error:
        damage = str(error)
    if damage is not None:
        batch.refused.append((Segment(delivery.content, 1), damage))
    return _Brought(delivery.source, batch.arrivals.rows(), batch.refused)


def _only_event(content: bytes, extract: Extract) -> Arrival | None:
    """Return the event of a delivery that is one plain event and nothing else, as most are: the usual way is longer."""
    if content[:1] != b"{" or content[-1:] != b"}" or len(content) > MAX_EVENT_BYTES:
        return None
    event = fast_parser.try_parse(content)
    return None if event is None else arrival_of(Segment(content, 1), event.digest, event, extract)


def _receipt(brought: _Brought, count: _Count, head: int) -> Receipt:
    arrived, refused = len(brought.events), len(brought.refused)
    return Receipt(arrived + refused, count.appended, arrived - count.appended, refused, count.unprojected, head)
