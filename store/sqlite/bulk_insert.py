"""Many rows in few statements: to bind and to run a statement for each row costs as much as to store it."""

import sqlite3
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain
from typing import Any

ROWS_AT_ONCE = 50
"""More gain nothing more; so many, of the widest table, are within the 32,766 values that SQLite takes by default."""


def insert_or_ignore(connection: sqlite3.Connection, into: str, width: int, values: list[Any]) -> int:
    """Insert those rows that are not there, given value by value, `width` of them a row; return how many these were.

    `into` names a table and, in brackets, columns where not all are given. Blobs go in at less cost as `bytearray`:
    of `bytes`, sqlite3 first asks whether somebody has an adapter for them.

    Any other way of passing over rows makes SQLite save pages before each statement of several rows, in case one fails.
    """
    whole = len(values) - len(values) % (ROWS_AT_ONCE * width)
    inserted = 0
    if whole:
        many = _statement(into, width, ROWS_AT_ONCE)
        inserted += connection.executemany(many, _cut(values, 0, whole, ROWS_AT_ONCE * width)).rowcount
    if whole < len(values):
        one = _statement(into, width, 1)
        inserted += connection.executemany(one, _cut(values, whole, len(values), width)).rowcount
    return inserted


def one_after_the_other(rows: list[tuple[Any, ...]]) -> list[Any]:
    """Return the values of rows, one after the other."""
    return list(chain.from_iterable(rows))


def _cut(values: list[Any], start: int, stop: int, width: int) -> Iterator[list[Any]]:
    return (values[at : at + width] for at in range(start, stop, width))


@lru_cache(maxsize=256)  # the very same text each time: a statement is looked up by its hash
def _statement(into: str, width: int, rows: int) -> str:
    row = f"({', '.join('?' * width)})"
    return f"INSERT OR IGNORE INTO {into} VALUES {', '.join([row] * rows)}"
