"""Nested rows of a Parquet file: key, value and meta as structs, a batch at a time."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any, BinaryIO

from outcomes.domain.errors import UnreadableInput
from outcomes.store.sources.exports.pages import Columns, Page, Values, nested_row
from outcomes.store.sources.exports.rows import ExportRow

_ROWS = 2_000


class ParquetPage(Page):
    """A batch of rows."""

    def __init__(self, batch: Any, table: str, name: str, first: int) -> None:
        self._batch = batch
        self._table, self._name, self._first = table, name, first

    def __len__(self) -> int:
        """Return how many rows there are."""
        return int(self._batch.num_rows)

    def row(self, place: int) -> ExportRow:
        """Return one row; raises UnreadableInput."""
        (found,) = self._batch.slice(place, 1).to_pylist()
        return nested_row(_plain(found), self._table, self._name, self._first + place)

    def rows(self) -> Iterator[ExportRow]:
        """Yield all rows; raises UnreadableInput."""
        for number, found in enumerate(self._batch.to_pylist(), self._first):
            yield nested_row(_plain(found), self._table, self._name, number)

    def names(self, among: frozenset[str]) -> frozenset[str]:
        """Return which columns the schema names."""
        schema = self._batch.schema
        if "value" not in schema.names:
            return among & {name.removeprefix("value.") for name in schema.names}
        value = schema.field("value").type
        return among & {value.field(place).name for place in range(value.num_fields)}

    def columns(self, names: tuple[str, ...]) -> Columns | None:
        """Return columns, or None."""
        places = {name: self._batch.column(name) for name in self._batch.schema.names}
        if "value" not in places:
            return None
        key, value, meta = (_fields(places.get(part)) for part in ("key", "value", "meta"))
        nothing = [None] * len(self)
        ids = _plain_values(key.get("id"), nothing)
        if any(one is None for one in ids):
            return None
        actions, stamps = (_plain_values(meta.get(name), nothing) for name in ("action", "ts"))
        return Columns(ids, actions, stamps, [_plain_values(value.get(name), nothing) for name in names])


def _fields(column: Any) -> dict[str, Any]:
    """Return the columns of a struct; a null struct has nulls in all of them."""
    if column is None:
        return {}
    names = [column.type.field(place).name for place in range(column.type.num_fields)]
    return dict(zip(names, column.flatten(), strict=True))


def _plain_values(column: Any, nothing: Values) -> Values:
    if column is None:
        return nothing
    is_time = str(column.type).startswith("timestamp")
    values: Values = (column.cast("string") if is_time else column).to_pylist()
    return values


def parquet_pages(stream: BinaryIO, table: str, name: str) -> Iterator[Page]:
    """Yield the rows of a file, some at a time; times as text. Raises UnreadableInput."""
    try:
        arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError as error:
        raise UnreadableInput(
            f"{name} is a Parquet file, and pyarrow, which reads those, is not installed: "
            "install outcome-projector[parquet], or export as JSON Lines"
        ) from error
    first = 1
    try:
        for batch in parquet.ParquetFile(stream).iter_batches(batch_size=_ROWS):
            yield ParquetPage(batch, table, name, first)
            first += batch.num_rows
    except (arrow.ArrowException, OSError) as error:
        raise UnreadableInput(f"{name} is damaged Parquet: {error}: fetch the file again") from error


def _plain(value: Any) -> Any:
    """Return a value of a row as JSON would have it: times as text."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value.isoformat() if hasattr(value, "isoformat") else value
