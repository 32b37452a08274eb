"""Was a database file written since one last looked? SQLite counts commits, and tells without a query."""

import sqlite3
from pathlib import Path

from outcomes.store.sqlite.read_only import connect_read_only


class ChangeCounter:
    """A connection of its own to a file, so that it sees the commits of all others, in this process, too."""

    def __init__(self, path: Path) -> None:
        self._connection = connect_read_only(path)
        # A look must not wait: whoever holds the file now is about to change it.
        self._connection.execute("PRAGMA busy_timeout = 0")

    def value(self) -> int | None:
        """Return a number that differs after each commit; None if it cannot be told now. A few microseconds."""
        try:
            row = self._connection.execute("PRAGMA data_version").fetchone()
        except sqlite3.OperationalError:
            return None
        return int(row[0])

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
