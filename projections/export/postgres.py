"""Typed tables in a schema of a PostgreSQL database, for BI tools. Imported only when asked for: it needs psycopg."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from operator import itemgetter
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.errors import DependentObjectsStillExist, InsufficientPrivilege
from psycopg.sql import SQL, Identifier

from outcomes.domain.errors import DatabaseUnavailable
from outcomes.projections.export import schema_swap
from outcomes.projections.export.postgres_address import SchemaAddress
from outcomes.projections.export.schema_swap import Say
from outcomes.projections.export.state_file import Table

_TYPES = {str: "text", int: "bigint", float: "double precision", bool: "boolean", datetime: "timestamptz"}
_DEFAULTS = {
    "application_name": "outcomes replay",
    "client_encoding": "UTF8",
    "connect_timeout": "10",
    "tcp_user_timeout": "60000",
}


@contextmanager
def postgres_schema(address: SchemaAddress, say: Say) -> Iterator["PostgresSchema"]:
    """Give a sink for the tables of one schema, which is new, or is put in place of an earlier replay's.

    All is one transaction: up to its end others see what was there before, and a process that is killed leaves
    nothing. Where it has to wait for readers of the earlier one, `say` is told in words who they are. Raises
    DatabaseUnavailable, which never tells the password.
    """
    try:
        with psycopg.connect(_conninfo(address)) as connection:
            making = schema_swap.begin(connection, address)
            sink = PostgresSchema(connection, making)
            yield sink
            schema_swap.put_in_place(connection, address, making, sink.tables, say)
    except psycopg.Error as error:
        raise DatabaseUnavailable(address.hide_secrets(_in_words(error, address))) from None


class PostgresSchema:
    """Tables in a schema that only this transaction sees."""

    def __init__(self, connection: psycopg.Connection, schema: str) -> None:
        self._connection = connection
        self._schema = schema
        self.tables: list[Table] = []
        """Those that are written."""

    def write(self, table: Table) -> int:
        """Create a table and fill it, then give it its key and indexes."""
        name = Identifier(self._schema, table.name)
        columns = [SQL("{} {}").format(Identifier(name), SQL(_TYPES[kind])) for name, kind in table.columns.items()]
        self._connection.execute(SQL("CREATE TABLE {} ({})").format(name, SQL(", ").join(columns)))
        written = self._copy(name, table)
        if table.key:
            key = SQL(", ").join(map(Identifier, table.key))
            self._connection.execute(SQL("ALTER TABLE {} ADD PRIMARY KEY ({})").format(name, key))
        for column in (*(column for column, *_ in table.references), *table.indexed):
            self._connection.execute(SQL("CREATE INDEX ON {} ({})").format(name, Identifier(column)))
        self._connection.execute(SQL("ANALYZE {}").format(name))
        self.tables.append(table)
        return written

    def _copy(self, name: Identifier, table: Table) -> int:
        values = itemgetter(*table.columns)
        with self._connection.cursor() as cursor:
            # Frozen: nobody else has seen the table yet, and no vacuum has anything left to do.
            with cursor.copy(SQL("COPY {} FROM STDIN (FREEZE)").format(name)) as copy:
                for row in table.rows:
                    copy.write_row([_storable(value) for value in values(row)])
            return cursor.rowcount


def _storable(value: Any) -> Any:
    """Return a value as PostgreSQL can hold it: its text has every character but one."""
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}") if value.__class__ is str and "\0" in value else value


def _conninfo(address: SchemaAddress) -> str:
    given = conninfo_to_dict(address.conninfo)
    unsaid = {name: value for name, value in _DEFAULTS.items() if name not in given}
    return make_conninfo(address.conninfo, **unsaid)


def _in_words(error: psycopg.Error, address: SchemaAddress) -> str:
    said = " ".join(f"{error.diag.message_primary or error} {error.diag.message_detail or ''}".split())
    if isinstance(error, InsufficientPrivilege):
        return (
            f"{said}: the user who writes {address} needs GRANT CREATE ON DATABASE, and to own the schema if it is "
            "there: nothing was changed"
        )
    if isinstance(error, DependentObjectsStillExist):
        return (
            f"{address} cannot be replaced: {said}: drop what was made of the old tables, and make it anew of the new "
            "ones; or name another schema"
        )
    if isinstance(error, psycopg.OperationalError | psycopg.ProgrammingError) and error.sqlstate is None:
        return f"cannot reach {address}: {said}: is the server running, and may this user log in? Nothing was changed"
    return f"PostgreSQL did not take the tables of {address}: {said}: nothing was changed"
