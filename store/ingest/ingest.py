"""From sources to the log: read, parse, fingerprint, append, in batches; what cannot be an event to quarantine."""

import sqlite3
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any, NamedTuple, Protocol

from outcomes.domain.errors import ConnectionLost, HomeUnavailable
from outcomes.domain.event import EventLike
from outcomes.domain.times import Micros, to_text
from outcomes.store import ledger
from outcomes.store.connection import Connection
from outcomes.store.cycle_collection import without_cycle_collection
from outcomes.store.encoding.arrival import Arrivals, extract_nothing
from outcomes.store.home_folder import HomeFolder
from outcomes.store.ingest.admission import (
    FARTHEST_APART,
    hosts_in,
    may_be_right_another_day,
    refuse_other_hosts,
    refuse_the_future,
)
from outcomes.store.ingest.prepare import READER, Prepared, prepare, prepare_source, value_of
from outcomes.store.ingest.read_ahead import can_fork, in_background
from outcomes.store.ingest.shared_reading import SharedReading
from outcomes.store.ingest.tally import Tally
from outcomes.store.log import quarantine
from outcomes.store.log.appender import Appended
from outcomes.store.log.event_log import EventLog
from outcomes.store.log.hash_chain import Batch, last_batch
from outcomes.store.privacy import redaction
from outcomes.store.sources.files import Source, open_source, size_of, source_name
from outcomes.store.sources.json_splitter import split
from outcomes.store.sources.segment import Refused, Segment
from outcomes.store.sources.transports import Signed
from outcomes.store.sqlite.datastore import is_lock

BATCH_EVENTS = 5_000
_BATCH_BYTES = 16 << 20
_BATCH_SECONDS = 2.0
_TRIES = 3
"""How often a batch is appended to a server that is lost over it."""
# A second process pays from here on; most files are smaller.
_LARGE = 2 << 20

Clock = Callable[[], Micros]


class Follower(Protocol):
    """A read model that follows the log."""

    def extract(self, event: EventLike, digest: bytes, /) -> tuple[Any, ...]:
        """Return what it takes from an event, as plain values. Must not depend on the model's state."""

    def apply(self, appended: Appended, /) -> None:
        """Apply what was new, after it is safe in the log, before the lock is given up."""


class NullFollower:
    """Follows no log: its read models, if it has any, catch up later."""

    extract = staticmethod(extract_nothing)

    def apply(self, _appended: Appended) -> None:
        """Apply nothing."""


@dataclass
class IngestReport:
    """What happened to what was read: `read` = appended + duplicates + quarantined; unprojected are appended too."""

    read: int = 0
    appended: int = 0
    duplicates: int = 0
    quarantined: int = 0
    unprojected: int = 0
    head: int = 0
    seconds: float = 0.0
    damaged: list[str] = field(default_factory=list)
    is_followed: bool = True
    """Whether the read model has taken it all; if its file was locked, it catches up at the next question."""
    before: int = 0
    """The position before the first that was appended."""

    def as_json(self) -> dict[str, Any]:
        """Return the contract's answer."""
        answer = asdict(self)
        del answer["damaged"], answer["is_followed"], answer["before"]
        return answer


@dataclass
class IncomingBatch:
    """What of one source is written in one transaction."""

    source: str
    started: float = field(default_factory=time.monotonic)
    arrivals: Arrivals = field(default_factory=Arrivals.of)
    refused: Refused = field(default_factory=list)
    bytes: int = 0

    def add(self, part: Prepared) -> None:
        """Take what was prepared."""
        self.arrivals.extend(part.arrivals)
        self.refused += part.refused
        self.bytes += part.bytes

    def turn_away(self, admitted: Arrivals, refused: Refused) -> None:
        """Take what `admission` has found: what is admitted, and what is refused."""
        self.arrivals = admitted
        if refused:
            self.refused = sorted([*self.refused, *refused], key=lambda one: one[0].line)

    def put_refused(self, connection: Connection, now: Micros) -> None:
        """Put what cannot be an event into quarantine."""
        if self.refused:
            quarantine.note_reader(connection, READER, now)
        for segment, reason in redaction.redact_refused(connection, self.refused):
            quarantine.put(connection, segment, self.source, reason, now)

    def is_full(self) -> bool:
        """Say whether it is time to write it."""
        return (
            len(self.arrivals) + len(self.refused) >= BATCH_EVENTS
            or self.bytes >= _BATCH_BYTES
            or time.monotonic() - self.started > _BATCH_SECONDS
        )


class _Written(NamedTuple):
    """What was appended, and the last entry of the ledger then: where that is in the log, so is this."""

    entry: ledger.Head
    appended: Appended


class Ingest:
    """One run: `Ingest(home, log, clock, views).run(["events.ndjson"])`. With `signed`, signed bodies are opened.

    Raises HomeUnavailable where the clock is more than a day behind the last batch, unless `trusts_clock`.
    """

    def __init__(
        self,
        home: HomeFolder,
        log: EventLog,
        clock: Clock,
        follower: Follower,
        *,
        trusts_clock: bool = False,
        signed: Signed | None = None,
    ) -> None:
        self._home = home
        self._trusts_clock = trusts_clock
        self._log = log
        self._clock = clock
        self._follower = follower
        self._signed = signed
        self.report = IngestReport(head=log.head)

    def run(self, sources: Iterable[Source], *, watch: Callable[[int], None] = lambda _: None) -> IngestReport:
        """Take every source; `watch` is told how many bytes of them are read. Damage is reported, not raised."""
        started = time.monotonic()
        before = 0
        for given in sources:
            source = source_name(given)
            with open_source(given) as stream, without_cycle_collection():
                reading = SharedReading(self._follower.extract)
                parts = prepare_source(stream, source, self._follower.extract, self._signed, reading.value_of)
                with closing(_shared_out(parts, size_of(stream), reading)) as shared:
                    before += self._take(shared, source, partial(_add, before, watch))
        self.report.seconds = round(time.monotonic() - started, 3)
        return self.report

    def retry_quarantine(self) -> IngestReport:
        """Read what is in quarantine once more: this version may understand what an older one did not."""
        started = time.monotonic()
        with self._log.reading() as connection:
            unread = quarantine.unread_by(connection, READER)
            waiting = quarantine.entries(connection)
        for entry in waiting:
            # What this very version could not read it cannot read now. What was refused for its time or host it may,
            # and with keys what is signed.
            if entry.number <= unread or may_be_right_another_day(entry.reason) or self._signed is not None:
                self._retry(entry)
        if unread:
            with self._home.writing("quarantine retry"), self._log.writing() as connection:
                quarantine.note_reader(connection, READER, self._clock(), read_all=True)
        self.report.seconds = round(time.monotonic() - started, 3)
        return self.report

    def take_segments(self, segments: Iterable[Segment], source: str) -> None:
        """Take values that are already split, in batches."""
        self._take(prepare(segments, self._follower.extract), source, lambda _: None)

    def _take(self, parts: Iterable[Prepared], source: str, watch: Callable[[int], None]) -> int:
        """Write parts of a source in batches; return how many bytes of it were read."""
        batch, tally, done = IncomingBatch(source), Tally(source), 0
        for part in parts:
            if part.damage is not None:
                self.report.damaged.append(part.damage)
            tally.add(part)
            batch.add(part)
            done = part.done
            watch(done)
            # Where no more comes for a while, what has come is not held back until a batch is full.
            if part.is_due or batch.is_full():
                self._write(batch)
                batch = IncomingBatch(source)
            if tally.is_hopeless():
                self.report.damaged.append(tally.verdict())
                break
        self._write(batch)
        return done

    def _write(self, batch: IncomingBatch) -> None:
        if len(batch.arrivals) or batch.refused:
            self._commit(batch, "ingest", batch.put_refused)

    def _commit(self, batch: IncomingBatch, purpose: str, besides: Callable[[Connection, Micros], None]) -> None:
        """Append a batch, and change the quarantine as `besides` says, in one transaction."""
        with self._home.writing(purpose):
            now = self._clock()
            batch.turn_away(*refuse_the_future(batch.arrivals, now))
            try:
                appended = self._append(batch, now, besides)
            finally:
                for segment, _ in batch.refused:
                    segment.close()
            self._count(batch, appended)
            self._follow(appended)

    def _append(self, batch: IncomingBatch, now: Micros, besides: Callable[[Connection, Micros], None]) -> Appended:
        """Append a batch; where a server was lost over it, once more, unless it had been committed."""
        written: _Written | None = None
        for left in reversed(range(_TRIES)):
            try:
                with self._log.writing() as connection:
                    if written is None or not ledger.holds(connection, written.entry):
                        written = self._write_once(connection, batch, now, besides)
            except ConnectionLost:
                self._log.forget_uncommitted()
                if not left:
                    raise
            except BaseException:
                self._log.forget_uncommitted()
                raise
            else:
                break
        assert written is not None  # noqa: S101 - else it has raised
        return written.appended

    def _write_once(
        self, connection: Connection, batch: IncomingBatch, now: Micros, besides: Callable[[Connection, Micros], None]
    ) -> _Written:
        if not self._trusts_clock:
            refuse_a_clock_behind(last_batch(connection), now)
        batch.turn_away(*refuse_other_hosts(hosts_in(connection), batch.arrivals))
        appended = self._log.append(connection, batch.arrivals, batch.source, now, self._follower.extract)
        besides(connection, now)
        return _Written(ledger.head(connection), appended)

    def _follow(self, appended: Appended) -> None:
        """Let the read model follow; where its file is locked, the log goes on, and the model catches up when asked."""
        if self.report.is_followed:
            try:
                self._follower.apply(appended)
            except sqlite3.OperationalError as error:
                if not is_lock(error):
                    raise
                self.report.is_followed = False

    def _count(self, batch: IncomingBatch, appended: Appended) -> None:
        report = self.report
        report.read += len(batch.arrivals) + len(batch.refused)
        if not report.appended:
            report.before = appended.head - len(appended.arrivals)
        report.appended += len(appended.arrivals)
        report.duplicates += len(batch.arrivals) - len(appended.arrivals)
        report.quarantined += len(batch.refused)
        report.unprojected += appended.arrivals.extracted.count(None)
        report.head = appended.head

    def _retry(self, entry: quarantine.QuarantineEntry) -> None:
        with self._log.reading() as connection:
            segments = list(split(quarantine.content(connection, entry.number), value_of))
        batch = IncomingBatch(entry.source)
        for part in prepare(segments, self._follower.extract, self._signed):
            batch.add(part)

        def judge(connection: Connection, now: Micros) -> None:
            if batch.refused or not segments:
                quarantine.refuse_again(connection, entry.number, batch.refused[0][1] if segments else entry.reason)
            else:
                quarantine.mark_taken(connection, entry.number, now)

        self._commit(batch, "quarantine retry", judge)


def _add(before: int, watch: Callable[[int], None], done: int) -> None:
    watch(before + done)


def _shared_out(parts: Iterator[Prepared], size: int, reading: SharedReading) -> Generator[Prepared, None, None]:
    """Prepare the beginning here, and the rest, if there is much of it, in a second process.

    What is learnt of shapes from the first part need not be learnt again for the next file. The last that is prepared
    here is written, and the views are made for it, while the second process sets out.
    """
    done = 0
    for part in parts:
        done += part.bytes
        if max(done, size) >= _LARGE and can_fork():
            part.is_due = True
            break
        yield part
    else:
        return
    with in_background(parts, reading.leave) as rest:
        yield part
        yield from map(reading.read_on, rest)


def refuse_a_clock_behind(last: Batch | None, now: Micros) -> None:
    """Raise HomeUnavailable where the clock shows a time long before the last batch: one of the two is wrong."""
    if last is not None and now < last.recorded_at - FARTHEST_APART:
        raise HomeUnavailable(
            f"the clock says {to_text(now)}, but the last batch was recorded at {to_text(last.recorded_at)}: nothing "
            "was appended: set the clock right; or, if it had run ahead then, ingest with --trust-clock, which records "
            "what it appends at the time of the last batch until the clock has passed that"
        )
