"""A folder with one Parquet file a table, typed. Imported only when one is asked for: pyarrow takes long to load."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from outcomes.domain.times import parse_moment
from outcomes.projections.export.state_file import Table
from outcomes.store.sqlite.private_files import make_private_folder

_ROW_GROUP = 20_000
"""Rows held at once, and rows of one group: a few tens of megabytes, whatever the table's size."""

_TYPES = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    datetime: pa.timestamp("us", tz="UTC"),
}


class ParquetFolder:
    """A new folder of Parquet files."""

    def __init__(self, path: Path) -> None:
        make_private_folder(path)
        self._path = path

    def write(self, table: Table) -> int:
        """Write a table group by group; one without rows has its columns all the same."""
        schema = pa.schema([(name, _TYPES[kind]) for name, kind in table.columns.items()])
        written = 0
        with pq.ParquetWriter(self._path / f"{table.name}.parquet", schema, compression="zstd") as writer:
            for group in _groups(table):
                writer.write_table(pa.Table.from_pylist(group, schema=schema))
                written += len(group)
        return written

    def close(self) -> None:
        """Nothing is left to do: each file was finished when it was written."""


def _groups(table: Table) -> Iterator[list[dict[str, Any]]]:
    times = [name for name, kind in table.columns.items() if kind is datetime]
    waiting = iter(table.rows)
    while group := list(islice(waiting, _ROW_GROUP)):
        yield [row | {name: parse_moment(row[name]) for name in times if row[name] is not None} for row in group]
