"""How new tables take the place of those of an earlier replay in PostgreSQL: at once, and with their readers."""

import time
from collections.abc import Callable, Sequence
from typing import Any, LiteralString

from psycopg import Connection
from psycopg.errors import LockNotAvailable
from psycopg.sql import SQL, Composable, Identifier

from outcomes.domain.errors import DatabaseUnavailable
from outcomes.domain.phrasing import listed
from outcomes.projections.export.postgres_address import SchemaAddress
from outcomes.projections.export.state_file import Table

_MARK = "The state of learning outcomes at a point, written by outcomes replay: the table point says which"
"""The comment of our schemas: what does not bear it is somebody else's, and is not replaced."""
_LOCK_TRIES, _LOCK_SECONDS, _PAUSE_SECONDS = 60, 2.0, 1.0
"""Whoever asks for a table waits behind us while we wait for who reads it: so long at a time, and then a pause."""

_COMMENT = "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = %s"
_TABLES = """
SELECT c.relname, c.relrowsecurity FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relkind = 'r'
"""
# Who may read, by name; None is everybody.
_READERS_OF_SCHEMA = """
SELECT DISTINCT r.rolname FROM pg_namespace n
CROSS JOIN aclexplode(n.nspacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
WHERE n.nspname = %s AND a.privilege_type = 'USAGE' AND a.grantee <> n.nspowner
"""
_READERS_OF_TABLES = """
SELECT DISTINCT c.relname, r.rolname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
WHERE n.nspname = %s AND c.relkind = 'r' AND a.privilege_type = 'SELECT' AND a.grantee <> c.relowner
"""

# Who holds tables of a schema; any user may see these columns of others' sessions.
_HOLDERS = """
SELECT DISTINCT a.pid, a.usename, a.application_name FROM pg_locks l
JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_stat_activity a ON a.pid = l.pid
WHERE n.nspname = %s AND l.granted AND a.datname = current_database() AND a.pid <> pg_backend_pid() ORDER BY a.pid
"""

Say = Callable[[str], None]
"""Told in words what is waited for, once."""


def begin(connection: Connection, address: SchemaAddress) -> str:
    """Make the schema in which tables are written, and return its name; raises DatabaseUnavailable."""
    locked = "SELECT pg_try_advisory_xact_lock(hashtextextended('outcomes replay ' || %s, 0))"
    if not connection.execute(locked, (address.schema,)).fetchall()[0][0]:
        raise DatabaseUnavailable(f"another replay is writing {address} at this moment: run this one after it")
    comment = connection.execute(_COMMENT, (address.schema,)).fetchone()
    if comment is not None and comment[0] != _MARK:
        raise DatabaseUnavailable(f"{address} is there already, and no replay made it: name another schema")
    secured = [name for name, is_secured in _select(connection, _TABLES, address) if is_secured]
    if secured:
        raise DatabaseUnavailable(
            f"{address} has row-level security on {', '.join(secured)}, which new tables would not have: name another "
            "schema, and let readers read it through views"
        )
    making = f"{address.schema}_unfinished"
    connection.execute(SQL("CREATE SCHEMA {}").format(Identifier(making)))
    return making


def put_in_place(
    connection: Connection, address: SchemaAddress, making: str, tables: Sequence[Table], say: Say
) -> None:
    """Give written tables the schema's name, in place of what an earlier replay has there."""
    for table in tables:
        for column, other, key in table.references:
            # Not valid: what is named need not be there, and tools follow it all the same.
            _run(
                connection,
                "ALTER TABLE {} ADD FOREIGN KEY ({}) REFERENCES {} ({}) NOT VALID",
                Identifier(making, table.name),
                Identifier(column),
                Identifier(making, other),
                Identifier(key),
            )
    _run(connection, "COMMENT ON SCHEMA {} IS {}", Identifier(making), _MARK)
    if connection.execute(_COMMENT, (address.schema,)).fetchone() is not None:
        _drop_old(connection, address, making, {table.name for table in tables}, say)
    _run(connection, "ALTER SCHEMA {} RENAME TO {}", Identifier(making), Identifier(address.schema))


def _drop_old(connection: Connection, address: SchemaAddress, making: str, names: set[str], say: Say) -> None:
    """Let who might read the old tables read the new ones, and drop the old; what others made there is not dropped."""
    for (role,) in _select(connection, _READERS_OF_SCHEMA, address):
        _run(connection, "GRANT USAGE ON SCHEMA {} TO {}", Identifier(making), _role(role))
    for name, role in _select(connection, _READERS_OF_TABLES, address):
        if name in names:
            _run(connection, "GRANT SELECT ON {} TO {}", Identifier(making, name), _role(role))
    old = [Identifier(address.schema, name) for name, _ in _select(connection, _TABLES, address) if name in names]
    if old:
        _lock(connection, address, SQL(", ").join(old), say)
        _run(connection, "DROP TABLE {}", SQL(", ").join(old))
    _run(connection, "DROP SCHEMA {}", Identifier(address.schema))


def _lock(connection: Connection, address: SchemaAddress, tables: Composable, say: Say) -> None:
    """Wait for those who read the old tables; after a while, say who they are."""
    for tried in range(_LOCK_TRIES):
        try:
            with connection.transaction():
                _run(connection, "SET LOCAL lock_timeout = {}", f"{_LOCK_SECONDS * 1_000:.0f}ms")
                _run(connection, "LOCK TABLE {}", tables)
        except LockNotAvailable:
            if not tried:
                holders = _holders(connection, address)
                longest = _LOCK_TRIES * (_LOCK_SECONDS + _PAUSE_SECONDS)
                say(f"all is written: waiting for whoever reads {address}, {longest:g} seconds at most: {holders}")
            time.sleep(_PAUSE_SECONDS)
        else:
            return
    raise DatabaseUnavailable(
        f"somebody has been reading {address} all the while ({_holders(connection, address)}): nothing was changed: "
        "wait for their query, or end it (pg_stat_activity lists it)"
    )


def _holders(connection: Connection, address: SchemaAddress) -> str:
    """Tell in words which sessions hold tables of a schema."""
    found = _select(connection, _HOLDERS, address)
    return listed(f"{user} in process {pid} ({name or 'no name'})" for pid, user, name in found) or "nobody any more"


def _role(name: str | None) -> Composable:
    return SQL("PUBLIC") if name is None else Identifier(name)


def _run(connection: Connection, statement: LiteralString, *parts: Composable | str) -> None:
    connection.execute(SQL(statement).format(*parts))


def _select(connection: Connection, statement: LiteralString, address: SchemaAddress) -> list[tuple[Any, ...]]:
    return connection.execute(statement, (address.schema,)).fetchall()
