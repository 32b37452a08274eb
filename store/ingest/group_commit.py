"""Deliveries of many senders in one transaction: each has its own report, and all of them one wait for the disk."""

from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import NamedTuple

from outcomes.domain.errors import NoFileOfEvents
from outcomes.domain.times import Micros
from outcomes.store.connection import Connection
from outcomes.store.cycle_collection import without_cycle_collection
from outcomes.store.encoding import fast_parser
from outcomes.store.encoding.arrival import Arrival, Arrivals, arrival_of, extract_nothing
from outcomes.store.home_folder import HomeFolder
from outcomes.store.ingest.door import hosts_in, refuse_other_hosts, refuse_the_future
from outcomes.store.ingest.ingest import Clock, IncomingBatch, refuse_a_clock_behind
from outcomes.store.ingest.prepare import prepare_source
from outcomes.store.log.event_log import EventLog
from outcomes.store.log.hash_chain import last_batch
from outcomes.store.sources.segment import MAX_EVENT_BYTES, Segment


class Delivery(NamedTuple):
    """What one sender has brought: all of its bytes, and how the sender is called in the log.

    `reason` says why it is no event, where that is known already.
    """

    source: str
    content: bytes
    reason: str | None = None


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


def commit_together(
    home: HomeFolder, log: EventLog, clock: Clock, deliveries: Iterable[Delivery], *, patience: float
) -> list[Receipt]:
    """Append deliveries, those of one source as one batch, and return once they are on the disk: all, or none.

    What cannot be read goes to quarantine. No read model follows: they catch up at the next question. Raises HomeBusy
    if others write for longer than `patience` seconds.
    """
    with without_cycle_collection():
        batches = [_prepared(delivery) for delivery in deliveries]
        with home.writing("taking deliveries", patience=patience):
            now = clock()
            try:
                with log.writing() as connection:
                    refuse_a_clock_behind(last_batch(connection), now)
                    hosts_of = hosts_in(connection)
                    for batch in batches:
                        batch.turn_away(*refuse_the_future(batch.arrivals, now))
                        batch.turn_away(*refuse_other_hosts(hosts_of, batch.arrivals))
                        batch.put_refused(connection, now)
                    counts = _append(connection, log, batches, now)
            except BaseException:
                log.forget_uncommitted()
                raise
            finally:
                for segment in (segment for batch in batches for segment, _ in batch.refused):
                    segment.close()
    head = log.head
    return [_receipt(batch, counts.get(number, Count()), head) for number, batch in enumerate(batches)]


class Count(NamedTuple):
    """What of one delivery was new, and what of that is of no known name."""

    appended: int = 0
    unprojected: int = 0


def _append(connection: Connection, log: EventLog, batches: Sequence[IncomingBatch], now: Micros) -> dict[int, Count]:
    """Append a batch for each source; return what of each delivery was new, by its number."""
    of_sources: dict[str, Arrivals] = {}
    for number, batch in enumerate(batches):
        # What is appended together has no lines in common: the delivery's number stands there, to be told by it.
        batch.arrivals.lines = [number] * len(batch.arrivals)
        of_sources.setdefault(batch.source, Arrivals.of()).extend(batch.arrivals)
    counts: dict[int, Count] = {}
    for source, arrivals in of_sources.items():
        new = log.append(connection, arrivals, source, now, extract_nothing).arrivals
        for number, extracted in zip(new.lines, new.extracted, strict=True):
            appended, unprojected = counts.get(number, Count())
            counts[number] = Count(appended + 1, unprojected + (extracted is None))
    return counts


def why_unreadable(content: bytes) -> str | None:
    """Return why a delivery, or a part of it, cannot be an event; None if all of it can."""
    batch = _prepared(Delivery("", content))
    for segment, _ in batch.refused:
        segment.close()
    return batch.refused[0][1] if batch.refused else None


def _prepared(delivery: Delivery) -> IncomingBatch:
    """Return what a delivery holds. If it is damaged, all of it is in quarantine, beside what could be read."""
    batch = IncomingBatch(delivery.source)
    if delivery.reason is not None:
        batch.refused.append((Segment(delivery.content, 1), delivery.reason))
        return batch
    event = _only_event(delivery.content)
    if event is not None:
        batch.arrivals = Arrivals.of([event])
        return batch
    damage: str | None = None
    try:
        for part in prepare_source(BytesIO(delivery.content), delivery.source, extract_nothing):
            batch.add(part)
            damage = part.damage or damage
    except NoFileOfEvents as error:
        damage = str(error)
    if damage is not None:
        batch.refused.append((Segment(delivery.content, 1), damage))
    return batch


def _only_event(content: bytes) -> Arrival | None:
    """Return the event of a delivery that is one plain event and nothing else, as most are: the usual way is longer."""
    if content[:1] != b"{" or content[-1:] != b"}" or len(content) > MAX_EVENT_BYTES:
        return None
    event = fast_parser.try_parse(content)
    return None if event is None else arrival_of(Segment(content, 1), event.digest, event, extract_nothing)


def _receipt(batch: IncomingBatch, count: Count, head: int) -> Receipt:
    arrived, refused = len(batch.arrivals), len(batch.refused)
    return Receipt(arrived + refused, count.appended, arrived - count.appended, refused, count.unprojected, head)
