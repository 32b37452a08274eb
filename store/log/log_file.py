"""The log in a file of SQLite: `log.db` of a home."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from eventsourcing.persistence import PersistenceError
from eventsourcing.sqlite import SQLiteFactory
from eventsourcing.utils import Environment

from outcomes.domain.errors import HomeUnavailable
from outcomes.store.connection import Connection
from outcomes.store.log import integrity, layout
from outcomes.store.log.factory import LogFactory
from outcomes.store.log.file_integrity import CHECKS, RESTORE
from outcomes.store.log.hash_chain import Problem
from outcomes.store.privacy import keyring
from outcomes.store.sqlite.change_counter import ChangeCounter
from outcomes.store.sqlite.connection import SqliteConnection
from outcomes.store.sqlite.datastore import create_database
from outcomes.store.sqlite.in_place import presence
from outcomes.store.sqlite.read_only import uri_of, uri_without_traces
from outcomes.store.sqlite.sweeping import sweep

_OURS = frozenset({"stored_events", "batches", "tenants", "dictionaries", "quarantine", "quarantine_parts"})
_ENOUGH = 3
_NAMED_AT_MOST = 5

# 4 MiB a step with our pages: between steps progress is told, and an interrupt is heard.
_PAGES_A_STEP = 256


class LogFile:
    """A `LogStore` that is one file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def place(self) -> str:
        """Where it is, for messages."""
        return str(self._path)

    @property
    def restore(self) -> str:
        """What to do where it is damaged, in words."""
        return RESTORE

    def exists(self) -> bool:
        """Say whether the file holds a log. One that is absent, or empty since its making was cut short, does not.

        Raises HomeUnavailable, without a trace in the file, if it is another program's database.
        """
        path = self._path
        if not path.exists() or path.stat().st_size == 0:
            return False
        with closing(sqlite3.connect(uri_without_traces(path), uri=True, factory=SqliteConnection)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
            if tables and not _is_ours(connection, tables):
                named = ", ".join(sorted(map(str, tables))[:_NAMED_AT_MOST])
                raise HomeUnavailable(
                    f"{path} is another program's database (with the tables {named}) and was left as it is: "
                    "name another folder with --home"
                )
        return bool(tables)

    def create(self) -> None:
        """Make an empty database for its owner only."""
        create_database(self._path)

    def refuse_encryption(self) -> None:
        """Do nothing: what is deleted here leaves no copy behind."""

    def presence(self) -> Callable[[], None]:
        """Return what raises HomeUnavailable once the file was deleted, moved or replaced."""
        return presence(self._path)

    def environment(self) -> dict[str, str]:
        """Return what the library's factory is made from."""
        return {SQLiteFactory.SQLITE_DBNAME: str(self._path)}

    def factory(self, env: Environment) -> LogFactory:
        """Return the library's factory over our datastore."""
        return LogFactory(env)

    def make_tables(self, connection: Connection) -> None:
        """Make the tables of a log of the present format."""
        for statement in layout.tables(layout.FORMAT, is_encrypted=False):
            connection.execute(statement)

    def arm(self, connection: Connection) -> None:
        """Put the triggers that refuse every change back as they should be, and drop any other."""
        disarm(connection)
        number = layout.format_of_tables(connection) or layout.FORMAT
        is_encrypted = connection.has_table(keyring.TABLE.name)
        for statement in layout.triggers(number, is_encrypted=is_encrypted).values():
            connection.execute(statement)

    def examine(self, connection: Connection) -> Iterator[Problem]:
        """Yield what is wrong with the file apart from its events."""
        return integrity.examine(connection, CHECKS, sqlite3.DatabaseError)

    @contextmanager
    def peek(self) -> Iterator[Connection]:
        """Open one read transaction of a file as it lies."""
        uri = uri_of(self._path)
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None, factory=SqliteConnection)) as connection:
            connection.execute("BEGIN")
            yield connection

    def changes(self) -> ChangeCounter:
        """Return what tells, without a query, whether the file was written."""
        return ChangeCounter(self._path)

    def sweep(self, *, patience: float, otherwise: str) -> None:
        """Write every page anew and empty the write-ahead log; raises HomeUnavailable after `patience` seconds."""
        sweep(self._path, patience=patience, compact=True, otherwise=otherwise)

    def copy(self, connection: Connection, target: Path, watch: Callable[[int, int], None]) -> None:
        """Copy the file's pages as this transaction sees them."""
        assert isinstance(connection, sqlite3.Connection)  # noqa: S101 - made by our datastore
        with closing(sqlite3.connect(target)) as copy:
            # It is put on the disk once, at the end: until then it is no backup.
            copy.execute("PRAGMA synchronous=OFF")
            connection.backup(
                copy, pages=_PAGES_A_STEP, progress=lambda _status, left, pages: watch(pages - left, pages), sleep=0
            )

    def raised(self, error: PersistenceError) -> Exception:
        """Return what sqlite3 raised."""
        return error.__cause__ if isinstance(error.__cause__, sqlite3.Error) else error

    def grants(self) -> list[str]:
        """Return nothing: who may read a file is for its owner to say."""
        return []

    def size(self) -> int:
        """Return how many bytes it takes, with its write-ahead log."""
        files = (self._path.with_name(self._path.name + suffix) for suffix in ("", "-wal"))
        return sum(file.stat().st_size for file in files if file.exists())


def disarm(connection: Connection) -> None:
    """Drop every trigger."""
    for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
        quoted = str(name).replace('"', '""')
        connection.execute(f'DROP TRIGGER "{quoted}"')


def _is_ours(connection: Connection, tables: set[str]) -> bool:
    # A damaged log must still be known as one: it says its format, or has most of our tables.
    if len(_OURS & tables) >= _ENOUGH:
        return True
    if set(connection.columns_of("properties")) != {"name", "value"}:
        return False
    return connection.execute("SELECT 1 FROM properties WHERE name = 'format'").fetchone() is not None
