"""Reading rows of which nothing is taken for granted: a text column may hold anything."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from outcomes.store.connection import Connection


def fetch_all(connection: Connection, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
    """Return all rows of a query; text that is not UTF-8 comes as bytes, as if it were a blob."""
    try:
        return connection.execute(sql, parameters).fetchall()
    except sqlite3.OperationalError as error:
        if "decode" not in str(error) or not isinstance(connection, sqlite3.Connection):
            raise
    connection.text_factory = _text_or_bytes
    try:
        return connection.execute(sql, parameters).fetchall()
    finally:
        connection.text_factory = str


def fetch_one(connection: Connection, sql: str, parameters: Sequence[Any] = ()) -> Any:
    """Return the first row of a query, or None, in the same way."""
    rows = fetch_all(connection, sql, parameters)
    return rows[0] if rows else None


def _text_or_bytes(raw: bytes) -> str | bytes:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw
