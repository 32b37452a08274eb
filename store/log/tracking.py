"""A database that follows the log, and knows up to where: rows and position are committed together."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eventsourcing.persistence import IntegrityError, Tracking
from eventsourcing.sqlite import SQLiteCursor, SQLiteTrackingRecorder

from outcomes.store.log.event_log import EventLog
from outcomes.store.sqlite.datastore import Datastore


class TrackedDatabase(SQLiteTrackingRecorder):
    """The library's tracking recorder, which refuses to go backwards, over a database with tables of its caller's."""

    datastore: Datastore

    def __init__(self, path: Path) -> None:
        # It can always be rebuilt, so it need not wait for the disk at each commit; WAL keeps it whole anyway.
        super().__init__(Datastore(path, synchronous="NORMAL"))
        with self.reading() as connection:
            known = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'tracking'").fetchone()
        if known is None:
            # Not create_table(): that looks for tables of older versions of the library first.
            with self.writing() as connection:
                for statement in self.create_table_statements:
                    connection.execute(statement)

    def _insert_tracking(self, c: SQLiteCursor, tracking: Tracking) -> None:
        # The library asks whether a row was written with a clause that SQLite does not know before 3.35.
        statement = self.insert_tracking_statement.replace(" RETURNING notification_id", "")
        names = {"application_name": tracking.application_name, "notification_id": tracking.notification_id}
        c.execute(statement, names)
        if c.sqlite_cursor.rowcount != 1:
            raise IntegrityError("{application_name} has recorded {notification_id} or later already".format_map(names))

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give the connection inside one write transaction."""
        with self.datastore.writing() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give the connection inside one read transaction: all answers are of one position."""
        with self.datastore.reading() as connection:
            yield connection

    def advance(self, connection: sqlite3.Connection, position: int) -> None:
        """Say, inside the transaction that changed the rows, up to where they stand for the log."""
        self._insert_tracking(SQLiteCursor(connection.cursor()), Tracking(EventLog.name, position))

    @staticmethod
    def position(connection: sqlite3.Connection) -> int:
        """Return up to where the rows stand for the log; 0 at the beginning."""
        row = connection.execute(
            "SELECT max(notification_id) FROM tracking WHERE application_name = ?", (EventLog.name,)
        ).fetchone()
        return int(row[0] or 0)

    def close(self) -> None:
        """Close all connections."""
        self.datastore.close()
