"""Nested rows of a Parquet file: key, value and meta as structs, a batch at a time."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any, BinaryIO

from outcomes.domain.errors import UnreadableInput

_ROWS = 2_000


def records(stream: BinaryIO, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the rows of a file with their numbers; times as text. Raises UnreadableInput."""
    try:
        arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError as error:
        raise UnreadableInput(
            f"{name} is a Parquet file, and pyarrow, which reads those, is not installed: "
            "install outcome-projector[parquet], or export as JSON Lines"
        ) from error
    number = 0
    try:
        for batch in parquet.ParquetFile(stream).iter_batches(batch_size=_ROWS):
            for row in batch.to_pylist():
                number += 1
                yield number, _nested(row)
    except (arrow.ArrowException, OSError) as error:
        raise UnreadableInput(f"{name} is damaged Parquet: {error}: fetch the file again") from error


def _nested(row: dict[str, Any]) -> dict[str, Any]:
    if "value" not in row:  # written flat, by whoever has converted it
        return {"key": {"id": row.get("id")}, "value": _plain(row), "meta": {}}
    meta = row.get("meta") or {}
    return {"key": row.get("key"), "value": _plain(row["value"] or {}), "meta": _plain(meta)}


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    return {name: item.isoformat() if hasattr(item, "isoformat") else item for name, item in value.items()}
