"""A folder with one Parquet file a table, typed. Imported only when one is asked for: pyarrow takes long to load."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from outcomes.domain.times import parse_moment
from outcomes.projections.export.arrow import batches, schema_of
from outcomes.projections.export.state_file import Table
from outcomes.store.sqlite.private_files import make_private, make_private_folder, sync_to_disk


class ParquetFolder:
    """A new folder of Parquet files."""

    def __init__(self, path: Path) -> None:
        make_private_folder(path)
        self._path = path

    def write(self, table: Table) -> int:
        """Write a table group by group; one without rows has its columns all the same."""
        schema = schema_of(table.columns)
        written = 0
        path = self._path / f"{table.name}.parquet"
        make_private(path)
        with pq.ParquetWriter(path, schema, compression="zstd") as writer:
            for group in batches(schema, _rows(table)):
                writer.write_batch(group)
                written += group.num_rows
        return written

    def close(self) -> None:
        """Wait until all is on the disk: each file was finished when it was written."""
        for path in (*self._path.iterdir(), self._path):
            sync_to_disk(path)


def _rows(table: Table) -> Iterator[dict[str, Any]]:
    times = [name for name, kind in table.columns.items() if kind is datetime]
    return (row | {name: parse_moment(row[name]) for name in times if row[name] is not None} for row in table.rows)
