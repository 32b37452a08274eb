"""PostgreSQL as the library opens it, with what a log needs: one writer at a time, snapshots, a server that returns."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Any, Literal

import psycopg
from eventsourcing.postgres import PostgresDatastore
from psycopg.rows import DictRow, dict_row, tuple_row

from outcomes.store.library_errors import of_library
from outcomes.store.postgres.connection import PostgresConnection, prepare
from outcomes.store.postgres.errors import LOCK_SECONDS, in_words, not_let_in, refusals
from outcomes.store.postgres.server import SCHEMA, Server

Raw = psycopg.Connection[Any]

_FRESH_SECONDS = 0.5
"""A connection that was used within so long is taken to be sound."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0
_CONNECT_SECONDS = 5
# A server that is gone with its whole machine, or a pooler that drops what lies idle and does not say so, would else be
# waited for for a quarter of an hour. All of these can be said otherwise in the URL.
_DEFAULTS = {
    "connect_timeout": str(_CONNECT_SECONDS),
    "application_name": "outcomes",
    "keepalives_idle": "20",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
# Joins are by index: a planner that knows nothing of a batch would read the whole log to join it. Whoever holds the
# lock and is gone, with its whole machine, is missed within a minute. A proof takes longer than most statements,
# which a limit of the database or the role may be meant for.
_SETTINGS = f"""
SET statement_timeout = 0; SET search_path = {SCHEMA}, pg_temp; SET client_encoding = 'UTF8';
SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off;
SET lock_timeout = '{LOCK_SECONDS}s'; SET idle_in_transaction_session_timeout = '10min';
SET tcp_keepalives_idle = 20; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3
"""
# A snapshot taken before the lock is had would not show what was written while it was waited for.
_WRITE = b"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
_READ = b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
# Any number will do that no other program uses; locks of this kind are of one database.
_LOCK = b"SELECT pg_advisory_xact_lock(8101117116991111)"


class Datastore(PostgresDatastore):
    """The library's handle on one database. Its own recorders get the library's errors, our code ours.

    Connections are kept and lent in turn; unlike those of the library's pool no threads look after them, so that a
    process can still be forked.
    """

    def __init__(self, server: Server, *, originator_id_type: Literal["uuid", "text"] = "text") -> None:
        of = server.parameters
        super().__init__(
            of.get("dbname", ""),
            of.get("host", ""),
            of.get("port", ""),
            of.get("user", ""),
            "",
            schema=SCHEMA,
            originator_id_type=originator_id_type,
        )
        self.server = server
        self._free: list[tuple[Raw, float]] = []
        self._guard = Lock()
        self._is_closed = False

    @contextmanager
    def get_connection(self) -> Iterator[psycopg.Connection[DictRow]]:
        """Lend a connection to a recorder of the library, which reads rows by name."""
        try:
            with self._lent(self._ready()) as raw:
                raw.row_factory = dict_row
                try:
                    yield raw
                finally:
                    raw.row_factory = tuple_row
        except psycopg.Error as error:
            raise of_library(error, psycopg) from error

    @contextmanager
    def writing(self) -> Iterator[PostgresConnection]:
        """Give a connection inside one write transaction, the only one of its log; others wait for their turn."""
        with in_words(self.server.place), self._transaction(_WRITE) as connection:
            connection.raw.execute(_LOCK)
            yield connection

    @contextmanager
    def reading(self) -> Iterator[PostgresConnection]:
        """Give a connection inside one read transaction: everything read is of one moment."""
        with in_words(self.server.place), self._transaction(_READ) as connection:
            yield connection

    def close(self) -> None:
        """Close all connections that are not lent; those are closed when they come back."""
        self._is_closed = True
        with getattr(self, "_guard", Lock()):
            free, self._free = getattr(self, "_free", []), []
        for raw, _ in free:
            raw.close()

    @contextmanager
    def _transaction(self, begin: bytes) -> Iterator[PostgresConnection]:
        with self._lent(self._ready(begin)) as raw:
            try:
                yield PostgresConnection(raw)
            except BaseException:
                with suppress(psycopg.Error):
                    raw.execute(b"ROLLBACK")
                raise
            raw.execute(b"COMMIT" if begin == _WRITE else b"ROLLBACK")

    @contextmanager
    def _lent(self, raw: Raw) -> Iterator[Raw]:
        try:
            yield raw
        finally:
            is_sound = not raw.closed and raw.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
            with self._guard:
                is_kept = is_sound and not self._is_closed
                if is_kept:
                    self._free.append((raw, time.monotonic()))
            if not is_kept:
                raw.close()

    def _ready(self, first: bytes | None = None) -> Raw:
        """Return a connection on which a first statement was run; one that broke while it lay idle is replaced."""
        while True:
            with self._guard:
                raw, used_at = self._free.pop() if self._free else (None, 0.0)
            if raw is None:
                break
            try:
                if first is not None or time.monotonic() - used_at > _FRESH_SECONDS:
                    _run(raw, first or b"SELECT 1")
            except (psycopg.OperationalError, psycopg.InterfaceError):
                continue
            else:
                return raw
        raw = self.connected()
        if first is not None:
            _run(raw, first)
        return raw

    def connected(self) -> Raw:
        """Connect, waiting for a server that is about to be there.

        Raises HomeUnavailable where it is there and lets us not in, else what psycopg raises.
        """
        give_up_at, pause = time.monotonic() + self.server.patience, _FIRST_PAUSE
        while True:
            try:
                return self._connect()
            except psycopg.OperationalError as error:
                refused, may_yet = refusals(error)
                is_over = time.monotonic() > give_up_at
                if refused and (is_over or not may_yet):
                    raise not_let_in(refused[0], self.server.place) from error
                if is_over:
                    raise
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _connect(self) -> Raw:
        raw = psycopg.connect(**{**_DEFAULTS, **self.server.parameters}, autocommit=True)  # type: ignore[arg-type]
        prepare(raw)
        _run(raw, _SETTINGS.encode())
        return raw


def _run(raw: Raw, first: bytes) -> None:
    """Run the first statement on a connection that is not lent yet: where it fails, nobody else would close it."""
    try:
        raw.execute(first)
    except BaseException:
        raw.close()
        raise
