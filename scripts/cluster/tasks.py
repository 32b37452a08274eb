"""What one process does at a time, by the local engine: a split, a partition of entities, some parts of a tenant.

A task may be done again where its process was killed: it writes its files anew.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import pyarrow as pa
import pyarrow.compute as pc

from outcomes.cluster import bucket_file
from outcomes.cluster.bucket_file import Batches, BucketFile
from outcomes.cluster.target import TableFile
from outcomes.projections.as_of.fingerprint import Fingerprint
from outcomes.projections.partitioned.combining import Combiner
from outcomes.projections.partitioned.cut import Cut
from outcomes.projections.partitioned.parts import OF_TENANT, Plan, shared_out
from outcomes.projections.partitioned.rollup import PartViews, facts_of
from outcomes.projections.partitioned.rows import GATHERED, ROUTED
from outcomes.projections.partitioned.splits import Split, read_split
from outcomes.projections.partitioned.tables import ROWS_PER_GROUP, entity_rows, mastery_rows
from outcomes.projections.partitioned.winners import Winners, sorted_rows
from outcomes.store.cycle_collection import without_cycle_collection

_BATCH_ROWS = 20_000


class Combine(NamedTuple):
    """Read a split: its rows by partition of entities."""

    split: Split
    cut: Cut
    partitions: int
    path: Path

    def run(self) -> "Combined":
        """Do it."""
        with without_cycle_collection():
            combiner = Combiner(self.cut)
            file = bucket_file.write(self.path, GATHERED, self._rows(combiner))
        return Combined(file, combiner.events, combiner.refused, combiner.results)

    def _rows(self, combiner: Combiner) -> Iterator[tuple[int, pa.RecordBatch]]:
        for _ in read_split(self.split, combiner):
            if combiner.is_full:
                yield from self._by_partition(combiner)
        yield from self._by_partition(combiner)

    def _by_partition(self, combiner: Combiner) -> Iterator[tuple[int, pa.RecordBatch]]:
        return combiner.batches_by(lambda entity: crc32("\0".join(entity).encode()) % self.partitions)


class Combined(NamedTuple):
    """What a split gave."""

    file: BucketFile[int]
    events: int
    refused: int
    results: Counter[tuple[str, str]]


class Reduce(NamedTuple):
    """Find what is in force of some entities, and put it where it is needed."""

    sources: list[Batches]
    plan: Plan
    path: Path

    def run(self) -> "Reduced":
        """Do it."""
        winners = Winners()
        rows = sorted_rows(list(bucket_file.read(self.sources)))
        file = bucket_file.write(self.path, ROUTED, self._parts(winners, rows))
        return Reduced(file, winners.fingerprints)

    def _parts(self, winners: Winners, rows: pa.Table) -> Iterator[tuple[tuple[str, int], pa.RecordBatch]]:
        for batch in winners.routed(rows.to_batches(max_chunksize=_BATCH_ROWS)):
            yield from shared_out(batch, self.plan).items()


class Reduced(NamedTuple):
    """What a partition of entities gave."""

    file: BucketFile[tuple[str, int]]
    fingerprints: dict[str, Fingerprint]


class Finish(NamedTuple):
    """Write the tables of some parts of a tenant, mastery among them; those of no course with the first."""

    tenant: str
    of_tenant: list[Batches]
    parts: dict[int, list[Batches]]
    is_first: bool
    cut: Cut
    folder: str

    def run(self) -> Counter[tuple[str, str]]:
        """Do it; return how many rows each table of the tenant got."""
        written: Counter[tuple[str, str]] = Counter()
        if self.is_first:
            self._write_tables(OF_TENANT, self.of_tenant, written)
        with PartViews(self.tenant, self.cut, _facts(self.of_tenant)) as views:
            for part, sources in self.parts.items():
                self._write_tables(part, sources, written)
                self._write_mastery(views, part, sources, written)
        return written

    def _write_mastery(
        self, views: PartViews, part: int, sources: list[Batches], written: Counter[tuple[str, str]]
    ) -> None:
        file = self._file("mastery", part)
        with without_cycle_collection():
            for batch in mastery_rows(views.mastery(_facts(sources))):
                file.write(batch)
        file.close()
        written[self.tenant, "mastery"] += file.rows

    def _write_tables(self, part: int, sources: list[Batches], written: Counter[tuple[str, str]]) -> None:
        rows = _exported(sources)
        for table in pc.unique(rows.column("table")).to_pylist():
            file = self._file(table, part)
            exported = rows.filter(pc.equal(rows.column("table"), table)).column("exported")
            for start in range(0, len(exported), ROWS_PER_GROUP):
                file.write(entity_rows(table, exported[start : start + ROWS_PER_GROUP].to_pylist()))
            file.close()
            written[self.tenant, table] += file.rows

    def _file(self, table: str, part: int) -> TableFile:
        return TableFile(self.folder, table, self.tenant, part - OF_TENANT)


def _facts(sources: list[Batches]) -> Iterator[bytes]:
    # Batch by batch: what is in the views already need not stay here, too.
    for batch in bucket_file.read(sources):
        yield from facts_of(batch.column("facts"))


def _exported(sources: list[Batches]) -> pa.Table:
    batches = (batch.select(["table", "exported"]) for batch in bucket_file.read(sources))
    rows = pa.Table.from_batches(batches, schema=pa.schema([ROUTED.field("table"), ROUTED.field("exported")]))
    return rows.filter(pc.is_valid(rows.column("exported")))
