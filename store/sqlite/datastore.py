"""SQLite as the library opens it, with what a bulk log needs: big pages, room for statements, a patient writer."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Literal

from eventsourcing.sqlite import SQLiteConnection, SQLiteConnectionPool, SQLiteCursor, SQLiteDatastore

from outcomes.domain.errors import HomeUnavailable
from outcomes.store.library_errors import of_library
from outcomes.store.sqlite.connection import SqliteConnection
from outcomes.store.sqlite.private_files import make_private, sync_to_disk
from outcomes.store.sqlite.read_only import is_writable, uri_of

BUSY_SECONDS = 60
OLDEST_SQLITE = (3, 34, 0)
# 16 KiB pages append 1.4 times as fast as 4 KiB ones.
_PAGE_BYTES = 16_384
_cache_kib: ContextVar[int] = ContextVar("cache_kib", default=16_384)
_SMALL_CACHE_KIB = 2_048
_SIDE_FILES = ("-journal", "-wal", "-shm")
# The library's default is one cached statement: two that alternate would be compiled again and again.
_CACHED_STATEMENTS = 128


def check_version(version: tuple[int, ...]) -> None:
    """Raise HomeUnavailable for an SQLite that lacks what our statements need."""
    if version < OLDEST_SQLITE:
        found, oldest = (".".join(map(str, numbers)) for numbers in (version, OLDEST_SQLITE))
        raise HomeUnavailable(
            f"Python here uses SQLite {found}, and outcomes needs {oldest} or later: update the system's package of "
            "SQLite (libsqlite3), or take a Python that brings its own: uv python install 3.13"
        )


@contextmanager
def small_caches() -> Iterator[None]:
    """Open files with small caches of their pages: for one who only appends, and would keep what nobody asks for."""
    before = _cache_kib.set(_SMALL_CACHE_KIB)
    try:
        yield
    finally:
        _cache_kib.reset(before)


def connect(path: Path, *, synchronous: str = "FULL", page_bytes: int = _PAGE_BYTES) -> SqliteConnection:
    """Open an existing file in autocommit mode with our settings; transactions are begun by hand.

    A file that is not there is an error: whoever looks for one must not leave an empty one behind. `page_bytes` is for
    one that is still empty.
    """
    check_version(sqlite3.sqlite_version_info)
    connection = sqlite3.connect(
        uri_of(path),
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=_CACHED_STATEMENTS,
        timeout=BUSY_SECONDS,
        factory=SqliteConnection,
    )
    try:
        if is_writable(path) and connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            connection.execute(f"PRAGMA page_size={page_bytes}")
            connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={synchronous}")
        if synchronous == "FULL":
            # On macOS only this reaches the disk and not just its cache; elsewhere it changes nothing.
            connection.execute("PRAGMA fullfsync=ON")
        connection.execute(f"PRAGMA cache_size=-{_cache_kib.get()}")
        # Sorts that outgrow the cache go to disk: in memory they would grow with the log.
        connection.execute("PRAGMA temp_store=FILE")
    except sqlite3.Error as error:
        connection.close()
        name_file(error, path)
        raise
    return connection


def create_database(path: Path) -> None:
    """Make an empty database for its owner only, in one step; one that is there is closed to others.

    Its first page alone is written in place, not by the write-ahead log: torn by a power cut, it would be no database.
    """
    if path.exists() and path.stat().st_size:
        make_private(path)
        return
    making = path.with_name(f"{path.name}.making")
    for name in (making.name, *(f"{base}{side}" for base in (making.name, path.name) for side in _SIDE_FILES)):
        path.with_name(name).unlink(missing_ok=True)
    make_private(making)
    connect(making).close()
    sync_to_disk(making)
    making.replace(path)
    sync_to_disk(path.parent)


def name_file(error: sqlite3.Error, path: Path) -> None:
    """Note on an error which file it is about: SQLite does not say."""
    if not getattr(error, "__notes__", ()):
        error.add_note(str(path))


def is_lock(error: sqlite3.Error) -> bool:
    """Say whether another program keeps a file locked."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


def begin_at_once(connection: sqlite3.Connection, patience_ms: int) -> bool:
    """Begin to write, unless another does: return whether. After it the connection waits for others as long as said."""
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if not is_lock(error):
            raise
        return False
    finally:
        connection.execute(f"PRAGMA busy_timeout = {patience_ms}")
    return True


class Connection(SQLiteConnection):
    """Takes the write lock when a write begins: a deferred one that reads first may fail at once when it writes."""

    def __init__(self, raw: SqliteConnection, max_age: float | None) -> None:
        super().__init__(sqlite_conn=raw, max_age=max_age)
        self.raw = raw
        """The sqlite3 connection itself, for `executemany` and for sqlite-utils."""

    @contextmanager
    def transaction(self, *, commit: bool) -> Iterator[SQLiteCursor]:
        """Run one transaction; it is committed only if `commit`, and rolled back on any error."""
        cursor = self.cursor()
        cursor.execute("BEGIN IMMEDIATE" if commit else "BEGIN")
        try:
            with cursor:
                yield cursor
        except BaseException:
            self.rollback()
            raise
        if commit:
            self.commit()
        else:
            self.rollback()


class Pool(SQLiteConnectionPool):
    """Opens connections with our settings."""

    def __init__(self, path: Path, *, synchronous: str) -> None:
        super().__init__(db_name=str(path), lock_timeout=BUSY_SECONDS)
        self._path = path
        self._synchronous = synchronous

    def _create_connection(self) -> Connection:
        connection = connect(self._path, synchronous=self._synchronous)
        connection.row_factory = sqlite3.Row
        return Connection(connection, self.max_age)


class Datastore(SQLiteDatastore):
    """The library's handle on one database file. Its own recorders get the library's errors, our code sqlite3's."""

    def __init__(
        self, path: Path, *, synchronous: str = "FULL", originator_id_type: Literal["uuid", "text"] = "text"
    ) -> None:
        super().__init__(str(path), originator_id_type=originator_id_type)
        self._path = path
        self.pool = Pool(path, synchronous=synchronous)

    @contextmanager
    def transaction(self, *, commit: bool) -> Iterator[SQLiteCursor]:
        """Run one transaction of a recorder of the library; raises the library's errors: a conflict, IntegrityError."""
        try:
            with super().transaction(commit=commit) as cursor:
                yield cursor
        except sqlite3.Error as error:
            raise of_library(error, sqlite3) from error

    @contextmanager
    def writing(self) -> Iterator[SqliteConnection]:
        """Give the raw connection inside one write transaction; rows are plain tuples."""
        with self._plain(commit=True) as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[SqliteConnection]:
        """Give the raw connection inside one read transaction: everything read is of one moment."""
        with self._plain(commit=False) as connection:
            yield connection

    @contextmanager
    def _plain(self, *, commit: bool) -> Iterator[SqliteConnection]:
        try:
            with self.get_connection(commit=commit) as connection, connection.transaction(commit=commit):
                assert isinstance(connection, Connection)  # noqa: S101 - narrows the library's type
                raw = connection.raw
                # The library reads rows by name and wants sqlite3.Row; we read by place, and tuples are faster.
                raw.row_factory = None
                try:
                    yield raw
                finally:
                    raw.row_factory = sqlite3.Row
        except sqlite3.Error as error:
            name_file(error, self._path)
            raise
