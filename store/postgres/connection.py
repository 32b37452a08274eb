"""PostgreSQL's connection, with what the log asks of any database: SQL with `?`, and any text."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import psycopg
from psycopg.adapt import Buffer, Loader
from psycopg.pq import Format

# PostgreSQL keeps no NUL in a text. U+FDD0 is no character and never will be: it stands before what is written for one.
_MARK = "\ufdd0"


def escape(text: str) -> str:
    """Return a text as it can be kept."""
    if "\0" not in text and _MARK not in text:
        return text
    return text.replace(_MARK, _MARK + "m").replace("\0", _MARK + "0")


class _Text(Loader):
    """Reads a text as it was before it was escaped; as the server sends it in either form."""

    def load(self, data: Buffer) -> str:
        text = str(data, "utf-8")
        if _MARK not in text:
            return text
        return text.replace(_MARK + "0", "\0").replace(_MARK + "m", _MARK)


class _BinaryText(_Text):
    format = Format.BINARY


@lru_cache(maxsize=512)
def _translated(sql: str) -> bytes:
    return sql.replace("%", "%%").replace("?", "%s").encode()


class PostgresConnection:
    """A `store.connection.Connection` inside a transaction of psycopg's connection `raw`."""

    row_id = ""

    def __init__(self, raw: psycopg.Connection[Any]) -> None:
        self.raw = raw

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> psycopg.Cursor[Any]:
        """Run a statement; each `?` in it is one of the parameters.

        Rows come in binary: bytes are sent as they are, not as hexadecimal digits, which takes half the time.
        """
        return self.raw.execute(_translated(sql), _escaped(parameters), binary=True)

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> psycopg.Cursor[Any]:
        """Run a statement once for each of the parameters."""
        cursor = self.raw.cursor()
        cursor.executemany(_translated(sql), map(_escaped, parameters))
        return cursor

    def has_table(self, name: str, /) -> bool:
        """Say whether a table is there."""
        found = self.execute("SELECT to_regclass(current_schema || '.' || quote_ident(?)) IS NOT NULL", (name,))
        return found.fetchone() == (True,)

    def columns_of(self, table: str, /) -> list[str]:
        """Return the names of a table's columns; none if it is not there."""
        sql = (
            # Asked before every batch: the views of information_schema take some ten times as long.
            "SELECT attname::text FROM pg_attribute "
            "WHERE attrelid = to_regclass(current_schema || '.' || quote_ident(?)) "
            "AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
        )
        return [name for (name,) in self.execute(sql, (table,))]

    def layout_version(self) -> int | None:
        """Return nothing: PostgreSQL has no such number."""
        return None

    def forget_for_good(self) -> None:
        """Raise: what is overwritten here stays in old rows, in the write-ahead log and on standbys."""
        raise NotImplementedError("PostgreSQL keeps what is overwritten: encrypted homes are not made there")


def prepare(raw: psycopg.Connection[Any]) -> None:
    """Let a connection read text as the log has written it."""
    raw.adapters.register_loader("text", _Text)
    raw.adapters.register_loader("text", _BinaryText)


def _escaped(parameters: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(escape(value) if value.__class__ is str else value for value in parameters)
