"""A database file that follows the log: its rows and the position they stand for change in one transaction."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eventsourcing.persistence import Tracking
from eventsourcing.sqlite import SQLiteCursor, SQLiteTrackingRecorder

from outcomes.store.log.event_log import EventLog
from outcomes.store.sqlite.datastore import Datastore


class TrackedDatabase:
    """Uses the library's tracking recorder, which refuses to go backwards."""

    def __init__(self, path: Path) -> None:
        # It can always be rebuilt, so it need not wait for the disk at each commit; WAL keeps it whole anyway.
        self._datastore = Datastore(path, synchronous="NORMAL")
        self._recorder = SQLiteTrackingRecorder(self._datastore)
        with self.reading() as connection:
            known = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'tracking'").fetchone()
        if known is None:
            # Not the recorder's create_table(): that looks for tables of older versions of the library first.
            with self.writing() as connection:
                for statement in self._recorder.create_table_statements:
                    connection.execute(statement)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give the connection inside one write transaction."""
        with self._datastore.writing() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give the connection inside one read transaction: all answers are of one position."""
        with self._datastore.reading() as connection:
            yield connection

    def advance(self, connection: sqlite3.Connection, position: int) -> None:
        """Say, inside the transaction that changed the rows, up to where they stand for the log."""
        self._recorder._insert_tracking(  # noqa: SLF001 - the library's own extension point
            SQLiteCursor(connection.cursor()), Tracking(EventLog.name, position)
        )

    @staticmethod
    def position(connection: sqlite3.Connection) -> int:
        """Return up to where the rows stand for the log; 0 at the beginning."""
        row = connection.execute(
            "SELECT max(notification_id) FROM tracking WHERE application_name = ?", (EventLog.name,)
        ).fetchone()
        return int(row[0] or 0)

    def close(self) -> None:
        """Close all connections."""
        self._datastore.close()
