"""The event log: the truth. Appended in batches, never changed, read by position or by entity."""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from hashlib import blake2b
from pathlib import Path
from secrets import token_hex
from typing import Any, NamedTuple

from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.persistence import InfrastructureFactory
from eventsourcing.sqlite import SQLiteFactory
from eventsourcing.utils import Environment

from domain.aggregate import Aggregate, in_order
from domain.catalog import AGGREGATES
from domain.errors import HomeUnavailable, UsageError
from domain.event import ErasedEvent, Event, OtherEvent, Recorded
from domain.identity import EntityRef
from domain.times import Micros
from store import door, house_rules, keyring, quarantine
from store.canonical import content_digest
from store.codec import Codec, dictionary_number, shipped_dictionary
from store.keys import last_version, stream_of, stream_of_ref, version_of
from store.mapper import LogMapper
from store.recorder import LogRecord, LogRecorder, Row, links_after, records_after, records_at
from store.sqlite import Datastore
from store.vault import Opened, Vault

FORMAT = 1
"""Version of the layout of log.db; a home of a newer one is not touched."""

_PAGE = 5_000
NO_CHAIN = b"\0" * 32
"""What the first batch is chained to."""


class Arrival(NamedTuple):
    """An event as it came: its bytes, the digest of its content, what it says."""

    raw: bytes
    digest: bytes
    event: Event | OtherEvent | ErasedEvent


class Appended(NamedTuple):
    """An arrival that was new, and the position that it got."""

    position: int
    arrival: Arrival


class Batch(NamedTuple):
    """One transaction of the log. `max_event_time` is over this and all batches before it."""

    last_position: int
    first_position: int
    recorded_at: Micros
    source: str
    max_event_time: Micros
    chain: bytes


class _Factory(SQLiteFactory):
    """Makes the library's parts over our own datastore."""

    application_recorder_class = LogRecorder

    def __init__(self, env: Environment, datastore: Datastore) -> None:
        InfrastructureFactory.__init__(self, env)
        self.datastore = datastore


class EventLog(Application[str]):
    """The library's application over one `log.db`; all its generics end here.

    `EventLog(path).load(EntityRef(tenant, Kind.OUTCOME, "7"), as_of=...)` replays one entity.
    """

    name = "outcomes"

    def __init__(self, path: Path, *, create: bool = True, seal: bool = False) -> None:
        if not create and not path.exists():
            raise HomeUnavailable(f"no log at {path}: ingest events first, or name another folder with --home")
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._datastore = Datastore(path)
        self._tenants: dict[str, int] = {}
        self.vault: Vault | None = None
        super().__init__()
        self._prepare(sealed=seal)
        if seal and self.vault is None:
            self.close()
            raise UsageError(
                f"{path.parent} is there already, and not sealed: sealing begins with a new folder, "
                "into which outcomes log of this one can be ingested"
            )

    # -- how the library gets its parts ---------------------------------------------------------------------------

    def construct_env(self, name: str, env: Any = None) -> Environment:
        """Ignore the process environment: stray variables must not reconfigure the truth."""
        return Environment(name, dict(env or {}))

    def construct_factory(self, env: Environment) -> InfrastructureFactory[Any]:
        """Return the factory over our datastore."""
        return _Factory(env, self._datastore)

    def construct_mapper(self) -> LogMapper:
        """Return the mapper; its dictionaries are filled in once the log is open."""
        self._dictionaries: dict[int, bytes] = {}
        shipped = shipped_dictionary()
        self._codec = Codec(self._dictionaries, dictionary_number(shipped))
        self._dictionaries[dictionary_number(shipped)] = shipped
        self._log_mapper = LogMapper(self._open, self._tenant_uuid)
        return self._log_mapper

    def _open(self, record: LogRecord) -> Opened:
        if self.vault is None:
            return Opened(self._codec.decompress(record.state), is_whole=True)
        return self.vault.open(record.state, record.digest)

    def _prepare(self, *, sealed: bool) -> None:
        with self._datastore.reading() as connection:
            found = connection.execute("SELECT value FROM properties WHERE name = 'format'").fetchone()
            shipped = next(iter(self._dictionaries))
            known = connection.execute("SELECT 1 FROM dictionaries WHERE number = ?", (shipped,)).fetchone()
        if found is not None and int(found[0]) > FORMAT:
            raise HomeUnavailable(
                f"this log has format {found[0]}, made by a newer version; this one knows {FORMAT}: upgrade outcomes",
            )
        if found is None or known is None:
            with self._datastore.writing() as connection:
                for statement in quarantine.TABLES:
                    connection.execute(statement)
                if found is None:
                    connection.execute("INSERT INTO properties VALUES ('format', ?)", (str(FORMAT),))
                if sealed and found is None:
                    connection.execute("INSERT INTO properties VALUES ('secret', ?)", (token_hex(32),))
                    for statement in keyring.TABLES:
                        connection.execute(statement)
                if known is None:
                    connection.execute("INSERT INTO dictionaries VALUES (?, ?)", (shipped, self._dictionaries[shipped]))
        with self._datastore.reading() as connection:
            self._dictionaries.update(dict(connection.execute("SELECT number, bytes FROM dictionaries").fetchall()))
            secret = connection.execute("SELECT value FROM properties WHERE name = 'secret'").fetchone()
        if secret is not None:
            self.vault = Vault(bytes.fromhex(secret[0]), self._codec, self._datastore.reading)

    # -- writing --------------------------------------------------------------------------------------------------

    def writing(self) -> Any:
        """Open one write transaction; gives the connection for `append` and for the quarantine."""
        return self._datastore.writing()

    def append(
        self, connection: sqlite3.Connection, arrivals: Sequence[Arrival], source: str, recorded_at: Micros
    ) -> list[Appended]:
        """Append those arrivals that are new, in their order; return them with their positions.

        Repeats, of stored events or inside the batch, are left out: nothing is stored twice.
        """
        head, last = _head(connection), _last_batch(connection)
        arrivals = door.admit(connection, arrivals, partial(self._stream, connection), self._keyed)
        if self.vault is None:
            rows = [self._row(connection, arrival, self._codec.compress(arrival.raw)) for arrival in arrivals]
        else:
            rows, arrivals = self._sealed(connection, self.vault, arrivals, recorded_at)
        assert isinstance(self.recorder, LogRecorder)  # noqa: S101 - made by our factory
        count = self.recorder.append(connection, rows)
        if count == 0:
            return []
        new = list(enumerate(arrivals, head + 1)) if count == len(rows) else _find_new(connection, head, arrivals)
        appended = [Appended(position, arrival) for position, arrival in new]
        newest = max(item.arrival.event.event_time for item in appended)
        batch = Batch(
            head + count,
            head + 1,
            max(recorded_at, last.recorded_at if last else 0),  # a clock that steps back must not reorder batches
            source,
            max(newest, last.max_event_time if last else newest),
            b"",
        )
        links = [item.arrival.digest for item in appended] if self.vault is None else links_after(connection, head)
        batch = batch._replace(chain=chain_after(last.chain if last else NO_CHAIN, batch, links))
        connection.execute("INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?)", batch)
        return appended

    def _sealed(
        self, connection: sqlite3.Connection, vault: Vault, arrivals: Sequence[Arrival], recorded_at: Micros
    ) -> tuple[list[Row], list[Arrival]]:
        """Return the rows of a sealed home, and the arrivals as they can still be read."""
        vault.keys.refresh(connection)
        rows, readable = [], []
        for arrival in arrivals:
            assert not isinstance(arrival.event, ErasedEvent)  # noqa: S101 - it has just come in
            keyed = arrival._replace(digest=vault.digest(arrival.digest))
            state, event = vault.admit(connection, keyed.raw, keyed.digest, arrival.event)
            rows.append(self._row(connection, keyed, state))
            readable.append(keyed._replace(event=event))
        if vault.has_erased:
            house_rules.decide(connection, house_rules.ERASURE, "begun", recorded_at)
            vault.has_erased = False
        return rows, readable

    def _row(self, connection: sqlite3.Connection, arrival: Arrival, state: bytes) -> Row:
        event = arrival.event
        assert not isinstance(event, ErasedEvent)  # noqa: S101 - it has just come in
        version = version_of(event.event_time, arrival.digest)
        return Row(self._stream(connection, event), version, event.metadata.event_name, state, arrival.digest)

    def _stream(self, connection: sqlite3.Connection, event: Event | OtherEvent) -> str:
        return self.stream(self._tenant_number(connection, event.tenant), event)

    def _tenant_number(self, connection: sqlite3.Connection, uuid: str) -> int:
        number = self._tenants.get(uuid)
        if number is None:
            found = connection.execute("SELECT number FROM tenants WHERE uuid = ?", (uuid,)).fetchone()
            if found is None:
                found = connection.execute("INSERT INTO tenants (uuid) VALUES (?) RETURNING number", (uuid,)).fetchone()
            number = self._tenants[uuid] = int(found[0])
        return number

    def forget_uncommitted(self) -> None:
        """Drop what was learnt inside a transaction that was rolled back."""
        self._tenants.clear()
        if self.vault is not None:
            self.vault.keys.let_go()

    # -- reading --------------------------------------------------------------------------------------------------

    def reading(self) -> Any:
        """Open one read transaction; gives the connection."""
        return self._datastore.reading()

    @property
    def head(self) -> int:
        """The last position; 0 for an empty log."""
        with self._datastore.reading() as connection:
            return _head(connection)

    def tenants(self) -> dict[str, int]:
        """Return each tenant's uuid with its number in stream names."""
        with self._datastore.reading() as connection:
            return dict(connection.execute("SELECT uuid, number FROM tenants ORDER BY number").fetchall())

    def _tenant_uuid(self, number: int) -> str:
        return next((uuid for uuid, known in self.tenants().items() if known == number), "")

    def stream(self, number: int, event: Event | OtherEvent) -> str:
        """Return the stream that an event of the tenant with a number is filed under."""
        return stream_of(number, event) if self.vault is None else self.vault.stream(number, event)

    def digest_of(self, value: Any, raw: bytes) -> bytes:
        """Return the digest of an event's content as this log keeps it."""
        return self._keyed(content_digest(value, raw))

    def _keyed(self, digest: bytes) -> bytes:
        return digest if self.vault is None else self.vault.digest(digest)

    def has_batch(self, last_position: int, recorded_at: Micros) -> bool:
        """Say whether a batch that ends at a position was recorded at a time."""
        with self._datastore.reading() as connection:
            found = connection.execute(
                "SELECT 1 FROM batches WHERE last_position = ? AND recorded_at = ?", (last_position, recorded_at)
            ).fetchone()
        return found is not None

    def batches(self, after: int = 0) -> list[Batch]:
        """Return the batches that end after a position, in order."""
        with self._datastore.reading() as connection:
            rows = connection.execute(
                "SELECT last_position, first_position, recorded_at, source, max_event_time, chain "
                "FROM batches WHERE last_position > ? ORDER BY last_position",
                (after,),
            )
            return [Batch(*row) for row in rows]

    def records(self, after: int = 0, upto: int | None = None) -> Iterator[LogRecord]:
        """Yield the log in position order, a page at a time."""
        end = self.head if upto is None else upto
        while after < end:
            with self._datastore.reading() as connection:
                if self.vault is not None:
                    self.vault.keys.refresh(connection)
                page = records_after(connection, after, end, _PAGE)
            if not page:
                return
            yield from page
            after = page[-1].position

    def records_at(self, positions: Iterable[int]) -> list[LogRecord]:
        """Return the events at given positions, in the order asked."""
        with self._datastore.reading() as connection:
            return records_at(connection, positions)

    def raw(self, record: LogRecord) -> bytes:
        """Return the bytes of an event as they came; where someone was erased, what is left of it."""
        return self._log_mapper.raw(record)

    def open(self, record: LogRecord) -> Opened:
        """Return what can still be read of an event, and whether that is all of it; raises LogDamaged."""
        return self._log_mapper.open(record)

    def is_partly_erased(self, record: LogRecord) -> bool:
        """Say whether someone whom an event names was erased, and the rest of it can still be read."""
        return self.vault is not None and not self.open(record).is_whole

    def parse(self, record: LogRecord) -> Event | OtherEvent | ErasedEvent:
        """Return the event of a record; raises LogDamaged."""
        return self._log_mapper.parse(record)

    def load(
        self, ref: EntityRef, *, as_of: Micros | None = None, known_at: int | None = None
    ) -> Aggregate[Any] | None:
        """Rebuild one entity from its own events, to any point in event time and in the log; None if unknown."""
        aggregate = AGGREGATES[ref.kind]

        def project(_: Aggregate[Any] | None, events: Iterable[Any]) -> Aggregate[Any] | None:
            return aggregate.replay(_readable(events), as_of=as_of, known_at=known_at)

        stream = self._stream_of_ref(ref)
        if stream is None:
            return None
        try:
            # The library's signature wants its own aggregate protocol; ours is a frozen state without a version.
            return self.repository.get(  # type: ignore[type-var]
                stream,
                version=None if as_of is None else last_version(as_of),
                projector_func=project,
            )
        except AggregateNotFoundError:
            return None

    def history(self, ref: EntityRef, *, as_of: Micros | None = None, known_at: int | None = None) -> list[Recorded]:
        """Return the events of one entity in their order, up to a point."""
        stream = self._stream_of_ref(ref)
        if stream is None:
            return []
        version = None if as_of is None else last_version(as_of)
        events: Any = self.events.get(stream, lte=version)
        return in_order(_readable(events), as_of=as_of, known_at=known_at)

    def _stream_of_ref(self, ref: EntityRef) -> str | None:
        number = self.tenants().get(ref.tenant)
        if number is None:
            return None
        return stream_of_ref(number, ref if self.vault is None else self.vault.ref(ref))

    def streams(self) -> Iterator[int]:
        """Yield, for every stream, the position of one of its events."""
        with self._datastore.reading() as connection:
            rows = connection.execute("SELECT min(position) FROM stored_events GROUP BY originator_id")
            yield from (int(row[0]) for row in rows)

    @property
    def codec(self) -> Codec:
        """The codec of stored bytes."""
        return self._codec


def chain_after(previous: bytes, batch: Batch, digests: Iterable[bytes]) -> bytes:
    """Return the hash that ties a batch to all before it: what was appended, in which order, when, from where."""
    hasher = blake2b(previous, digest_size=32)
    hasher.update(f"{batch.first_position}|{batch.last_position}|{batch.recorded_at}|{batch.source}|".encode())
    for digest in digests:
        hasher.update(digest)
    return hasher.digest()


def _readable(events: Iterable[Any]) -> list[Recorded]:
    return [recorded for recorded in events if isinstance(recorded.event, Event)]


def _head(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT coalesce(max(position), 0) FROM stored_events").fetchone()[0])


def _last_batch(connection: sqlite3.Connection) -> Batch | None:
    row = connection.execute(
        "SELECT last_position, first_position, recorded_at, source, max_event_time, chain "
        "FROM batches ORDER BY last_position DESC LIMIT 1"
    ).fetchone()
    return Batch(*row) if row else None


def _find_new(connection: sqlite3.Connection, head: int, arrivals: Sequence[Arrival]) -> list[tuple[int, Arrival]]:
    """Match what was stored with what came, by content: the first of equal arrivals is the one that was stored."""
    first = {arrival.digest: arrival for arrival in reversed(arrivals)}
    stored = connection.execute(
        "SELECT position, content_hash FROM stored_events WHERE position > ? ORDER BY position", (head,)
    )
    return [(int(position), first[digest]) for position, digest in stored]
