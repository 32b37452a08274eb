"""The event log: the truth. Appended in batches, never changed, read by position or by entity."""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.persistence import InfrastructureFactory
from eventsourcing.sqlite import SQLiteFactory
from eventsourcing.utils import Environment

from domain.aggregate import Aggregate, in_order
from domain.catalog import AGGREGATES
from domain.errors import HomeUnavailable
from domain.event import Event, OtherEvent, Recorded
from domain.identity import EntityRef
from domain.times import Micros
from store import quarantine
from store.codec import Codec, dictionary_number, shipped_dictionary
from store.keys import last_version, stream_of, stream_of_ref, version_of
from store.mapper import LogMapper
from store.recorder import LogRecord, LogRecorder, Row, records_after, records_at
from store.sqlite import Datastore

FORMAT = 1
"""Version of the layout of log.db; a home of a newer one is not touched."""

_PAGE = 5_000
NO_CHAIN = b"\0" * 32
"""What the first batch is chained to."""


class Arrival(NamedTuple):
    """An event as it came: its bytes, the digest of its content, what it says."""

    raw: bytes
    digest: bytes
    event: Event | OtherEvent


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

    def __init__(self, path: Path, *, create: bool = True) -> None:
        # An empty file is a log that is just being made, or whose making was cut short.
        if not create and (not path.exists() or path.stat().st_size == 0):
            raise HomeUnavailable(f"no log at {path}: ingest events first, or name another folder with --home")
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._datastore = Datastore(path)
        self._tenants: dict[str, int] = {}
        super().__init__()
        self._prepare()

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
        self._log_mapper = LogMapper(self._codec)
        return self._log_mapper

    def _prepare(self) -> None:
        shipped = next(iter(self._dictionaries))
        with self._datastore.reading() as connection:
            form, is_known = _form(connection), _knows(connection, shipped)
        if form is not None and form > FORMAT:
            raise HomeUnavailable(
                f"this log has format {form}, made by a newer version; this one knows {FORMAT}: upgrade outcomes",
            )
        if form is None or not is_known:
            with self._datastore.writing() as connection:
                for statement in quarantine.TABLES:
                    connection.execute(statement)
                # Asked again: another process may have opened the new log at the same time.
                if _form(connection) is None:
                    connection.execute("INSERT INTO properties VALUES ('format', ?)", (str(FORMAT),))
                if not _knows(connection, shipped):
                    connection.execute("INSERT INTO dictionaries VALUES (?, ?)", (shipped, self._dictionaries[shipped]))
        with self._datastore.reading() as connection:
            self._dictionaries.update(dict(connection.execute("SELECT number, bytes FROM dictionaries").fetchall()))

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
        codec = self._codec
        rows = []
        for arrival in arrivals:
            event = arrival.event
            rows.append(
                Row(
                    stream_of(self._tenant_number(connection, event.tenant), event),
                    version_of(event.event_time, arrival.digest),
                    event.metadata.event_name,
                    codec.compress(arrival.raw),
                    arrival.digest,
                )
            )
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
        digests = [item.arrival.digest for item in appended]
        batch = batch._replace(chain=chain_after(last.chain if last else NO_CHAIN, batch, digests))
        connection.execute("INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?)", batch)
        return appended

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
        """Return the bytes of an event as they came."""
        return self._log_mapper.raw(record)

    def parse(self, record: LogRecord) -> Event | OtherEvent:
        """Return the event of a record; raises LogDamaged."""
        return self._log_mapper.parse(record)

    def load(
        self, ref: EntityRef, *, as_of: Micros | None = None, known_at: int | None = None
    ) -> Aggregate[Any] | None:
        """Rebuild one entity from its own events, to any point in event time and in the log; None if unknown."""
        aggregate = AGGREGATES[ref.kind]

        def project(_: Aggregate[Any] | None, events: Iterable[Any]) -> Aggregate[Any] | None:
            return aggregate.replay(events, as_of=as_of, known_at=known_at)

        number = self.tenants().get(ref.tenant)
        if number is None:
            return None
        try:
            # The library's signature wants its own aggregate protocol; ours is a frozen state without a version.
            return self.repository.get(  # type: ignore[type-var]
                stream_of_ref(number, ref),
                version=None if as_of is None else last_version(as_of),
                projector_func=project,
            )
        except AggregateNotFoundError:
            return None

    def history(self, ref: EntityRef, *, as_of: Micros | None = None, known_at: int | None = None) -> list[Recorded]:
        """Return the events of one entity in their order, up to a point."""
        number = self.tenants().get(ref.tenant)
        if number is None:
            return []
        version = None if as_of is None else last_version(as_of)
        events: Any = self.events.get(stream_of_ref(number, ref), lte=version)
        return in_order(events, as_of=as_of, known_at=known_at)

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


def _form(connection: sqlite3.Connection) -> int | None:
    found = connection.execute("SELECT value FROM properties WHERE name = 'format'").fetchone()
    return None if found is None else int(found[0])


def _knows(connection: sqlite3.Connection, dictionary: int) -> bool:
    return bool(connection.execute("SELECT 1 FROM dictionaries WHERE number = ?", (dictionary,)).fetchone())


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
