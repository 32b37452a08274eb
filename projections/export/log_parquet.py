"""The log as a Parquet file: a twentieth of its JSON, and, unlike files of events, with what the log knows of each.

Columns are `position`, `recorded_at`, `raw` (as it came; null where the person was erased) and `digest`, which is null
wherever it is that of the content of `raw`: an encrypted log has digests of its own, and of an event that was partly
erased the digest is of what it once was. Imported only when one is asked for: pyarrow takes long to load.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from outcomes.domain.times import Micros, micros, moment
from outcomes.store.log.event_log import EventLog
from outcomes.store.log.lines import RecordedAt
from outcomes.store.new_target import new_target
from outcomes.store.sqlite.private_files import make_private, sync_to_disk

_GROUP_ROWS = 20_000
_MARK: Final = b"outcomes.log"
_VERSION: Final = b"2"
_STRETCH: Final = b"outcomes.stretch"
# Level 9 of zstandard takes half the room of its usual level, for a microsecond an event. No two events are alike, and
# the sum of each page tells what a disk has changed.
_OPTIONS: Final[dict[str, Any]] = {
    "compression": "zstd",
    "compression_level": 9,
    "use_dictionary": False,
    "write_page_checksum": True,
}
_SCHEMA: Final = pa.schema(
    [
        ("position", pa.int64()),
        ("recorded_at", pa.timestamp("us", tz="UTC")),
        ("raw", pa.binary()),
        ("digest", pa.binary()),
    ]
)


class Stretch(NamedTuple):
    """Of which log a file is, after which position, and up to which, both of which may have no event."""

    log: str
    after: int
    upto: int

    def metadata(self) -> dict[bytes, bytes]:
        """Return what a file says of itself."""
        return {_MARK: _VERSION, _STRETCH: orjson.dumps(tuple(self))}


class Written(NamedTuple):
    """How many events were written, and the first and last position; None of none."""

    events: int
    first: int | None
    last: int | None


def write_log(log: EventLog, target: Path, after: int, upto: int) -> Written:
    """Write a stretch of the log to a new file; raises HomeUnavailable if it is there, LogDamaged. Whole or not."""
    events, first, last = 0, None, None
    stretch = Stretch(log.identity() or "", after, upto)
    with new_target(target) as making:
        make_private(making)
        with pq.ParquetWriter(making, _SCHEMA.with_metadata(stretch.metadata()), **_OPTIONS) as writer:
            for batch in _batches(log, after, upto):
                writer.write_batch(batch)
                events += batch.num_rows
                first = batch.column(0)[0].as_py() if first is None else first
                last = batch.column(0)[-1].as_py()
        sync_to_disk(making)
    return Written(events, first, last)


def _batches(log: EventLog, after: int, upto: int) -> Iterator[pa.RecordBatch]:
    recorded, records = RecordedAt(log), log.records(after, upto)
    while page := list(islice(records, _GROUP_ROWS)):
        opened = [log.open(record) for record in page]
        digests = [
            None if log.encryption is None and one.is_whole else record.digest
            for record, one in zip(page, opened, strict=True)
        ]
        arrays = [
            pa.array([record.position for record in page], pa.int64()),
            pa.array([recorded.at(record.position) for record in page], pa.int64()).cast(_SCHEMA.field(1).type),
            pa.array([one.raw for one in opened], pa.binary()),
            pa.array(digests, pa.binary()),
        ]
        yield pa.RecordBatch.from_arrays(arrays, schema=_SCHEMA)


class LogRow(NamedTuple):
    """One event of a log file."""

    position: int
    raw: bytes
    digest: bytes | None


def opened_log(stream: Any) -> pq.ParquetFile:
    """Open a file whose pages are compared with their sums as they are read."""
    return pq.ParquetFile(stream, page_checksum_verification=True)


def stretch_of(file: pq.ParquetFile) -> Stretch:
    """Return what a log file says of itself."""
    return Stretch(*orjson.loads(file.schema_arrow.metadata[_STRETCH]))


def is_log(file: pq.ParquetFile) -> bool:
    """Say whether a Parquet file is a log that was written here."""
    return (file.schema_arrow.metadata or {}).get(_MARK) == _VERSION


def rows_of(file: pq.ParquetFile, groups: list[int]) -> Iterator[LogRow]:
    """Yield the events of some row groups that can still be read."""
    for batch in file.iter_batches(batch_size=2_000, row_groups=groups, columns=["position", "raw", "digest"]):
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            if row[1] is not None:
                yield LogRow(*row)


def last_position(file: pq.ParquetFile, until: Micros | None = None) -> int:
    """Return the last position in a file, or the last that was recorded up to a time; 0 if there is none."""
    found = 0
    for group in range(file.num_row_groups):
        told = file.metadata.row_group(group)
        position, recorded = told.column(0).statistics, told.column(1).statistics
        if until is None or micros(recorded.max) <= until:
            found = max(found, position.max)
        elif micros(recorded.min) <= until:
            rows = file.read_row_group(group, columns=["position", "recorded_at"])
            inside = rows.filter(pc.less_equal(rows["recorded_at"], pa.scalar(moment(until), rows["recorded_at"].type)))
            found = max(found, pc.max(inside["position"]).as_py())
    return found
