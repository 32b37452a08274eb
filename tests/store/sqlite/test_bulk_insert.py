"""Rows are inserted many at a time; what is stored is as if they had come one by one."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from outcomes.store.sqlite.bulk_insert import ROWS_AT_ONCE, insert_or_ignore, one_after_the_other


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    """An empty table of two columns, with a key that is given when a row is stored."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE t (place INTEGER PRIMARY KEY, name TEXT UNIQUE, bytes BLOB)")
        yield connection


@pytest.mark.parametrize("count", [0, 1, ROWS_AT_ONCE - 1, ROWS_AT_ONCE, 2 * ROWS_AT_ONCE + 3])
def test_all_rows_are_stored_in_their_order(connection: sqlite3.Connection, count: int) -> None:
    """However many are left over for statements of one row."""
    rows = [(f"n{number}", bytes([number, 0])) for number in range(count)]
    told = insert_or_ignore(connection, "t (name, bytes)", 2, one_after_the_other(rows))
    assert (sum(part.given for part in told), sum(part.stored for part in told)) == (count, count)
    assert connection.execute("SELECT * FROM t ORDER BY place").fetchall() == [
        (place, *row) for place, row in enumerate(rows, 1)
    ]


def test_what_is_there_stays_and_leaves_no_gap(connection: sqlite3.Connection) -> None:
    """Repeats of earlier rows and of rows in the same statement are passed over, and are not counted."""
    names = [f"n{number % (ROWS_AT_ONCE + 7)}" for number in range(4 * ROWS_AT_ONCE)]
    connection.execute("INSERT INTO t (name, bytes) VALUES ('n3', x'aa')")
    values = one_after_the_other([(name, bytearray(b"later")) for name in names])
    told = insert_or_ignore(connection, "t (name, bytes)", 2, values)
    assert told == [(ROWS_AT_ONCE, ROWS_AT_ONCE - 1), (ROWS_AT_ONCE, 7), (ROWS_AT_ONCE, 0), (ROWS_AT_ONCE, 0)]
    stored = connection.execute("SELECT place, name, bytes FROM t ORDER BY place").fetchall()
    assert [place for place, _, _ in stored] == list(range(1, ROWS_AT_ONCE + 8))
    assert stored[0] == (1, "n3", b"\xaa")
    assert [name for _, name, _ in stored[1:]] == [f"n{number}" for number in range(ROWS_AT_ONCE + 7) if number != 3]


def test_bytes_come_back_as_bytes(connection: sqlite3.Connection) -> None:
    """However they were given."""
    insert_or_ignore(connection, "t (name, bytes)", 2, ["as bytes", b"\0\xff", "as bytearray", bytearray(b"\0\xff")])
    found = connection.execute("SELECT bytes, typeof(bytes) FROM t").fetchall()
    assert found == [(b"\0\xff", "blob")] * 2
