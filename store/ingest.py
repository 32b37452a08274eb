"""From sources to the log: read, parse, fingerprint, append, in batches; what cannot be an event to quarantine."""

import gc
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, BinaryIO

from domain.catalog import parse_event
from domain.errors import NotAnEvent, UnreadableInput
from domain.event import OtherEvent
from domain.times import Micros, to_text
from store import door, quarantine
from store.canonical import content_digest
from store.home import Home
from store.log import Appended, Arrival, EventLog
from store.sources import chunks_of, open_source
from store.splitter import Piece, split

BATCH_EVENTS = 5_000
_BATCH_BYTES = 16 << 20
_BATCH_SECONDS = 2.0
_A_DAY: Micros = 86_400_000_000

Clock = Callable[[], Micros]
AfterBatch = Callable[[list[Appended]], None]


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

    def as_json(self) -> dict[str, Any]:
        """Return the contract's answer."""
        answer = asdict(self)
        del answer["damaged"]
        return answer


@contextmanager
def _without_cycle_collection() -> Iterator[None]:
    """Hold Python's cycle collector: a batch makes no cycles, and walking its many objects costs a quarter."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class _Counted:
    """A stream that says how far it has been read, packed or not."""

    def __init__(self, stream: BinaryIO, before: int, watch: Callable[[int], None]) -> None:
        self._read = stream.read
        self._read1 = getattr(stream, "read1", stream.read)
        self._watch = watch
        self.done = before

    def read(self, size: int) -> bytes:
        return self._count(self._read(size))

    def read1(self, size: int) -> bytes:
        return self._count(self._read1(size))

    def _count(self, chunk: bytes) -> bytes:
        self.done += len(chunk)
        self._watch(self.done)
        return chunk


@dataclass
class _Batch:
    source: str
    started: float
    arrivals: list[Arrival] = field(default_factory=list)
    refused: list[tuple[Piece, str]] = field(default_factory=list)
    bytes: int = 0

    def is_full(self) -> bool:
        return (
            len(self.arrivals) + len(self.refused) >= BATCH_EVENTS
            or self.bytes >= _BATCH_BYTES
            or time.monotonic() - self.started > _BATCH_SECONDS
        )


class Ingest:
    """One run. `after_batch` is called with what was new, after it is safe in the log, before the lock is given up."""

    def __init__(self, home: Home, log: EventLog, clock: Clock, after_batch: AfterBatch) -> None:
        self._home = home
        self._log = log
        self._clock = clock
        self._after_batch = after_batch
        self.report = IngestReport(head=log.head)

    def run(self, names: Iterable[str], *, watch: Callable[[int], None] = lambda _: None) -> IngestReport:
        """Take every source; `watch` is told how many bytes of them are read. Damage is reported, not raised."""
        started = time.monotonic()
        before = 0
        for name in names:
            source = "stdin" if name == "-" else name
            with open_source(name) as stream, _without_cycle_collection():
                counted = _Counted(stream, before, watch)
                self.take_pieces(split(self._until_damage(chunks_of(counted, source))), source)
                before = counted.done
        self.report.seconds = round(time.monotonic() - started, 3)
        return self.report

    def retry_quarantine(self) -> IngestReport:
        """Read what is in quarantine once more: this version may understand what an older one did not."""
        started = time.monotonic()
        with self._log.reading() as connection:
            waiting = quarantine.entries(connection)
        for entry in waiting:
            self._retry(entry)
        self.report.seconds = round(time.monotonic() - started, 3)
        return self.report

    def _until_damage(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        try:
            yield from chunks
        except UnreadableInput as error:
            # What was readable is kept; the end of the stream then shows what was cut off.
            self.report.damaged.append(str(error))

    def take_pieces(self, pieces: Iterable[Piece], source: str) -> None:
        """Take values that are already split, in batches."""
        batch = _Batch(source, time.monotonic())
        for piece in pieces:
            self._sort_in(piece, batch)
            if batch.is_full():
                self._write(batch)
                batch = _Batch(source, time.monotonic())
        self._write(batch)

    def _sort_in(self, piece: Piece, batch: _Batch) -> None:
        self.report.read += 1
        verdict = self._read(piece)
        if isinstance(verdict, Arrival):
            batch.arrivals.append(verdict)
            batch.bytes += len(verdict.raw)
        else:
            batch.refused.append((piece, verdict))
            batch.bytes += len(piece.raw)

    def _read(self, piece: Piece) -> Arrival | str:
        """Return the event, or in words why it is none."""
        if piece.reason is not None:
            return piece.reason
        try:
            event = parse_event(piece.value)
        except NotAnEvent as error:
            return str(error)
        if event.event_time > self._clock() + _A_DAY:
            # One event dated far ahead would make every later "as of" look at the whole log.
            return f"event_time {to_text(event.event_time)} is more than a day in the future"
        return Arrival(piece.raw, content_digest(piece.value, piece.raw), event)

    def _write(self, batch: _Batch) -> None:
        def refuse(connection: sqlite3.Connection, now: Micros) -> None:
            for piece, reason in batch.refused:
                quarantine.put(connection, door.stripped(connection, piece), batch.source, reason, now)

        if batch.arrivals or batch.refused:
            self._commit(batch, "ingest", refuse)

    def _commit(self, batch: _Batch, purpose: str, besides: Callable[[sqlite3.Connection, Micros], None]) -> None:
        """Append a batch, and change the quarantine as `besides` says, in one transaction."""
        with self._home.writing(purpose):
            now = self._clock()
            try:
                with self._log.writing() as connection:
                    appended = self._log.append(connection, batch.arrivals, batch.source, now)
                    besides(connection, now)
            except BaseException:
                self._log.forget_uncommitted()
                raise
            finally:
                for piece, _ in batch.refused:
                    piece.close()
            self._count(batch, appended)
            self._after_batch(appended)

    def _count(self, batch: _Batch, appended: list[Appended]) -> None:
        report = self.report
        report.appended += len(appended)
        report.duplicates += len(batch.arrivals) - len(appended)
        report.quarantined += len(batch.refused)
        report.unprojected += sum(isinstance(item.arrival.event, OtherEvent) for item in appended)
        if appended:
            report.head = appended[-1].position

    def _retry(self, entry: quarantine.Entry) -> None:
        with self._log.reading() as connection:
            pieces = list(split(quarantine.content(connection, entry.number)))
        batch = _Batch(entry.source, time.monotonic())
        for piece in pieces:
            self._sort_in(piece, batch)

        def judge(connection: sqlite3.Connection, now: Micros) -> None:
            if batch.refused or not pieces:
                quarantine.refuse_again(connection, entry.number, batch.refused[0][1] if pieces else entry.reason)
            else:
                quarantine.mark_taken(connection, entry.number, now)

        self._commit(batch, "quarantine retry", judge)
