"""Rows between two steps on one machine: a file with the rows of each bucket apart, so that each is read by itself."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import pyarrow as pa

from outcomes.store.sqlite.private_files import make_private

_OPTIONS = pa.ipc.IpcWriteOptions(compression="zstd")

BucketT = TypeVar("BucketT", bound=Hashable)


class BucketFile(NamedTuple, Generic[BucketT]):
    """A file, and of which bucket each batch in it is."""

    path: Path
    buckets: Sequence[BucketT]


class Batches(NamedTuple):
    """Some batches of a file."""

    path: Path
    numbers: list[int]


def write(path: Path, schema: pa.Schema, batches: Iterable[tuple[BucketT, pa.RecordBatch]]) -> "BucketFile[BucketT]":
    """Write batches, each of one bucket."""
    path.unlink(missing_ok=True)  # of a process that was killed
    make_private(path)
    buckets = []
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema, options=_OPTIONS) as writer:
        for bucket, batch in batches:
            writer.write_batch(batch)
            buckets.append(bucket)
    return BucketFile(path, buckets)


def read(sources: Iterable[Batches]) -> Iterator[pa.RecordBatch]:
    """Yield the batches of some files, one file open at a time."""
    for path, numbers in sources:
        with pa.memory_map(str(path)) as stream, pa.ipc.open_file(stream) as file:
            for number in numbers:
                yield file.get_batch(number)


def by_bucket(files: Iterable[BucketFile[BucketT]]) -> dict[BucketT, list[Batches]]:
    """Return where the rows of each bucket are."""
    where: dict[BucketT, list[Batches]] = defaultdict(list)
    for path, buckets in files:
        numbers: dict[BucketT, list[int]] = defaultdict(list)
        for number, bucket in enumerate(buckets):
            numbers[bucket].append(number)
        for bucket, found in numbers.items():
            where[bucket].append(Batches(path, found))
    return where
