"""SQLite's connection, with what the log asks of any database beside SQL."""

import sqlite3


class SqliteConnection(sqlite3.Connection):
    """A `store.connection.Connection`; make one with `sqlite3.connect(…, factory=SqliteConnection)`."""

    row_id = "rowid"

    def has_table(self, name: str, /) -> bool:
        """Say whether a table is there."""
        sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?"
        return self.execute(sql, (name,)).fetchone() is not None

    def columns_of(self, table: str, /) -> list[str]:
        """Return the names of a table's columns; none if it is not there."""
        return [name for (name,) in self.execute("SELECT name FROM pragma_table_info(?)", (table,))]

    def layout_version(self) -> int | None:
        """Return SQLite's own number of the layout, which every process sees."""
        return int(self.execute("PRAGMA schema_version").fetchone()[0])

    def forget_for_good(self) -> None:
        """Leave nothing, from now on, of what is overwritten or deleted in the free space of its page."""
        self.execute("PRAGMA secure_delete = ON")
