"""Events in a Parquet file: one column of JSON, as warehouses keep what a stream delivered."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any, BinaryIO

from outcomes.domain.errors import NoFileOfEvents, UnreadableInput

_ROWS = 500


def events_in(stream: BinaryIO, name: str) -> Iterator[bytes]:
    """Yield the JSON of the one column that has any, a value a line; raises UnreadableInput if there is none."""
    arrow, reader = _modules(name)
    try:
        stream.seek(0)
        file = reader.ParquetFile(stream)
        column = _json_column(arrow, file, name)
        for batch in file.iter_batches(batch_size=_ROWS, columns=[column]):
            for value in batch.column(0).to_pylist():
                if value is not None:
                    yield (value if isinstance(value, bytes) else value.encode()) + b"\n"
    except (arrow.ArrowException, OSError) as error:
        raise UnreadableInput(f"{name} is damaged Parquet: {error}: fetch the file again") from error


def _json_column(arrow: Any, file: Any, name: str) -> str:
    """Return the column whose first value is a JSON object or array; there must be one and no second."""
    text = {arrow.string(), arrow.large_string(), arrow.binary(), arrow.large_binary()}
    named = [field.name for field in file.schema_arrow if field.type in text]
    first: Any = next(iter(file.iter_batches(batch_size=_ROWS, columns=named)), None) if named else None
    columns = {} if first is None else {column: first.column(column).to_pylist() for column in named}
    found = [
        column for column, values in columns.items() if next(filter(None, values), "")[:1] in {"{", "[", b"{", b"["}
    ]
    if len(found) != 1:
        what = f"{len(found)} columns of JSON ({', '.join(found)})" if found else "no column of JSON"
        raise NoFileOfEvents(
            f"{name} is a Parquet file with {what}: nothing of it was stored: events are read from the one column that "
            "holds each as JSON; the tables that outcomes replay writes hold none (outcomes log gives events)"
        )
    return str(found[0])


def _modules(name: str) -> tuple[Any, Any]:
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError as error:
        raise NoFileOfEvents(
            f"{name} is a Parquet file, and pyarrow, which reads those, is not installed: "
            "install outcome-projector[parquet]"
        ) from error
