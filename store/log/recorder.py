"""The log's tables, and what the library's recorders do with them on any database: append batches, read streams.

`eventsourcing` is pinned below 10, which renames its tables and classes; nothing outside `store` imports it.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any
from uuid import UUID

from eventsourcing.persistence import ApplicationRecorder, Notification, StoredEvent

from outcomes.store.connection import Connection, Transactions
from outcomes.store.encoding.content_digest import DIGEST_BYTES
from outcomes.store.encoding.stream_keys import next_free_version
from outcomes.store.ledger import Table
from outcomes.store.log.row_columns import Row, RowColumns
from outcomes.store.log.subscription import PollingSubscription
from outcomes.store.rows import fetch_all
from outcomes.store.sqlite.bulk_insert import Inserted


@dataclass(frozen=True)
class LogRecord(Notification):
    """A stored event as the library's notification, with the digest of its content."""

    digest: bytes

    @property
    def position(self) -> int:
        """Its place in the log: the notification's id."""
        return self.id


EVENTS = Table(
    "stored_events",
    {
        "position": "integer",
        "originator_id": "text",
        "originator_version": "integer",
        "topic": "text",
        "state": "blob",
        "content_hash": "blob",
    },
)
TENANTS = Table("tenants", {"number": "integer", "uuid": "text"})
DICTIONARIES = Table("dictionaries", {"number": "integer", "bytes": "blob"})
PROPERTIES = Table("properties", {"name": "text", "value": "text"})

# A plain INTEGER PRIMARY KEY: deletion is refused below, so no position is ever reused, and unlike AUTOINCREMENT a
# repeat that is not stored leaves no gap behind.
EVENTS_TABLE = """CREATE TABLE IF NOT EXISTS stored_events (
        position INTEGER PRIMARY KEY,
        originator_id TEXT NOT NULL,
        originator_version INTEGER NOT NULL,
        topic TEXT NOT NULL,
        state BLOB NOT NULL,
        content_hash BLOB NOT NULL,
        UNIQUE (originator_id, originator_version))"""
TABLES = (
    EVENTS_TABLE,
    """CREATE TABLE IF NOT EXISTS batches (
        last_position INTEGER PRIMARY KEY,
        first_position INTEGER NOT NULL,
        recorded_at INTEGER NOT NULL,
        source TEXT NOT NULL,
        max_event_time INTEGER NOT NULL,
        chain BLOB NOT NULL)""",
    "CREATE TABLE IF NOT EXISTS tenants (number INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE)",
    "CREATE TABLE IF NOT EXISTS dictionaries (number INTEGER PRIMARY KEY, bytes BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS properties (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
)
_IMMUTABLE = ("stored_events", "batches", "tenants", "dictionaries", "properties", "house_rules")
# SQLite lets INSERT OR REPLACE delete without asking the triggers above. On the small tables an insert is refused where
# a row is there; on stored_events that would cost more than the insert itself, so there the chain of hashes answers.
_TAKEN = {
    "batches": "last_position = NEW.last_position",
    "tenants": "number = NEW.number OR uuid = NEW.uuid",
    "dictionaries": "number = NEW.number",
    "properties": "name = NEW.name",
    "house_rules": "number = NEW.number",
}


def _trigger(name: str, when: str, refused: str) -> tuple[str, str]:
    # Word for word what SQLite keeps of it, so that a changed one shows.
    refusal = f"SELECT RAISE(ABORT, 'the log is immutable: {refused} is refused')"
    return name, f"CREATE TRIGGER {name} {when} BEGIN {refusal}; END"


TRIGGERS = dict(
    [
        _trigger(f"{table}_refuse_{action.lower()}", f"BEFORE {action} ON {table}", f"{action} on {table}")
        for table in _IMMUTABLE
        for action in ("UPDATE", "DELETE")
    ]
    + [
        _trigger(
            f"{table}_refuse_replace",
            f"BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE {taken})",
            f"REPLACE on {table}",
        )
        for table, taken in _TAKEN.items()
    ]
)
"""What refuses every change of what was written, by name."""

_COLUMNS = EVENTS.listed


def _nothing(_connection: Connection) -> None:
    """Do nothing before a read."""


class BatchRecorder(ApplicationRecorder):
    """Appends batches; reads streams in event-time order and the log in position order."""

    before_reading: Callable[[Connection], object] = staticmethod(_nothing)
    """Called inside the transaction of every read: an encrypted log drops keys that were destroyed since."""

    @property
    @abstractmethod
    def transactions(self) -> Transactions:
        """What opens transactions."""

    @abstractmethod
    def insert_new(
        self, connection: Connection, rows: RowColumns, states: Iterable[bytes], head: int, /
    ) -> list[Inserted]:
        """Append those rows whose key is free, in their order, without a gap after `head`; of equal keys the first.

        `states` are put into the rows as they are made. Returns how many were appended of each stretch of rows.
        """

    @abstractmethod
    def digests_at(self, connection: Connection, rows: Sequence[Row]) -> list[bytes | None]:
        """Return the digests that are stored under the keys of rows; None where a key is free."""

    @abstractmethod
    def records_at(self, connection: Connection, positions: Iterable[int]) -> list[LogRecord]:
        """Return the events at these positions, in the order asked."""

    @abstractmethod
    def snapshot(self) -> AbstractContextManager[Connection]:
        """Open one read transaction, with the library's errors."""

    @abstractmethod
    def id_of(self, stream: str) -> UUID | str:
        """Return the name of a stream as users of the library have it."""

    def append(
        self, connection: Connection, rows: RowColumns, states: Iterable[bytes], head: int
    ) -> tuple[Sequence[int], RowColumns]:
        """Append those rows that are new after the head of the log, inside the caller's transaction.

        Returns where those stood, in the order of the positions that they got, and what was stored of each.

        A key is 21 bits of hash inside a millisecond of one entity: where it is taken by a *different* event, that
        is found afterwards among the few rows that were not stored, and the next free key is used.
        """
        stretches = self.insert_new(connection, rows, states, head)
        if all(given == stored for given, stored in stretches):
            return range(len(rows)), rows
        new: list[int] = []
        left: list[int] = []
        for given, stored in stretches:
            start, position = len(new) + len(left), head + len(new)
            indexes = range(start, start + given)
            if given == stored:
                new += indexes
            else:
                digests = _digests_between(connection, position, position + stored)
                _tell_apart(rows.digests, indexes, digests, new, left)
        known = self.digests_at(connection, [rows.row(index) for index in left])
        others = [index for index, digest in zip(left, known, strict=True) if digest != rows.digests[index]]
        careful = [(index, _append_with_care(connection, rows.row(index))) for index in others]
        stored_later = [(index, row) for index, row in careful if row is not None]
        later = [index for index, _ in stored_later], [row for _, row in stored_later]
        return [*new, *later[0]], RowColumns.of([*map(rows.row, new), *later[1]])

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[LogRecord]:
        """Return a page of the log as the library's notifications; their ids are our positions."""
        after = 0 if start is None else start - inclusive_of_start
        chosen = f"AND topic IN ({', '.join('?' * len(topics))}) " if topics else ""
        return self._select(
            f"position > ? AND position <= ? {chosen}ORDER BY position LIMIT ?",
            (after, _LAST if stop is None else stop, *topics, limit),
        )

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
        known_at: int | None = None,
    ) -> Sequence[LogRecord]:
        """Return one stream in the order of its versions, which is event-time order, as known at a position."""
        known = (
            # The index holds the position, too: what came later is passed over without a look at its row.
            "originator_id = ? AND originator_version > ? AND originator_version <= ? AND position <= ? "
            f"ORDER BY originator_version {'DESC' if desc else 'ASC'} LIMIT ?"
        )
        bounds = (-1 if gt is None else gt, _LAST if lte is None else lte, _LAST if known_at is None else known_at)
        return self._select(known, (key_of(originator_id), *bounds, _LAST if limit is None else limit))

    def _select(self, condition: str, parameters: tuple[Any, ...]) -> list[LogRecord]:
        with self.snapshot() as connection:
            self.before_reading(connection)
            rows = fetch_all(connection, f"SELECT {_COLUMNS} FROM stored_events WHERE {condition}", parameters)
        return [
            LogRecord(self.id_of(stream), version, topic, state, position, digest)
            for position, stream, version, topic, state, digest in rows
        ]

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> PollingSubscription["BatchRecorder"]:
        """Return what yields the log after a position, and goes on as events come, from whichever process."""
        return PollingSubscription(self, gt, topics)


def records_after(connection: Connection, after: int, upto: int, limit: int) -> list[LogRecord]:
    """Return a page of the log in position order."""
    rows = fetch_all(
        connection,
        f"SELECT {_COLUMNS} FROM stored_events WHERE position > ? AND position <= ? ORDER BY position LIMIT ?",
        (after, upto, limit),
    )
    return [record_of(row) for row in rows]


def records_by_stream(connection: Connection, after: tuple[Any, Any], upto: int, limit: int) -> list[LogRecord]:
    """Return a page of the log stream by stream, each in its order, from behind a stream and version."""
    sql = (
        f"SELECT {_COLUMNS} FROM stored_events WHERE (originator_id, originator_version) > (?, ?) AND position <= ? "
        "ORDER BY originator_id, originator_version LIMIT ?"
    )
    return [record_of(row) for row in fetch_all(connection, sql, (*after, upto, limit))]


def records_before(connection: Connection, before: int, limit: int) -> list[LogRecord]:
    """Return a page of the log backwards, from just before a position."""
    sql = f"SELECT {_COLUMNS} FROM stored_events WHERE position < ? ORDER BY position DESC LIMIT ?"
    return [record_of(row) for row in fetch_all(connection, sql, (before, limit))]


def rows_of(connection: Connection, first: int, last: int) -> RowColumns:
    """Return what is stored of the events between two positions, without these."""
    columns = ", ".join(list(EVENTS.columns)[1:])
    sql = f"SELECT {columns} FROM stored_events WHERE position BETWEEN ? AND ? ORDER BY position"
    return RowColumns.of(fetch_all(connection, sql, (first, last)))


def states_after(connection: Connection, after: int, upto: int, limit: int) -> list[tuple[int, str, bytes, bytes]]:
    """Return a page of the log as positions, streams, digests and stored bytes only, for a pass over all of it."""
    return fetch_all(
        connection,
        "SELECT position, originator_id, content_hash, state FROM stored_events WHERE position > ? AND position <= ? "
        "ORDER BY position LIMIT ?",
        (after, upto, limit),
    )


def contents_after(connection: Connection, after: int, upto: int, limit: int) -> list[tuple[int, bytes, bytes]]:
    """Return a page of the log as positions, digests and stored bytes only."""
    return fetch_all(
        connection,
        "SELECT position, content_hash, state FROM stored_events WHERE position > ? AND position <= ? "
        "ORDER BY position LIMIT ?",
        (after, upto, limit),
    )


# Tag, subject and count, then at most 255 numbers of four bytes.
_ENCRYPTED_HEADING_BYTES = 6 + 4 * 255


def records_encrypted_under(connection: Connection, number: int) -> Iterator[LogRecord]:
    """Yield the encrypted events whose heading holds the bytes of a key's number: all that need it, perhaps others."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM stored_events WHERE substr(state, 1, 1) = x'01' "
        f"AND instr(substr(state, 1, {_ENCRYPTED_HEADING_BYTES}), ?) > 0 ORDER BY position",
        (number.to_bytes(4, "big"),),
    )
    return (record_of(row) for row in rows)


def head_of(connection: Connection) -> int:
    """Return the last position; 0 for an empty log."""
    return int(connection.execute("SELECT coalesce(max(position), 0) FROM stored_events").fetchone()[0])


def is_stored(connection: Connection, stream: str, versions: tuple[int, int], digest: bytes) -> bool:
    """Say whether a stream holds a content between two versions."""
    found = connection.execute(
        "SELECT 1 FROM stored_events WHERE originator_id = ? AND originator_version BETWEEN ? AND ? "
        "AND content_hash = ?",
        (stream, *versions, digest),
    ).fetchone()
    return found is not None


def digest_at(connection: Connection, stream: str, version: int) -> bytes | None:
    """Return the digest that is stored under a key; None if the key is free."""
    found = connection.execute(
        "SELECT content_hash FROM stored_events WHERE originator_id = ? AND originator_version = ?", (stream, version)
    ).fetchone()
    return None if found is None else found[0]


def _digests_between(connection: Connection, after: int, upto: int) -> Iterator[bytes]:
    sql = "SELECT content_hash FROM stored_events WHERE position > ? AND position <= ? ORDER BY position"
    return (digest for (digest,) in connection.execute(sql, (after, upto)).fetchall())


def _tell_apart(
    digests: Sequence[bytes], indexes: Iterable[int], stored: Iterator[bytes], new: list[int], left: list[int]
) -> None:
    """Say of rows which ones were stored, given what was. Of equal rows the first is the one."""
    expected = next(stored, None)
    for index in indexes:
        if digests[index] == expected:
            new.append(index)
            expected = next(stored, None)
        else:
            left.append(index)


def _append_with_care(connection: Connection, row: Row) -> Row | None:
    """Append a row whose key is taken: return it as it was stored, None if it was there already."""
    stream, version, topic, state, digest = row
    following = "(SELECT coalesce(max(position), 0) + 1 FROM stored_events)"
    insert = f"INSERT INTO stored_events ({_COLUMNS}) VALUES ({following}, ?, ?, ?, ?, ?)"
    while True:
        found = digest_at(connection, stream, version)
        if found is None:
            connection.execute(insert, stored := (stream, version, topic, state, digest))
            return stored
        if found == digest:
            return None
        version = next_free_version(version)


def record_of(row: Sequence[Any]) -> LogRecord:
    """Return the record of a row of the table of events."""
    position, stream, version, topic, state, digest = row
    return LogRecord(stream, version, topic, state, position, digest)


_LAST = (1 << 63) - 1


def key_of(originator_id: UUID | str) -> str:
    """Return the name of a stream as the table has it."""
    return originator_id.hex if isinstance(originator_id, UUID) else originator_id


def digest_of(event: StoredEvent) -> bytes:
    """Return the digest of an event that comes from elsewhere than a log's batch."""
    return event.digest if isinstance(event, LogRecord) else blake2b(event.state, digest_size=DIGEST_BYTES).digest()
