"""The folder that a replay makes: a folder a table, in it one a tenant, in that Parquet files."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.fs import FileType

from outcomes.domain.errors import HomeUnavailable
from outcomes.projections.partitioned.places import is_far, system_of
from outcomes.projections.partitioned.tables import SCHEMAS
from outcomes.store import new_target
from outcomes.store.sqlite.private_files import make_private, make_private_folder, sync_to_disk

_SCRATCH = "_scratch"


class TableFile:
    """One file of one tenant's table, made when the first rows come."""

    def __init__(self, folder: str, table: str, tenant: str, part: int) -> None:
        self._name = f"{folder}/{table}/tenant={quote(tenant, safe='')}/part-{part:05d}.parquet"
        self._schema = SCHEMAS[table]
        self._writer: pq.ParquetWriter | None = None
        self.rows = 0

    def write(self, rows: pa.RecordBatch) -> None:
        """Add rows."""
        self.make().write_batch(rows)
        self.rows += rows.num_rows

    def make(self) -> Any:
        """Make the file though it may get no rows: it tells the columns. Return what writes it."""
        if self._writer is None:
            self._writer = pq.ParquetWriter(_sink(self._name), self._schema, compression="zstd")
        return self._writer

    def close(self) -> None:
        """Finish the file, if there is one."""
        if self._writer is not None:
            self._writer.close()


def _sink(name: str) -> Any:
    if is_far(name):
        system, path = system_of(name)
        return system.open_output_stream(path)
    file = Path(name)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.unlink(missing_ok=True)  # of a process that was killed
    make_private(file)
    return name


def complete(folder: str, points: Mapping[str, pa.RecordBatch], rows: Mapping[tuple[str, str], int]) -> None:
    """Write what each tenant's tables are of, and the columns of those tables of which no engine had a row."""
    for table in SCHEMAS:
        for tenant, point in points.items():
            file = TableFile(folder, table, tenant, 0)
            if table == "point":
                file.write(point)
            elif not rows.get((tenant, table)):
                file.make()
            file.close()


def check_new(to: str) -> None:
    """Raise HomeUnavailable unless a folder can be made there."""
    if is_far(to):
        system, path = system_of(to)
        if system.get_file_info(path).type is not FileType.NotFound:
            raise HomeUnavailable(f"{to} is there already: name a new one")
    else:
        new_target.check_new(Path(to))


@contextmanager
def new_folder(to: str) -> Iterator[tuple[str, str]]:
    """Give a folder to fill, and one in it for what is of no use afterwards; if that fails, neither is left.

    A folder of this machine gets its name only when all is in it. Elsewhere nothing can be renamed as a whole: there it
    is whole once its table `point` is, which is written last.
    """
    if is_far(to):
        system, path = system_of(to)
        try:
            yield to, f"{to}/{_SCRATCH}"
            system.delete_dir(f"{path}/{_SCRATCH}")
        except BaseException:
            if system.get_file_info(path).type is FileType.Directory:
                system.delete_dir(path)
            raise
        return
    with new_target.new_target(Path(to).absolute()) as making:
        make_private_folder(making)
        # On the same disk as the answer: a folder for temporary files may be in memory.
        scratch = making / _SCRATCH
        scratch.mkdir(mode=0o700)
        yield str(making), str(scratch)
        shutil.rmtree(scratch)
        _sweep(making)


def _sweep(folder: Path) -> None:
    """Leave nothing but tables, for their owner only: Hadoop puts sums beside its files, and heeds no such wish."""
    for path in list(folder.rglob("*")):
        if path.is_dir():
            path.chmod(0o700)
        elif path.name[0] in "._":
            path.unlink()
        else:
            make_private(path)
            sync_to_disk(path)
