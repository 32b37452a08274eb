"""What Spark's Python workers do, batch by batch; `outcomes` with its extra parquet is installed where they run."""

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from outcomes.projections.partitioned.combining import Combiner
from outcomes.projections.partitioned.cut import Cut
from outcomes.projections.partitioned.rollup import PartViews, facts_of
from outcomes.projections.partitioned.splits import Split, read_split
from outcomes.projections.partitioned.tables import SCHEMAS, entity_rows, mastery_rows
from outcomes.projections.partitioned.winners import Winners, fingerprints_in
from outcomes.store.cycle_collection import without_cycle_collection

Batches = Iterator[pa.RecordBatch]

_TENANT = pa.field("tenant", pa.string())
_BATCH_ROWS = 5_000

FINGERPRINTS = pa.schema([("tenant", pa.string()), ("digest", pa.string()), ("entities", pa.int64())])


def with_tenant(table: str) -> pa.Schema:
    """Return the columns of a table, beside the tenant by which its files are parted."""
    return SCHEMAS[table].insert(0, _TENANT)


def combine(splits: Sequence[Split], cut: Cut, numbers: Batches) -> Batches:
    """Read the splits of some numbers; yield gathered rows."""
    with without_cycle_collection():
        for number in (number for batch in numbers for number in batch.column(0).to_pylist()):
            combiner = Combiner(cut)
            for _ in read_split(splits[number], combiner):
                if combiner.is_full:
                    yield from combiner.batches(_BATCH_ROWS)
            yield from combiner.batches(_BATCH_ROWS)
            yield combiner.counts(number)


def reduce(rows: Batches) -> Batches:
    """Yield routed rows of what is in force of sorted gathered ones, and the fingerprints behind them."""
    winners = Winners()
    yield from winners.routed(rows)
    yield from winners.summary()


def add_fingerprints(rows: pa.Table) -> pa.Table:
    """Return a tenant's fingerprint of those of its parts."""
    found = fingerprints_in(zip(rows.column("tenant").to_pylist(), rows.column("facts").to_pylist(), strict=True))
    told = [{"tenant": tenant, **fingerprint._asdict()} for tenant, fingerprint in found.items()]
    return pa.Table.from_pylist(told, schema=FINGERPRINTS)


def entities(table: str, rows: Batches) -> Batches:
    """Yield typed rows of a table of entities."""
    for batch in rows:
        if batch.num_rows:
            yield _of(table, batch.column("tenant"), entity_rows(table, batch.column("exported").to_pylist()))


def mastery(cut: Cut, key: tuple[Any, ...], rows: pa.Table) -> pa.Table:
    """Return the rows of mastery of one part of a tenant, given the facts of the part and of the whole tenant."""
    tenant = key[0].as_py()
    with without_cycle_collection(), PartViews(tenant, cut, facts_of(rows.column("facts"))) as views:
        batches = [
            _of("mastery", pa.array([tenant] * batch.num_rows, pa.string()), batch)
            for batch in mastery_rows(views.mastery(()))
        ]
    return pa.Table.from_batches(batches, schema=with_tenant("mastery"))


def _of(table: str, tenants: pa.Array, rows: pa.RecordBatch) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([tenants, *rows.columns], schema=with_tenant(table))
