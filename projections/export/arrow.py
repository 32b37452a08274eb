"""Arrow tables of plain columns. Imported only when one is asked for: pyarrow takes long to load."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

import pyarrow as pa

from outcomes.projections.export.column_types import Columns, columns_of

_BATCH = 20_000
"""Rows held as Python objects at once: a few tens of megabytes, whatever the table's size."""

_TYPES = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    datetime: pa.timestamp("us", tz="UTC"),
}


def schema_of(columns: Columns) -> pa.Schema:
    """Return the Arrow types of plain columns."""
    return pa.schema([(name, _TYPES[kind]) for name, kind in columns.items()])


def batches(schema: pa.Schema, rows: Iterable[Mapping[str, Any]]) -> Iterator[pa.RecordBatch]:
    """Yield rows batch by batch as they come; times are datetimes."""
    waiting = iter(rows)
    while batch := list(islice(waiting, _BATCH)):
        yield pa.RecordBatch.from_pylist(batch, schema=schema)


def table_of(annotations: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Return a table with a column for each annotated field."""
    schema = schema_of(columns_of(annotations))
    return pa.Table.from_batches(batches(schema, rows), schema=schema)
