"""Many rows in few statements: to bind and to run a statement for each row costs as much as to store it."""

import sqlite3
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple

ROWS_AT_ONCE = 50
"""More gain nothing more; so many, of the widest table, are within the 32,766 values that SQLite takes by default."""


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
    many, one = _statement(into, width, ROWS_AT_ONCE), _statement(into, width, 1)
    step = ROWS_AT_ONCE * width
    whole = len(values) - len(values) % step
    told = [
        Inserted(ROWS_AT_ONCE, connection.execute(many, values[at : at + step]).rowcount)
        for at in range(0, whole, step)
    ]
    if whole < len(values):
        rest = [values[at : at + width] for at in range(whole, len(values), width)]
        told.append(Inserted(len(rest), connection.executemany(one, rest).rowcount))
    return told


def one_after_the_other(rows: list[tuple[Any, ...]]) -> list[Any]:
    """Return the values of rows, one after the other."""
    return list(chain.from_iterable(rows))


@lru_cache(maxsize=256)  # the very same text each time: a statement is looked up by its hash
def _statement(into: str, width: int, rows: int) -> str:
    row = f"({', '.join('?' * width)})"
    return f"INSERT OR IGNORE INTO {into} VALUES {', '.join([row] * rows)}"
