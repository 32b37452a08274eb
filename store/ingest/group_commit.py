"""Deliveries of many senders in one transaction: each has its own report, and all of them one wait for the disk."""

from collections.abc import Iterable
from io import BytesIO
from typing import NamedTuple

from outcomes.domain.errors import NoFileOfEvents
from outcomes.store.encoding.arrival import extract_nothing
from outcomes.store.home_folder import HomeFolder
from outcomes.store.ingest.door import refuse_other_hosts, refuse_the_future
from outcomes.store.ingest.ingest import Clock, IncomingBatch, refuse_a_clock_behind, without_cycle_collection
from outcomes.store.ingest.prepare import prepare_source
from outcomes.store.log.event_log import EventLog
from outcomes.store.log.hash_chain import last_batch
from outcomes.store.sources.segment import Segment


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
    """Append deliveries, each as a batch of its own, and return once they are on the disk: all of them, or none.

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
                    counts: list[tuple[int, int]] = []
                    for batch in batches:
                        batch.turn_away(*refuse_the_future(batch.arrivals, now))
                        batch.turn_away(*refuse_other_hosts(connection, batch.arrivals))
                        appended = log.append(connection, batch.arrivals, batch.source, now, extract_nothing)
                        batch.put_refused(connection, now)
                        counts.append((len(appended.arrivals), appended.arrivals.extracted.count(None)))
            except BaseException:
                log.forget_uncommitted()
                raise
            finally:
                for segment in (segment for batch in batches for segment, _ in batch.refused):
                    segment.close()
    return [_receipt(batch, *count, log.head) for batch, count in zip(batches, counts, strict=True)]


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


def _receipt(batch: IncomingBatch, appended: int, unprojected: int, head: int) -> Receipt:
    arrived, refused = len(batch.arrivals), len(batch.refused)
    return Receipt(arrived + refused, appended, arrived - appended, refused, unprojected, head)
