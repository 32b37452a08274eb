"""The event log: the truth. Appended in batches, never changed, read by position or by entity."""

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar, cast

from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.persistence import EventStore, InfrastructureFactory
from eventsourcing.sqlite import SQLiteFactory
from eventsourcing.utils import Environment

from outcomes.domain.aggregate import Aggregate, in_order
from outcomes.domain.catalog import AGGREGATES, NAMES
from outcomes.domain.errors import HomeUnavailable, LogDamaged, UsageError
from outcomes.domain.event import ErasedEvent, Event, EventLike, OtherEvent, Recorded
from outcomes.domain.identity import EntityRef
from outcomes.domain.times import Micros
from outcomes.store.encoding.arrival import Arrivals, Extract, extract_nothing
from outcomes.store.encoding.compression import Codec, dictionary_number, shipped_dictionary
from outcomes.store.encoding.content_digest import content_digest
from outcomes.store.encoding.stream_keys import OTHER, in_tenant, last_version, stream_of_entity
from outcomes.store.log.appender import Appended, Appender
from outcomes.store.log.factory import LogFactory
from outcomes.store.log.hash_chain import Batch, batches_after
from outcomes.store.log.layout import FORMAT, has_table, holds_a_log, says_what_was_written
from outcomes.store.log.mapper import LogEvent, LogMapper
from outcomes.store.log.migrations import (
    BYTES_CHAINED_AFTER,
    COLUMNS_CHAINED_AFTER,
    IDENTITY,
    bring_up_to_date,
    encrypt_new,
    format_to_read,
    read_property,
)
from outcomes.store.log.recorder import (
    DICTIONARIES,
    TENANTS,
    LogRecord,
    LogRecorder,
    head_of,
    records_after,
    records_at,
    records_before,
    states_after,
)
from outcomes.store.log.repository import KnownAt, LogRepository, readable, replayed
from outcomes.store.privacy import keyring, settings
from outcomes.store.privacy.encryption import EventEncryption, Opened
from outcomes.store.privacy.home_key import KeySource, default_source
from outcomes.store.privacy.key_tree import KeyTree
from outcomes.store.sqlite import ledger
from outcomes.store.sqlite.datastore import Datastore
from outcomes.store.sqlite.private_files import make_private
from outcomes.store.sqlite.rows import fetch_all, fetch_one
from outcomes.store.sqlite.sweeping import sweep

_PAGE = 5_000
_SWEEP_SECONDS = 5.0


FoldedT = TypeVar("FoldedT")


class EventLog(Application[str]):
    """The library's application over one `log.db`; all its generics end here.

    `EventLog(path).load(EntityRef(tenant, Kind.OUTCOME, "7"), as_of=...)` replays one entity.
    """

    name = "outcomes"
    log_section_size = 1_000
    """What the notification log gives out at most at a time."""
    recorder: LogRecorder

    def __init__(
        self, path: Path, *, create: bool = True, encrypt: bool = False, key_source: KeySource | None = None
    ) -> None:
        if not holds_a_log(path) and not create:
            raise HomeUnavailable(f"no log at {path}: ingest events first, or name another folder with --home")
        if create:
            make_private(path)
        self.encryption: EventEncryption | None = None
        self.key_source = key_source or default_source(path.parent)
        self._path = path
        super().__init__({SQLiteFactory.SQLITE_DBNAME: str(path)})
        assert isinstance(self.recorder.datastore, Datastore)  # noqa: S101 - made by our factory
        self._datastore = self.recorder.datastore
        self._prepare(encrypt=encrypt)
        if encrypt and self.encryption is None:
            self.close()
            raise UsageError(
                f"{path.parent} is there already, and not encrypted: encryption begins with a new folder, "
                "into which outcomes log of this one can be ingested"
            )

    # -- how the library gets its parts ---------------------------------------------------------------------------

    def construct_env(self, name: str, env: Any = None) -> Environment:
        """Ignore the process environment: stray variables must not reconfigure the truth."""
        # The tables are made by the migration: made on each opening, they would hide that a trigger was dropped.
        ours = {SQLiteFactory.ORIGINATOR_ID_TYPE: "text", SQLiteFactory.CREATE_TABLE: "no"}
        return Environment(name, {**dict(env or {}), **ours})

    def construct_factory(self, env: Environment) -> InfrastructureFactory[Any]:
        """Return the factory over our datastore."""
        return LogFactory(env)

    def construct_repository(self) -> LogRepository:
        """Return the repository that folds as the domain does."""
        return LogRepository(self.events)

    def take_snapshot(self, *_: Any, **__: Any) -> None:
        """Refuse: an event that comes late belongs before a snapshot, which would never see it."""
        raise TypeError("no snapshots of a log into which events come late: a replay of an entity takes a millisecond")

    def construct_mapper(self) -> LogMapper:
        """Return the mapper; its dictionaries are filled in once the log is open."""
        self._dictionaries: dict[int, bytes] = {}
        shipped = shipped_dictionary()
        self._codec = Codec(self._dictionaries, dictionary_number(shipped))
        self._dictionaries[dictionary_number(shipped)] = shipped
        self._log_mapper = LogMapper(self._codec, self._tenant_uuid)
        return self._log_mapper

    def _prepare(self, *, encrypt: bool) -> None:
        with self._datastore.reading() as connection:
            is_new = format_to_read(connection) is None
        if is_new:
            with self._datastore.writing() as connection:
                bring_up_to_date(connection, self.key_source)
                if encrypt:
                    encrypt_new(connection, self.key_source)
                self._keep_dictionary(connection)
        with self._datastore.reading() as connection:
            rows = fetch_all(connection, f"SELECT {DICTIONARIES.listed} FROM dictionaries")
            self._format = format_to_read(connection)
            is_encrypted = has_table(connection, keyring.TABLE.name)
        for row in rows:
            # What is damaged is missed by those events alone that need it. Our own is known without the log.
            if not any(DICTIONARIES.faults(row)):
                self._dictionaries.setdefault(*row)
        if is_encrypted:
            secret, tree = self._secrets()
            self.encryption = self._log_mapper.encryption = EventEncryption(
                secret, tree, self._codec, self._datastore.reading
            )
            self.recorder.before_reading = self.encryption.keyring.refresh
        self._appender = Appender(self.recorder, self._codec, self.encryption)

    def _secrets(self) -> tuple[bytes, KeyTree | None]:
        """Return the secret of keyed hashes and what unwraps people's keys (None before format 3)."""
        with self._datastore.reading() as connection:
            inside = read_property(connection, keyring.OLD_SECRET)
            check = self._check_of(connection)
        if inside is not None:
            return bytes.fromhex(inside), None
        key = self.key_source.read()
        if check not in {key.check, None}:
            raise HomeUnavailable(
                f"{self.key_source.place} holds the key of another home: put this home's key there, or name its place "
                "with --key-file"
            )
        return key.secret, key.tree

    @staticmethod
    def _check_of(connection: sqlite3.Connection) -> str | None:
        # Where the check was changed the key may be right all the same: what it does not open tells.
        is_whole = says_what_was_written(connection, keyring.KEY_CHECK)
        return read_property(connection, keyring.KEY_CHECK) if is_whole else None

    def _keep_dictionary(self, connection: sqlite3.Connection) -> None:
        """Keep the dictionary that events are about to be packed with, if the log has it not yet."""
        shipped = next(iter(self._dictionaries))
        if connection.execute("SELECT 1 FROM dictionaries WHERE number = ?", (shipped,)).fetchone() is None:
            ledger.insert(connection, DICTIONARIES, shipped, self._dictionaries[shipped])

    # -- writing --------------------------------------------------------------------------------------------------

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Open one write transaction; gives the connection for `append` and for the quarantine.

        A log of an older format is brought up to date with it.
        """
        if self.encryption is not None and self._format != FORMAT:
            self._take_keys_out(self.encryption)
        with self._datastore.writing() as connection:
            bring_up_to_date(connection, self.key_source)
            self._keep_dictionary(connection)
            yield connection

    def _take_keys_out(self, encryption: EventEncryption) -> None:
        """Bring an encrypted log of an older format up to date, and leave nothing of its keys in free space.

        Where somebody else still reads it as it was, `verify` says so, until the next process that writes has done it.
        """
        with self._datastore.writing() as connection:
            bring_up_to_date(connection, self.key_source)
        _, encryption.keyring.tree = self._secrets()
        encryption.keyring.clear_cache()
        self._format = FORMAT
        self.sweep_keys()

    def sweep_keys(self) -> None:
        """Leave nothing of keys that were inside an older format in free space, if that is still to be done."""
        with self._datastore.reading() as connection:
            state = settings.current(connection, settings.KEYS_OUT)
        if state != "begun":
            return
        with suppress(HomeUnavailable):
            sweep(self._path, patience=_SWEEP_SECONDS, compact=True, otherwise="")
            with self._datastore.writing() as connection:
                settings.record(connection, settings.KEYS_OUT, "finished", time.time_ns() // 1_000)

    def append(
        self,
        connection: sqlite3.Connection,
        arrivals: Arrivals,
        source: str,
        recorded_at: Micros,
        extract: Extract = extract_nothing,
    ) -> Appended:
        """Append those arrivals that are new, in their order; return them with their positions.

        Repeats, of stored events or inside the batch, are left out: nothing is stored twice. `extract` extracts
        what this home keeps otherwise than it came: redacted, or encrypted.
        """
        return self._appender.append(connection, arrivals, source, recorded_at, extract)

    def forget_uncommitted(self) -> None:
        """Drop what was learnt inside a transaction that was rolled back."""
        self._appender.forget_uncommitted()

    # -- reading --------------------------------------------------------------------------------------------------

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Open one read transaction; give its connection. No key is used that was destroyed before."""
        with self._datastore.reading() as connection:
            if self.encryption is not None:
                self.encryption.keyring.refresh(connection)
            yield connection

    @property
    def head(self) -> int:
        """The last position; 0 for an empty log."""
        with self._datastore.reading() as connection:
            return head_of(connection)

    def tenants(self) -> dict[str, int]:
        """Return each tenant's uuid with its number in stream names. Raises LogDamaged."""
        with self._datastore.reading() as connection:
            rows = fetch_all(connection, f"SELECT {TENANTS.listed} FROM tenants ORDER BY number")
        return {uuid: number for number, uuid in map(TENANTS.checked, rows)}

    def _tenant_uuid(self, number: int) -> str:
        return next((uuid for uuid, known in self.tenants().items() if known == number), "")

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
            found = fetch_one(connection, "SELECT chain FROM batches WHERE last_position = ?", (last_position,))
        return found is not None and found[0] == chain

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
        raise LogDamaged(f"properties/{name} is {found!r}, no position: restore log.db from a backup")

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

    def known_events(self, after: int, upto: int) -> Iterator[list[tuple[int, bytes, EventLike]]]:
        """Yield the projected events of the log for a read model, a page at a time: position, digest, event.

        An event may have quickly made structs in place of models (`encoding.fast_parser`). Raises LogDamaged.
        """
        read = self._log_mapper.read
        while after < upto:
            with self.reading() as connection:
                page = states_after(connection, after, upto, _PAGE)
            if not page:
                return
            after = page[-1][0]
            found = ((position, digest, read(position, digest, state)) for position, _, digest, state in page)
            yield [
                (position, digest, event)
                for position, digest, event in found
                if event and not isinstance(event, OtherEvent)
            ]

    def records_at(self, positions: Iterable[int]) -> list[LogRecord]:
        """Return the events at given positions, in the order asked."""
        with self.reading() as connection:
            return records_at(connection, positions)

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
        return self._fold(ref, lambda events: in_order(readable(events), as_of=as_of), as_of, known_at) or []

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
        unknown_then = self._filed_as_unknown(ref, stream, version, store)

        def project(_: Any, events: Iterable[Any]) -> Any:
            return fold([*events, *unknown_then])

        try:
            found: FoldedT = LogRepository(store).get(stream, version=version, projector_func=project)
        except AggregateNotFoundError:
            return None
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

    def streams(self) -> Iterator[int]:
        """Yield, for every stream, the position of one of its events."""
        with self._datastore.reading() as connection:
            rows = connection.execute("SELECT min(position) FROM stored_events GROUP BY originator_id")
            yield from (int(row[0]) for row in rows)

    @property
    def codec(self) -> Codec:
        """The codec of stored bytes."""
        return self._codec
