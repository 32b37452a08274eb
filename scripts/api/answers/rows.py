"""Answers of many rows: read as they are iterated, so that a long one is never held as a whole."""

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, Self, TypeVar, cast, get_type_hints, overload

import orjson

from outcomes.api.answers.base import Answer, Record, as_json, names_of
from outcomes.api.extras import require
from outcomes.projections.paging import NextKey

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

Row = TypeVar("Row", bound=Record)


class Told(Protocol):
    """What a projection tells, in the JSON of its row."""

    def as_json(self) -> dict[str, Any]:
        """Return the members of the row, in their order."""


SHOWN = 60
"""Rows that `print` and a notebook show; the rest is named as there being more."""


class Rows(Answer, Generic[Row]):
    """Rows of one kind, in the command's order. Each iteration reads them anew, from the same point: the same rows.

    There is no `len()`: to count is to read. `list(rows)` holds all of them; `rows.head(20)` are the first.
    An iteration must end before its home is closed: closing ends it.
    """

    is_list = True
    row_type: ClassVar[type[Record]]
    is_shown_whole = False
    """Whether `print` and a notebook show all of it, however much that is."""

    def __init__(self, read: Callable[[], Iterator[Row]], following: NextKey | None = None) -> None:
        self._read = read
        self._following = following

    @property
    def next(self) -> str | None:
        """The key to give as `after` for what comes next, once these rows have been read; None if there is no more."""
        return None if self._following is None else self._following.value

    def __iter__(self) -> Iterator[Row]:
        return self._read()

    def __bool__(self) -> bool:
        return next(iter(self), None) is not None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.row_type.__name__}: print it, iterate over it, or .to_pandas()>"

    def head(self, count: int = 20) -> Self:
        """Return the first rows, themselves read when asked for."""
        return self._reading(lambda: islice(self._read(), count))

    def beginning(self) -> tuple[Self, bool]:
        """Read as much as is shown; return it, and whether that is all."""
        if self.is_shown_whole:
            return self, True
        rows = list(islice(self, SHOWN + 1))
        return self._reading(lambda: iter(rows[:SHOWN])), len(rows) <= SHOWN

    def _reading(self, read: Callable[[], Iterator[Row]]) -> Self:
        found = copy.copy(self)
        found._read = read  # noqa: SLF001 - a copy of its own class
        return found

    def as_json(self) -> Any:
        """Return the list that the command writes with `--format json`."""
        return list(self.as_lines())

    def as_lines(self) -> Iterator[dict[str, Any]]:
        """Yield a row's JSON a line."""
        return (row.as_json() for row in self)

    def columns(self) -> tuple[str, ...]:
        """Return the members of a row."""
        return names_of(self.row_type)

    def to_arrow(self) -> "pa.Table":
        """Return an Arrow table: text, int64, float64, bool, timestamp[us, UTC]; what is none of these is JSON text.

        The types are those of `replay --format parquet`. Raises MissingExtra without pyarrow.
        """
        require("pyarrow", "parquet")
        from outcomes.projections.export.arrow import table_of

        hints, row_type = get_type_hints(self.row_type), cast("Any", self.row_type)
        columns = {member.name: hints[member.name] for member in fields(row_type)}
        return table_of(columns, (_flat(row) for row in self))

    def to_pandas(self) -> "pd.DataFrame":
        """Return a pandas data frame with Arrow's own types: a whole number that may be absent stays one.

        Raises MissingExtra without pandas.
        """
        pandas = require("pandas", "pandas")
        return self.to_arrow().to_pandas(types_mapper=pandas.ArrowDtype)

    def to_polars(self) -> "pl.DataFrame":
        """Return a polars data frame, by Arrow. Raises MissingExtra without polars."""
        polars = require("polars", "polars")
        frame: pl.DataFrame = polars.from_arrow(self.to_arrow())
        return frame


class ToldRows(Rows[Row]):
    """Rows of what a projection tells: lines of JSON are its own, and a row is made where one is asked for.

    An answer of a million lines needs no million rows.
    """

    def __init__(
        self, read: Callable[[], Iterator[Told]], row_of: Callable[[Any], Row], following: NextKey | None = None
    ) -> None:
        super().__init__(cast("Any", read), following)
        self._row_of = row_of

    def __iter__(self) -> Iterator[Row]:
        return map(self._row_of, self._read())

    def beginning(self) -> tuple[Self, bool]:
        """Read as much as is shown; return it, and whether that is all."""
        told = list(islice(self._read(), SHOWN + 1))
        return self._reading(lambda: iter(told[:SHOWN])), len(told) <= SHOWN

    def as_lines(self) -> Iterator[dict[str, Any]]:
        """Yield a row's JSON a line."""
        return (told.as_json() for told in self._read())


class RowList(Rows[Row], Sequence[Row]):
    """Few rows, all there: a sequence, with `len()` and places."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = tuple(rows)
        super().__init__(lambda: iter(self._rows))

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Row]: ...
    def __getitem__(self, place: int | slice) -> Row | Sequence[Row]:
        return self._rows[place]

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def _reading(self, read: Callable[[], Iterator[Row]]) -> Self:
        found = copy.copy(self)
        found._rows = tuple(read())  # noqa: SLF001 - a copy of its own class
        return found

    def __bool__(self) -> bool:
        return bool(self._rows)


def _flat(row: Record) -> dict[str, Any]:
    """Return the fields of a row as columns hold them."""
    return {member.name: _cell(getattr(row, member.name)) for member in fields(row)}  # type: ignore[arg-type]


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float | datetime):
        return value
    return orjson.dumps(as_json(value)).decode()
