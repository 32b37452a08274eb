"""Many rows in few statements: to bind and to run a statement for each row costs as much as to store it."""

import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple

ROWS_AT_ONCE = 50
"""More gain nothing more; so many, of the widest table, are within the 32,766 values that SQLite takes by default."""
_HALVES = tuple(1 << power for power in reversed(range(ROWS_AT_ONCE.bit_length())))
"""Of so many rows the rest is made up, each once at most."""


class Inserted(NamedTuple):
    """How many rows one after the other were given to be inserted, and how many of them were not there."""

    given: int
    stored: int


def insert_or_ignore(connection: sqlite3.Connection, into: str, width: int, values: list[Any]) -> list[Inserted]:
    """Insert those rows that are not there, given value by value, `width` of them a row; tell of each stretch of rows.

    `into` names a table and, in brackets, columns where not all are given. Blobs go in at less cost as `bytearray`:
    of `bytes`, sqlite3 first asks whether somebody has an adapter for them.

    Any other way of passing over rows makes SQLite save pages before each statement of several rows, in case one fails.
    """
    step = ROWS_AT_ONCE * width
    many = _statement(into, width, ROWS_AT_ONCE)
    told, at = [], 0
    while len(values) - at >= step:
        told.append(Inserted(ROWS_AT_ONCE, connection.execute(many, values[at : at + step]).rowcount))
        at += step
    # By halves: few texts to compile, and few steps. With each, a thread lets go of Python's lock, and may wait for it.
    for rows in _HALVES:
        if len(values) - at >= rows * width:
            statement = _statement(into, width, rows)
            told.append(Inserted(rows, connection.execute(statement, values[at : at + rows * width]).rowcount))
            at += rows * width
    return told


def one_after_the_other(rows: list[tuple[Any, ...]]) -> list[Any]:
    """Return the values of rows, one after the other."""
    return list(chain.from_iterable(rows))


def row_by_row(columns: Sequence[Sequence[Any]]) -> list[Any]:
    """Return the values of columns, row after row."""
    width = len(columns)
    values: list[Any] = [None] * sum(map(len, columns))
    for place, column in enumerate(columns):
        values[place::width] = column
    return values


@lru_cache(maxsize=256)  # the very same text each time: a statement is looked up by its hash
def _statement(into: str, width: int, rows: int) -> str:
    row = f"({', '.join('?' * width)})"
    return f"INSERT OR IGNORE INTO {into} VALUES {', '.join([row] * rows)}"
