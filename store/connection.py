"""What the log asks of a database's connection, whichever database it is: SQL with `?`, and what SQL does not cover."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol


class Cursor(Protocol):
    """What a statement has found."""

    @property
    def rowcount(self) -> int:
        """How many rows it has changed."""

    def fetchone(self) -> Any:
        """Return the next row, a tuple; None after the last."""

    def fetchall(self) -> list[Any]:
        """Return all rows that are left."""

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """One connection, inside a transaction. Columns hold integers, text, blobs or null; rows are plain tuples."""

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Cursor:
        """Run a statement; each `?` in it is one of the parameters."""

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> Cursor:
        """Run a statement once for each of the parameters."""

    @property
    def row_id(self) -> str:
        """A column that every table has and that tells its rows apart, whatever was done to it; else empty."""

    def has_table(self, name: str, /) -> bool:
        """Say whether a table is there."""

    def columns_of(self, table: str, /) -> list[str]:
        """Return the names of a table's columns; none if it is not there."""

    def layout_version(self) -> int | None:
        """Return a number that is another one after each change of tables or triggers; None if that cannot be told."""

    def forget_for_good(self) -> None:
        """Leave nothing, from now on, of what is overwritten or deleted in the free space of its page."""


class Transactions(Protocol):
    """How transactions of a database are opened."""

    def reading(self) -> AbstractContextManager[Connection]:
        """Open one read transaction: everything read is of one moment."""

    def writing(self) -> AbstractContextManager[Connection]:
        """Open one write transaction; whoever else writes waits until it ends."""
