"""The log in a database of PostgreSQL: several machines append to one log, and each keeps views of its own."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from eventsourcing.persistence import PersistenceError
from eventsourcing.utils import Environment

from outcomes.domain.errors import HomeUnavailable, OutcomesError, UsageError
from outcomes.store.connection import Connection
from outcomes.store.log import integrity
from outcomes.store.log.hash_chain import Problem
from outcomes.store.log.postgres_recorder import CHANNEL, PostgresLogFactory
from outcomes.store.log.postgres_tables import FUNCTIONS, GUARDS, ROLES, TABLES, TYPES, arming, grants, statements
from outcomes.store.postgres.datastore import Datastore
from outcomes.store.postgres.errors import in_words, of_ours
from outcomes.store.postgres.server import SCHEMA, Server

_NAMED_AT_MOST = 5
_RESTORE = "restore the database from a dump, with pg_restore"


class LogDatabase:
    """A `LogStore` that is the schema `outcomes` of a database."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._server = Server.at(url)

    @property
    def place(self) -> str:
        """Where it is, for messages: without the password."""
        return self._server.place

    @property
    def restore(self) -> str:
        """What to do where it is damaged, in words."""
        return _RESTORE

    @property
    def key(self) -> str:
        """A short name of the database, the same for whoever connects to it."""
        return self._server.key

    def exists(self) -> bool:
        """Say whether the schema holds a log; raises HomeUnavailable if it holds something else."""
        with self.peek() as connection:
            sql = "SELECT tablename::text FROM pg_catalog.pg_tables WHERE schemaname = ? ORDER BY 1"
            tables = {name for (name,) in connection.execute(sql, (SCHEMA,))}
        if tables and not tables & {table.name for table in TABLES}:
            named = ", ".join(sorted(tables)[:_NAMED_AT_MOST])
            raise HomeUnavailable(
                f"the schema {SCHEMA} of {self.place} is another program's (with the tables {named}) and was left as "
                "it is: name another database with --home"
            )
        return bool(tables)

    def create(self) -> None:
        """Make the schema, if it is not there and we may."""
        if not self.exists():
            with closing(Datastore(self._server)) as datastore, datastore.writing() as connection:
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")

    def refuse_encryption(self) -> None:
        """Raise: a key that is destroyed in a row lives on in the write-ahead log, on standbys and in base backups."""
        raise UsageError(
            "homes on PostgreSQL are not encrypted: a destroyed key would live on in its write-ahead log, standbys and "
            "base backups, so that erase could not keep its promise: keep an encrypted home in a folder"
        )

    def presence(self) -> Callable[[], None]:
        """Return what never raises: a server says itself that a log is gone."""
        return lambda: None

    def environment(self) -> dict[str, str]:
        """Return what the library's factory is made from."""
        return {PostgresLogFactory.URL: self._url}

    def factory(self, env: Environment) -> PostgresLogFactory:
        """Return the library's factory over our datastore."""
        return PostgresLogFactory(env)

    def make_tables(self, connection: Connection) -> None:
        """Make the tables of a log of the present format, and the roles where we may."""
        for statement in statements():
            connection.execute(statement)
        if self._make_roles(connection):
            for statement in grants():
                connection.execute(statement)

    def arm(self, connection: Connection) -> None:
        """Put the triggers that refuse every change back as they should be, and drop any other, and every rule."""
        for table, name in [key for key, *_ in _triggers(connection)]:
            connection.execute(f"DROP TRIGGER {_quoted(name)} ON {_quoted(table)}")
        for table, name in _rules(connection):
            connection.execute(f"DROP RULE {_quoted(name)} ON {_quoted(table)}")
        for statement in arming():
            connection.execute(statement)

    def examine(self, connection: Connection) -> Iterator[Problem]:
        """Yield what is wrong with a log apart from its events: its layout, its guards, its ledger."""
        return integrity.examine(connection, (_layout, _guards), psycopg.DatabaseError)

    @contextmanager
    def peek(self) -> Iterator[Connection]:
        """Open one read transaction, on a connection of its own."""
        with closing(Datastore(self._server)) as datastore, datastore.reading() as connection:
            yield connection

    def changes(self) -> "LedgerWatch":
        """Return what tells whether the log was written."""
        return LedgerWatch(self._server)

    def sweep(self, *, patience: float, otherwise: str) -> None:
        """Raise: see `refuse_encryption`."""
        raise HomeUnavailable(f"{self.place} cannot be swept within {patience:.0f} s: {otherwise}")

    def copy(self, _connection: Connection, _target: Path, _watch: Callable[[int, int], None]) -> None:
        """Raise: PostgreSQL's own tools do it better; says how."""
        raise UsageError(
            f"a log on PostgreSQL is backed up by its own tools: pg_dump --format=custom --schema={SCHEMA}, and "
            "outcomes checkpoint to prove the copy by (outcomes verify --against); docs/scale.md has both"
        )

    def raised(self, error: PersistenceError) -> Exception:
        """Return our error for what the driver raised."""
        cause = error.__cause__
        return of_ours(cause, self.place) if isinstance(cause, psycopg.Error) else error

    def grants(self) -> list[str]:
        """Return the SQL that gives roles their rights."""
        return grants()

    def size(self) -> int:
        """Return how many bytes its tables and indexes take."""
        with self.peek() as connection:
            sql = (
                "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c "
                "JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = ? AND relkind = 'r'"
            )
            return int(connection.execute(sql, (SCHEMA,)).fetchall()[0][0])

    @staticmethod
    def _make_roles(connection: Connection) -> bool:
        """Make the roles that are not there; return whether all are."""
        mine = "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
        ((may,),) = connection.execute(mine).fetchall()
        known = {name for (name,) in connection.execute("SELECT rolname::text FROM pg_roles")}
        for role in ROLES:
            if may and role not in known:
                connection.execute(f"CREATE ROLE {role} NOLOGIN")
        return may or set(ROLES) <= known


class LedgerWatch:
    """Tells whether a log was written: every transaction that changes it has entries in its ledger."""

    def __init__(self, server: Server) -> None:
        self._datastore = Datastore(server)

    def value(self) -> int | None:
        """Return a part of the ledger's chain; None if it cannot be told now.

        Not the number of its last entry: after a failover to a standby that lacks some, others get their numbers.
        """
        try:
            with self._datastore.get_connection() as raw:
                rows = raw.execute(b"SELECT chain FROM ledger ORDER BY number DESC LIMIT 1").fetchall()
        except (OutcomesError, PersistenceError):
            return None
        return int.from_bytes(bytes(rows[0]["chain"])[:8]) if rows else 0

    def close(self) -> None:
        """Close the connection."""
        self._datastore.close()


class Listener:
    """Waits for batches on a connection of its own."""

    def __init__(self, url: str) -> None:
        self._server = Server.at(url)
        with in_words(self._server.place):
            self._raw = Datastore(self._server).connected()
            try:
                self._raw.execute(f"LISTEN {CHANNEL}".encode())
            except BaseException:
                self._raw.close()
                raise

    def wait(self, seconds: float) -> bool:
        """Wait until a batch is told, at most so long; return whether one was. Raises ConnectionLost."""
        with in_words(self._server.place):
            return any(True for _ in self._raw.notifies(timeout=seconds, stop_after=1))

    def close(self) -> None:
        """Close the connection."""
        self._raw.close()


def _layout(connection: Connection) -> Iterator[Problem]:
    sql = (
        "SELECT table_name::text, column_name::text, data_type::text FROM information_schema.columns "
        "WHERE table_schema = current_schema"
    )
    there = {(table, column): kind for table, column, kind in connection.execute(sql)}
    wanted = {
        (table.name, column): TYPES[kind.rstrip("?")] for table in TABLES for column, kind in table.columns.items()
    }
    for (table, column), kind in wanted.items():
        if there.get((table, column)) != kind:
            yield Problem(f"the column {column} of {table} is gone or of another type: {_RESTORE}")
    for table, column in there.keys() - wanted.keys():
        yield Problem(f"the column {column} of {table} is not one of outcomes: find out who made it, and drop it")


def _guards(connection: Connection) -> Iterator[Problem]:
    there = dict(_triggers(connection))
    for guard in GUARDS:
        wanted = (guard.kind, "A", guard.function, guard.arguments, True)
        if there.pop((guard.table, guard.name), None) != wanted:
            yield Problem(
                f"the trigger {guard.name} is gone or was changed, so that the log could be: "
                "outcomes verify --rearm puts it back"
            )
    for _, name in there:
        yield Problem(
            f"the trigger {name} is not one of outcomes: find out what it did; outcomes verify --rearm drops it"
        )
    for table, name in _rules(connection):
        yield Problem(
            f"the rule {name} of {table} is not one of outcomes, and may do something else than was asked: find out "
            "what it did; outcomes verify --rearm drops it"
        )
    sql = "SELECT proname::text, prosrc FROM pg_proc WHERE pronamespace = current_schema::regnamespace"
    bodies = dict(connection.execute(sql).fetchall())
    for name, body in FUNCTIONS.items():
        if bodies.get(name) != body:
            yield Problem(f"the function {name} of the triggers was changed: outcomes verify --rearm puts it back")


def _triggers(connection: Connection) -> list[tuple[tuple[str, str], tuple[Any, ...]]]:
    """Return every trigger of the log's tables, by table and name, with what it does."""
    sql = (
        "SELECT relname::text, tgname::text, tgtype::integer, tgenabled::text, proname::text, tgargs, tgqual IS NULL "
        "FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid JOIN pg_proc p ON p.oid = tgfoid "
        "WHERE c.relnamespace = current_schema::regnamespace AND NOT tgisinternal"
    )
    return [
        ((table, name), (kind, state, function, tuple(arguments.decode().split("\0")[:-1]), plain))
        for table, name, kind, state, function, arguments, plain in connection.execute(sql)
    ]


def _rules(connection: Connection) -> list[tuple[Any, ...]]:
    """Return every rule that makes something else of a statement on the log's tables: table and name."""
    sql = (
        "SELECT relname::text, rulename::text FROM pg_rewrite JOIN pg_class c ON c.oid = ev_class "
        "WHERE c.relnamespace = current_schema::regnamespace AND relkind IN ('r', 'p')"
    )
    return connection.execute(sql).fetchall()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
