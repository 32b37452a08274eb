"""The log as it came, read for an answer."""

from collections.abc import Callable, Generator, Iterator
from functools import partial
from itertools import chain, islice
from sys import maxsize
from typing import NamedTuple, TypeVar

from outcomes.api.answers.base import moment_of
from outcomes.api.answers.events import Log, LogEntry
from outcomes.api.point import Point
from outcomes.api.session import Session
from outcomes.domain.errors import LogDamaged
from outcomes.domain.times import moment
from outcomes.projections.paging import NextKey, Page, limited, number_of_key
from outcomes.store.log.event_log import EventLog
from outcomes.store.log.lines import RecordedAt, entity_of, follow, placed_line, raw_line
from outcomes.store.log.recorder import LogRecord

Told = TypeVar("Told")


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
    damage: list[str] = []

    def entries() -> Iterator[LogEntry]:
        chosen = _chosen(log, point, wanted, following, damage)
        return session.kept(_told(chosen, partial(_entry, log, RecordedAt(log)), damage))

    def lines(has_places: bool) -> Iterator[bytes]:
        chosen = _chosen(log, point, wanted, following, damage)
        tell = partial(placed_line, log, RecordedAt(log)) if has_places else partial(raw_line, log)
        return session.kept(_told(chosen, tell, damage))

    return Log(entries, lines, point.remarks, damage, following)


def _told(
    records: Iterator[LogRecord], tell: Callable[[LogRecord], Told], damage: list[str]
) -> Generator[Told, None, None]:
    """Yield what is told of each record; where one is damaged, note that and go on."""
    for record in records:
        try:
            told = tell(record)
        except LogDamaged as error:
            damage.append(str(error))
        else:
            yield told


def _chosen(log: EventLog, point: Point, wanted: Wanted, following: NextKey, damage: list[str]) -> Iterator[LogRecord]:
    if wanted.page.newest_first:
        end = point.known_at + 1
        records = log.records_backwards(end if wanted.after is None else min(wanted.after, end))
    else:
        records = log.records(wanted.after or 0, point.known_at)
    if wanted.waiting is not None:
        live = _live(log, max(wanted.after or 0, point.known_at), wanted.waiting)
        # No look ahead for a next part: it would wait for an event to come.
        most = None if wanted.page.limit is None else min(wanted.page.limit, maxsize)
        return islice(_of_point(log, point, chain(records, live), damage), most)
    placed = _of_point(log, point, records, damage)
    return limited(placed, wanted.page, lambda record: str(record.position), following)


def _live(log: EventLog, after: int, waiting: Callable[[], None]) -> Iterator[LogRecord]:
    waiting()
    for record in follow(log, after):
        yield record
        waiting()


def _of_point(log: EventLog, point: Point, records: Iterator[LogRecord], damage: list[str]) -> Iterator[LogRecord]:
    """Yield the records of the point's tenant and event time; they are parsed only where that must be known."""
    tenant, as_of = point.chosen_tenant, point.cut.as_of
    if tenant is None and as_of is None:
        yield from records
        return
    for record, event in _told(records, lambda record: (record, log.parse(record)), damage):
        if tenant in {None, event.tenant} and (as_of is None or event.event_time <= as_of):
            yield record


def _entry(log: EventLog, recorded: RecordedAt, record: LogRecord) -> LogEntry:
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
