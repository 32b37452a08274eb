"""The log as it came, read for an answer."""

from collections.abc import Callable, Iterator
from itertools import chain, islice
from sys import maxsize
from typing import NamedTuple

from outcomes.api.answers.base import moment_of
from outcomes.api.answers.events import Log, LogEntry
from outcomes.api.point import Point
from outcomes.api.session import Session
from outcomes.domain.times import moment
from outcomes.projections.paging import NextKey, Page, limited, number_of_key
from outcomes.store.log.event_log import EventLog
from outcomes.store.log.lines import RecordedAt, entity_of, follow, placed_line, raw_line
from outcomes.store.log.recorder import LogRecord


class Wanted(NamedTuple):
    """Which part of a point's events: after a position, at most so many; `waiting` is called by who follows the log.

    With the newest first, `after` a position are those before it.
    """

    page: Page
    waiting: Callable[[], None] | None

    @property
    def after(self) -> int | None:
        """The position at which the part before ended."""
        return None if self.page.after is None else number_of_key(self.page.after)


def log_at(session: Session, point: Point, wanted: Wanted) -> Log:
    """Return the events that are wanted of a point."""
    log, following = session.log, NextKey()

    def entries() -> Iterator[LogEntry]:
        recorded = RecordedAt(log)
        return session.kept(_entry(log, record, recorded) for record in _chosen(log, point, wanted, following))

    def lines(has_places: bool) -> Iterator[bytes]:
        recorded = RecordedAt(log)
        chosen = _chosen(log, point, wanted, following)
        if has_places:
            return session.kept(placed_line(log, record, recorded) for record in chosen)
        return session.kept(raw_line(log, record) for record in chosen)

    return Log(entries, lines, point.remarks, following)


def _chosen(log: EventLog, point: Point, wanted: Wanted, following: NextKey) -> Iterator[LogRecord]:
    if wanted.page.newest_first:
        end = point.known_at + 1
        records = log.records_backwards(end if wanted.after is None else min(wanted.after, end))
    else:
        records = log.records(wanted.after or 0, point.known_at)
    if wanted.waiting is not None:
        live = _live(log, max(wanted.after or 0, point.known_at), wanted.waiting)
        # No look ahead for a next part: it would wait for an event to come.
        most = None if wanted.page.limit is None else min(wanted.page.limit, maxsize)
        return islice(_of_point(log, point, chain(records, live)), most)
    return limited(_of_point(log, point, records), wanted.page, lambda record: str(record.position), following)


def _live(log: EventLog, after: int, waiting: Callable[[], None]) -> Iterator[LogRecord]:
    waiting()
    for record in follow(log, after):
        yield record
        waiting()


def _of_point(log: EventLog, point: Point, records: Iterator[LogRecord]) -> Iterator[LogRecord]:
    """Yield the records of the point's tenant and event time; they are parsed only where that must be known."""
    tenant, as_of = point.chosen_tenant, point.cut.as_of
    if tenant is None and as_of is None:
        yield from records
        return
    for record in records:
        event = log.parse(record)
        if tenant in {None, event.tenant} and (as_of is None or event.event_time <= as_of):
            yield record


def _entry(log: EventLog, record: LogRecord, recorded: RecordedAt) -> LogEntry:
    event = log.parse(record)
    return LogEntry(
        record.position,
        moment_of(recorded.of(record.position)),
        moment(event.event_time),
        record.topic,
        event.tenant,
        entity_of(log, record),
        record.digest.hex(),
    )
