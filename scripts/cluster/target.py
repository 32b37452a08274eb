"""The folder that a replay makes: a folder a table, in it one a tenant, in that Parquet files."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

from outcomes.projections.partitioned.tables import SCHEMAS
from outcomes.store.sqlite.private_files import make_private, make_private_folder


class TableFile:
    """One file of one tenant's table, made when the first rows come."""

    def __init__(self, folder: Path, table: str, tenant: str, part: int) -> None:
        self._path = folder / table / f"tenant={quote(tenant, safe='')}" / f"part-{part:05d}.parquet"
        self._schema = SCHEMAS[table]
        self._writer: pq.ParquetWriter | None = None
        self.rows = 0

    def write(self, rows: pa.RecordBatch) -> None:
        """Add rows."""
        self._open().write_batch(rows)
        self.rows += rows.num_rows

    def make(self) -> None:
        """Make the file though it has no rows: it tells the columns."""
        self._open()

    def close(self) -> None:
        """Finish the file, if there is one."""
        if self._writer is not None:
            self._writer.close()

    def _open(self) -> pq.ParquetWriter:
        if self._writer is None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path.unlink(missing_ok=True)  # of a process that was killed
            make_private(self._path)
            self._writer = pq.ParquetWriter(self._path, self._schema, compression="zstd")
        return self._writer


def write_points(folder: Path, points: Iterable[tuple[str, pa.RecordBatch]]) -> None:
    """Write what each tenant's tables are of."""
    for tenant, row in points:
        file = TableFile(folder, "point", tenant, 0)
        file.write(row)
        file.close()


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Give a folder that gets its name only when all is in it; a killed process leaves nothing that looks like one."""
    unfinished = target.with_name(target.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    make_private_folder(unfinished)
    try:
        yield unfinished
        unfinished.rename(target)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
