"""The library's recorder for SQLite, with our columns, in batches."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteCursor, SQLiteDatastore

from outcomes.store.connection import Connection, Transactions
from outcomes.store.log.recorder import (
    EVENTS,
    EVENTS_TABLE,
    BatchRecorder,
    LogRecord,
    digest_at,
    digest_of,
    key_of,
    record_of,
)
from outcomes.store.log.row_columns import Row, RowColumns
from outcomes.store.rows import fetch_all
from outcomes.store.sqlite.bulk_insert import Inserted, insert_or_ignore, row_by_row
from outcomes.store.sqlite.connection import SqliteConnection
from outcomes.store.sqlite.datastore import Datastore

_APPENDED = ("originator_id", "originator_version", "topic", "state", "content_hash")
_INTO = f"{EVENTS.name} ({', '.join(_APPENDED)})"


class LogRecorder(BatchRecorder, SQLiteApplicationRecorder):
    """Appends batches to a file; reads streams in event-time order and the log in position order."""

    def __init__(self, datastore: SQLiteDatastore, events_table_name: str = "stored_events") -> None:
        super().__init__(datastore, events_table_name)

    @property
    def transactions(self) -> Transactions:
        """What opens transactions."""
        assert isinstance(self.datastore, Datastore)  # noqa: S101 - made by our factory
        return self.datastore

    def construct_create_table_statements(self) -> list[str]:
        """Return the table of events; what else a log has is made by its migrations."""
        return [EVENTS_TABLE]

    def insert_new(
        self, connection: Connection, rows: RowColumns, states: Iterable[bytes], _head: int, /
    ) -> list[Inserted]:
        """Append those rows whose key is free; SQLite goes on after the head by itself.

        What was not stored is looked at by itself afterwards, and fails then if that was for another reason.
        """
        assert isinstance(connection, SqliteConnection)  # noqa: S101 - opened by our datastore
        rows.states = list(states)
        blobs = (list(map(bytearray, column)) for column in (rows.states, rows.digests))
        columns = (rows.streams, rows.versions, rows.topics, *blobs)
        return insert_or_ignore(connection, _INTO, len(columns), row_by_row(columns))

    def digests_at(self, connection: Connection, rows: Sequence[Row]) -> list[bytes | None]:
        """Return what is stored under the keys of rows."""
        return [digest_at(connection, stream, version) for stream, version, *_ in rows]

    def records_at(self, connection: Connection, positions: Iterable[int]) -> list[LogRecord]:
        """Return the events at these positions, in the order asked."""
        # A cross join goes through its left side from first to last.
        sql = f"SELECT {EVENTS.listed} FROM json_each(?) j CROSS JOIN stored_events e ON e.position = j.value"
        return [record_of(row) for row in fetch_all(connection, sql, (json.dumps(list(positions)),))]

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Open one read transaction, with the library's errors."""
        with self.datastore.transaction(commit=False) as cursor:
            connection = cursor.sqlite_cursor.connection
            assert isinstance(connection, SqliteConnection)  # noqa: S101 - opened by our datastore
            yield connection

    def id_of(self, stream: str) -> UUID | str:
        """Return the name of a stream as users of the library have it."""
        return self.convert_originator_id(stream)

    def _insert_events(self, c: SQLiteCursor, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int] | None:
        # The library's own contract: a second event under one key is an IntegrityError. Such events are in no batch,
        # which `verify` reports: events enter a home's log through `append`.
        positions = []
        for event in stored_events:
            c.execute(
                f"INSERT INTO {_INTO} VALUES (?, ?, ?, ?, ?)",
                (key_of(event.originator_id), event.originator_version, event.topic, event.state, digest_of(event)),
            )
            positions.append(int(c.lastrowid))
        return positions
