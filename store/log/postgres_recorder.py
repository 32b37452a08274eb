"""The library's recorder for PostgreSQL, with our columns, in batches, positions without a gap."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from struct import Struct
from typing import Any
from uuid import UUID

from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore, PostgresFactory
from eventsourcing.utils import Environment, EnvType
from psycopg import Cursor
from psycopg.rows import DictRow, tuple_row
from psycopg.sql import SQL, Identifier

from outcomes.store.connection import Connection, Transactions
from outcomes.store.log.postgres_tables import of_postgres
from outcomes.store.log.recorder import (
    EVENTS,
    EVENTS_TABLE,
    BatchRecorder,
    LogRecord,
    digest_of,
    key_of,
    record_of,
)
from outcomes.store.log.row_columns import Row, RowColumns
from outcomes.store.postgres.connection import PostgresConnection, escape
from outcomes.store.postgres.datastore import Datastore
from outcomes.store.postgres.server import Server
from outcomes.store.sqlite.bulk_insert import Inserted

CHANNEL = "outcomes_log"
"""On which a batch is told; the payload is the head after it."""

# A batch comes in here, in PostgreSQL's own binary form, and is gone at the end of the transaction.
_ARRIVING = (
    "CREATE TEMPORARY TABLE IF NOT EXISTS outcomes_arriving (number integer, originator_id text, "
    "originator_version bigint, topic text, state bytea, content_hash bytea) ON COMMIT DELETE ROWS"
)
_COPY = "COPY pg_temp.outcomes_arriving FROM STDIN (FORMAT BINARY)"
_COPY_HEAD, _COPY_END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
_START, _VERSION, _LENGTH = Struct(">hiii"), Struct(">iq"), Struct(">i")
# Small enough that the server has begun long before the last event is packed.
_STREAMED = 1 << 16
# Not ON CONFLICT: a repeat would take a position and leave a gap, at which whoever follows the log would wait for ever.
_INSERT = f"""
INSERT INTO stored_events ({EVENTS.listed})
SELECT ? + row_number() OVER (ORDER BY number), originator_id, originator_version, topic, state, content_hash
FROM pg_temp.outcomes_arriving a WHERE NOT EXISTS (
    SELECT 1 FROM stored_events e
    WHERE e.originator_id = a.originator_id COLLATE "C" AND e.originator_version = a.originator_version)
"""
_DIGESTS = """
SELECT content_hash FROM unnest(?::text[], ?::bigint[]) WITH ORDINALITY AS asked (stream, version, number)
LEFT JOIN stored_events ON originator_id = stream COLLATE "C" AND originator_version = version ORDER BY number
"""
_FOLLOWING = "(SELECT coalesce(max(position), 0) + 1 FROM stored_events)"


class PostgresRecorder(BatchRecorder, PostgresApplicationRecorder):
    """Appends batches to a database; reads streams in event-time order and the log in position order."""

    def __init__(self, datastore: PostgresDatastore, **_named_after_application: str) -> None:
        # A log has one table, whatever the application over it is called.
        super().__init__(datastore, events_table_name=EVENTS.name)
        # The library's own types and functions are not used: the table of events is ours.
        self.sql_create_statements = [
            SQL("CREATE SCHEMA IF NOT EXISTS {}").format(Identifier(datastore.schema)),
            SQL(of_postgres(EVENTS_TABLE)).format(),
        ]
        self.max_notification_id_statement = SQL("SELECT max(position) FROM {}.{}").format(
            Identifier(datastore.schema), Identifier(EVENTS.name)
        )

    @property
    def transactions(self) -> Transactions:
        """What opens transactions."""
        return self._store

    @property
    def _store(self) -> Datastore:
        assert isinstance(self.datastore, Datastore)  # noqa: S101 - made by our factory
        return self.datastore

    def insert_new(
        self, connection: Connection, rows: RowColumns, states: Iterable[bytes], head: int, /
    ) -> list[Inserted]:
        """Append those rows whose key is free: by COPY to a table of their own, and from there in one statement.

        The server takes what is made while more is being made.
        """
        assert isinstance(connection, PostgresConnection)  # noqa: S101 - opened by our datastore
        raw = connection.raw
        raw.execute(_ARRIVING)
        made: list[bytes] = []
        rows.states = made
        with raw.cursor().copy(_COPY) as copy:
            for part in _binary(rows, states, made):
                copy.write(part)
        stored = connection.execute(_INSERT, (head,)).rowcount
        connection.execute("SELECT pg_notify(?, ?)", (CHANNEL, str(head + stored)))
        return [Inserted(len(rows), stored)]

    def digests_at(self, connection: Connection, rows: Sequence[Row]) -> list[bytes | None]:
        """Return what is stored under the keys of rows."""
        keys = [escape(row[0]) for row in rows], [row[1] for row in rows]
        return [digest for (digest,) in connection.execute(_DIGESTS, keys)]

    def records_at(self, connection: Connection, positions: Iterable[int]) -> list[LogRecord]:
        """Return the events at these positions, in the order asked."""
        sql = (
            f"SELECT {EVENTS.listed} FROM unnest(?::bigint[]) WITH ORDINALITY AS asked (at, number) "
            "JOIN stored_events ON position = at ORDER BY number"
        )
        return [record_of(row) for row in connection.execute(sql, (list(positions),))]

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Open one read transaction, with the library's errors."""
        # One statement sees one moment by itself.
        with self._store.get_connection() as raw:
            raw.row_factory = tuple_row  # type: ignore[assignment] # ours are read by place
            yield PostgresConnection(raw)

    def id_of(self, stream: str) -> UUID | str:
        """Return the name of a stream as users of the library have it."""
        return UUID(stream) if self.datastore.originator_id_type == "uuid" else stream

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """Insert events as the library does; they are in no batch, which `verify` reports."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_events(cursor, stored_events, **kwargs)
            return self._insert_by_row(cursor, stored_events)

    def _insert_by_row(self, cursor: Cursor[DictRow], stored_events: Sequence[StoredEvent]) -> list[int]:
        self._lock_table(cursor)
        sql = (
            f"INSERT INTO stored_events ({EVENTS.listed}) VALUES ({_FOLLOWING}, %s, %s, %s, %s, %s) RETURNING position"
        ).encode()
        positions = []
        for event in stored_events:
            row = (key_of(event.originator_id), event.originator_version, event.topic, event.state, digest_of(event))
            cursor.execute(sql, row)
            positions.append(int(cursor.fetchall()[0]["position"]))
        return positions


class PostgresLogFactory(PostgresFactory):
    """Makes recorders over our datastore; the database is to be there. `OUTCOMES_URL` of its environment says where."""

    application_recorder_class = PostgresRecorder
    URL = "OUTCOMES_URL"

    def __init__(self, env: Environment | EnvType | None) -> None:
        given = dict(env or {})
        url = str(given.get(self.URL, ""))
        # The library wants these to be said, and makes a pool of them that is never opened.
        unused = dict.fromkeys((self.POSTGRES_DBNAME, self.POSTGRES_HOST, self.POSTGRES_USER), "-")
        name = env.name if isinstance(env, Environment) else ""
        super().__init__(Environment(name, {**unused, self.POSTGRES_PASSWORD: "-", **given}))
        kept = self.datastore.originator_id_type
        self.datastore = Datastore(Server.at(url), originator_id_type="uuid" if kept == "uuid" else "text")


def _binary(rows: RowColumns, states: Iterable[bytes], made: list[bytes]) -> Iterator[bytes]:
    """Yield rows in the binary form of COPY, some thousand bytes at a time; of equal keys the first.

    Fills `made` with the states.
    """
    parts, size = [_COPY_HEAD], 0
    start, version_of, length = _START.pack, _VERSION.pack, _LENGTH.pack
    seen: set[tuple[str, int]] = set()
    values = zip(rows.streams, rows.versions, rows.topics, states, rows.digests, strict=True)
    for number, (stream, version, topic, state, digest) in enumerate(values):
        made.append(state)
        if (key := (stream, version)) in seen:
            continue
        seen.add(key)
        stream_bytes, topic_bytes = escape(stream).encode(), escape(topic).encode()
        parts += (
            start(6, 4, number, len(stream_bytes)),
            stream_bytes,
            version_of(8, version),
            length(len(topic_bytes)),
            topic_bytes,
            length(len(state)),
            state,
            length(len(digest)),
            digest,
        )
        size += len(state)
        if size > _STREAMED:
            yield b"".join(parts)
            parts, size = [], 0
    yield b"".join([*parts, _COPY_END])
