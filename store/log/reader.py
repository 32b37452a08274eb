"""What is read of a log: by position, by entity, and what it says of itself."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import chain, groupby
from operator import attrgetter
from typing import Any, TypeVar, cast

from eventsourcing.application import AggregateNotFoundError
from eventsourcing.persistence import EventStore, PersistenceError

from outcomes.domain.aggregate import Aggregate, in_order
from outcomes.domain.catalog import AGGREGATES, NAMES
from outcomes.domain.errors import LogDamaged
from outcomes.domain.event import ErasedEvent, Event, EventLike, OtherEvent, Recorded
from outcomes.domain.identity import EntityRef
from outcomes.domain.times import Micros
from outcomes.store.encoding.content_digest import content_digest
from outcomes.store.encoding.stream_keys import OTHER, in_tenant, last_version, stream_of_entity
from outcomes.store.log.application import LogApplication
from outcomes.store.log.hash_chain import Batch, batches_after, holds
from outcomes.store.log.mapper import LogEvent
from outcomes.store.log.migrations import (
    BYTES_CHAINED_AFTER,
    COLUMNS_CHAINED_AFTER,
    IDENTITY,
    format_to_read,
    read_property,
)
from outcomes.store.log.recorder import (
    LogRecord,
    contents_after,
    records_after,
    records_before,
    records_by_stream,
    states_after,
)
from outcomes.store.log.repository import KnownAt, LogRepository, readable, replayed
from outcomes.store.privacy.encryption import Opened

_PAGE = 5_000
_ALL_NAMES = tuple(chain.from_iterable(NAMES.values()))

State = tuple[int, bytes, bytes]
"""What is stored of an event: its position, the digest of its content, its bytes as they are kept."""

FoldedT = TypeVar("FoldedT")


class LogReader(LogApplication):
    """A log that is read."""

    name = LogApplication.name

    def stream(self, tenant: str, number: int, stream: str) -> str:
        """Return the whole name under which this log files a stream of a tenant."""
        return in_tenant(number, stream if self.encryption is None else self.encryption.stream(tenant, stream))

    def digest_of(self, value: Any, raw: bytes) -> bytes:
        """Return the digest of an event's content as this log keeps it."""
        digest = content_digest(value, raw)
        return digest if self.encryption is None else self.encryption.digest(digest)

    def has_batch(self, last_position: int, chain: bytes) -> bool:
        """Say whether a batch ends at a position with that chain: whether all up to there is the same."""
        with self._datastore.reading() as connection:
            return holds(connection, last_position, chain)

    def batches(self, after: int = 0) -> list[Batch]:
        """Return the batches that end after a position, in order."""
        with self._datastore.reading() as connection:
            return batches_after(connection, after)

    def identity(self) -> str | None:
        """Return what tells this log from any other, even one with the same events; None for a log of format 1."""
        return self._property(IDENTITY)

    def format(self) -> int:
        """Return the number of this log's layout."""
        with self._datastore.reading() as connection:
            return format_to_read(connection) or 0

    def bytes_chained_after(self) -> int | None:
        """Return the position after which the chain covers stored bytes; None if it nowhere does (format 1)."""
        return self._position(BYTES_CHAINED_AFTER)

    def columns_chained_after(self) -> int | None:
        """Return the position after which the chain covers every column of events; None before format 3."""
        return self._position(COLUMNS_CHAINED_AFTER)

    def _position(self, name: str) -> int | None:
        found = self._property(name)
        if found is None or found.isdecimal():
            return None if found is None else int(found)
        raise LogDamaged(f"properties/{name} is {found!r}, no position: {self.store.restore}")

    def _property(self, name: str) -> str | None:
        with self._datastore.reading() as connection:
            return read_property(connection, name)

    def records(self, after: int = 0, upto: int | None = None) -> Iterator[LogRecord]:
        """Yield the log in position order, a page at a time."""
        end = self.head if upto is None else upto
        while after < end:
            with self.reading() as connection:
                page = records_after(connection, after, end, _PAGE)
            if not page:
                return
            yield from page
            after = page[-1].position

    def records_backwards(self, before: int) -> Iterator[LogRecord]:
        """Yield the log from just before a position to its beginning, a page at a time."""
        while before > 1:
            with self.reading() as connection:
                page = records_before(connection, before, _PAGE)
            if not page:
                return
            yield from page
            before = page[-1].position

    def states(self, after: int, upto: int) -> Iterator[list[State]]:
        """Yield what is stored of the events after a position, a page at a time."""
        while after < upto:
            with self.reading() as connection:
                page = contents_after(connection, after, upto, _PAGE)
            if not page:
                return
            yield page
            after = page[-1][0]

    def known_event(self, position: int, digest: bytes, state: bytes) -> EventLike | None:
        """Return the event of stored bytes for a read model; None of what is not projected, or erased.

        It may have quickly made structs in place of models (`encoding.fast_parser`). Raises LogDamaged.
        """
        event = self._log_mapper.read(position, digest, state)
        return None if isinstance(event, OtherEvent) else event

    def records_at(self, positions: Iterable[int]) -> list[LogRecord]:
        """Return the events at given positions, in the order asked."""
        with self.reading() as connection:
            return self.recorder.records_at(connection, positions)

    def scan(self, is_wanted: Callable[[bytes], bool], upto: int) -> Iterator[str]:
        """Yield, in position order, the streams of the events whose bytes are wanted: one pass, nothing is parsed.

        What was partly erased is wanted, too: what made it so may be what is gone.
        """
        after = 0
        decompress, encryption = self._codec.decompress, self.encryption

        def may_be_wanted(state: bytes, digest: bytes) -> bool:
            if encryption is None:
                return is_wanted(decompress(state))
            opened = encryption.open(state, digest)
            return opened.raw is not None and (not opened.is_whole or is_wanted(opened.raw))

        while after < upto:
            with self.reading() as connection:
                page = states_after(connection, after, upto, _PAGE)
            if not page:
                return
            yield from (stream for _, stream, digest, state in page if may_be_wanted(state, digest))
            after = page[-1][0]

    def raw(self, record: LogRecord) -> bytes:
        """Return the bytes of an event as they came; where someone was erased, what is left of it."""
        return self._log_mapper.raw(record)

    def open(self, record: LogRecord) -> Opened:
        """Return what can still be read of an event, and whether that is all of it; raises LogDamaged."""
        return self._log_mapper.open_record(record)

    def is_partly_erased(self, record: LogRecord) -> bool:
        """Say whether someone whom an event names was erased, and the rest of it can still be read."""
        return self.encryption is not None and not self.open(record).is_whole

    def parse(self, record: LogRecord) -> Event | OtherEvent | ErasedEvent:
        """Return the event of a record; raises LogDamaged."""
        return self._log_mapper.parse(record)

    def parse_quickly(self, record: LogRecord) -> EventLike | OtherEvent | ErasedEvent:
        """Return the same; a plain event may have structs in place of models, of which its body has its `state`."""
        return self._log_mapper.parse_quickly(record)

    def load(
        self, ref: EntityRef, *, as_of: Micros | None = None, known_at: int | None = None
    ) -> Aggregate[Any] | None:
        """Replay one entity from its own events, to any point in event time and in the log; None if unknown."""
        return self._fold(ref, lambda events: replayed(AGGREGATES[ref.kind], events, as_of), as_of, known_at)

    def history(self, ref: EntityRef, *, as_of: Micros | None = None, known_at: int | None = None) -> list[Recorded]:
        """Return the events of one entity that can still be read, in their order, up to a point."""
        return self._fold(ref, lambda events: in_order(readable(events, ref.kind), as_of=as_of), as_of, known_at) or []

    def _fold(
        self,
        ref: EntityRef,
        fold: Callable[[list[LogEvent]], FoldedT | None],
        as_of: Micros | None,
        known_at: int | None,
    ) -> FoldedT | None:
        """Fold what the library's repository finds of an entity up to a point, as of to the millisecond."""
        stream = self.stream_of(ref)
        if stream is None:
            return None
        version = None if as_of is None else last_version(as_of)
        store = self.events if known_at is None else EventStore(self.mapper, KnownAt(self.recorder, known_at))

        def project(_: Any, events: Iterable[Any]) -> Any:
            return fold([*events, *unknown_then])

        try:
            unknown_then = self._filed_as_unknown(ref, stream, version, store)
            found: FoldedT = LogRepository(store).get(stream, version=version, projector_func=project)
        except AggregateNotFoundError:
            return None
        except PersistenceError as error:
            raise self.store.raised(error) from error
        return found

    @staticmethod
    def _filed_as_unknown(ref: EntityRef, stream: str, version: int | None, store: EventStore[str]) -> list[LogEvent]:
        """Return the entity's events that an older version did not know, and so filed under their names."""
        tenant = stream.partition("/")[0]
        found = [store.get(f"{tenant}/{OTHER}/{name}", lte=version) for name in NAMES[ref.kind]]
        known_now = cast("Iterable[LogEvent]", chain.from_iterable(found))
        return [known for known in known_now if isinstance(known.event, Event) and known.event.ref == ref]

    def stream_of(self, ref: EntityRef) -> str | None:
        """Return the id under which the library knows an entity: its stream; None if its tenant is not known."""
        number = self.tenants().get(ref.tenant)
        return None if number is None else self.stream(ref.tenant, number, stream_of_entity(ref.kind, ref.id))

    def events_of(self, ref: EntityRef, known_at: int) -> list[LogEvent]:
        """Return the events of one entity as known at a position."""
        return self._fold(ref, list, None, known_at) or []

    def entities(self, known_at: int) -> Iterator[tuple[EntityRef, list[LogEvent]]]:
        """Yield every entity with its events as known at a position: one pass over the streams, a page at a time.

        What is damaged, or filed where it does not belong, is left out.
        """
        numbers = self.tenants()
        unknown_then = self._all_filed_as_unknown(numbers, known_at)
        for stream, records in groupby(self._by_stream(known_at), attrgetter("originator_id")):
            if not isinstance(stream, str) or stream.partition("/")[2].startswith(f"{OTHER}/"):
                continue
            events = [self._log_mapper.to_domain_event(record) for record in records]
            ref = self._ref_of(stream, events, numbers)
            if ref is not None:
                yield ref, [*events, *unknown_then.pop(ref, ())]
        yield from unknown_then.items()

    def _by_stream(self, upto: int) -> Iterator[LogRecord]:
        after: tuple[Any, Any] | None = ("", -1)
        while after is not None:
            with self.reading() as connection:
                page = records_by_stream(connection, after, upto, _PAGE)
            yield from page
            keys = ((record.originator_id, record.originator_version) for record in reversed(page))
            # A key of another type than it should have cannot be gone on from.
            after = next((key for key in keys if (type(key[0]), type(key[1])) == (str, int)), None)

    def _ref_of(self, stream: str, events: Iterable[LogEvent], numbers: dict[str, int]) -> EntityRef | None:
        """Return the entity whose stream this is, by the first event that says so."""
        for event in _read(events):
            ref, number = event.ref, numbers.get(event.tenant)
            if number is not None and stream == self.stream(ref.tenant, number, stream_of_entity(ref.kind, ref.id)):
                return ref
        return None

    def _all_filed_as_unknown(self, numbers: dict[str, int], known_at: int) -> dict[EntityRef, list[LogEvent]]:
        store = EventStore(self.mapper, KnownAt(self.recorder, known_at))
        found: dict[EntityRef, list[LogEvent]] = {}
        streams = [in_tenant(number, f"{OTHER}/{name}") for number in numbers.values() for name in _ALL_NAMES]
        try:
            for known in cast("Iterable[LogEvent]", chain.from_iterable(map(store.get, streams))):
                for event in _read([known]):
                    found.setdefault(event.ref, []).append(known)
        except PersistenceError as error:
            raise self.store.raised(error) from error
        return found


def _read(events: Iterable[LogEvent]) -> Iterator[Event]:
    """Yield what can be read of events, and is projected."""
    for one in events:
        with suppress(LogDamaged):
            if isinstance(one.event, Event):
                yield one.event
