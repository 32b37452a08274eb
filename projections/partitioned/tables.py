"""Typed tables of what travelled as bytes: the same columns as `replay --format parquet` writes."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Any, Final

import orjson
import pyarrow as pa

from outcomes.domain.times import moment
from outcomes.projections.as_of.fingerprint import Fingerprint
from outcomes.projections.export.arrow import schema_of
from outcomes.projections.export.column_types import Columns
from outcomes.projections.export.entity_tables import ENTITY_TABLES, MASTERY, POINT
from outcomes.projections.export.state_file import VERSION
from outcomes.projections.mastery.row import MasteryRow
from outcomes.projections.partitioned.cut import Cut
from outcomes.projections.partitioned.rows import unpacked

COLUMNS: Final[dict[str, Columns]] = {
    **{table.name: table.columns for table in ENTITY_TABLES.values()},
    "mastery": MASTERY,
    "point": {name: kind for name, kind in POINT.items() if name != "tenant"},
}
"""Every table that is written, with its columns; of which tenant it is, its folder says."""

SCHEMAS: Final = {name: schema_of(columns) for name, columns in COLUMNS.items()}

ROWS_PER_GROUP: Final = 20_000
_NOTES = list(MASTERY).index("notes")


def entity_rows(table: str, exported: Sequence[bytes]) -> pa.RecordBatch:
    """Return rows of the table of a kind of entity."""
    return _batch(table, zip(*map(unpacked, exported), strict=True))


def mastery_rows(rows: Iterable[MasteryRow]) -> Iterator[pa.RecordBatch]:
    """Yield rows of the table of mastery, some at a time."""
    waiting = iter(rows)
    while some := list(islice(waiting, ROWS_PER_GROUP)):
        columns = list(zip(*some, strict=True))
        columns[_NOTES] = tuple(map(_json, columns[_NOTES]))
        yield _batch("mastery", columns)


def point_row(cut: Cut, known_at: int | None, found: Fingerprint) -> pa.RecordBatch:
    """Return the one row that says of what a tenant's tables are; without a position where nobody can tell it."""
    as_of = None if cut.as_of is None else moment(cut.as_of)
    row = dict(zip(COLUMNS["point"], (as_of, known_at, found.digest, found.entities, VERSION), strict=True))
    return pa.RecordBatch.from_pylist([row], schema=SCHEMAS["point"])


def _batch(table: str, columns: Iterable[Sequence[Any]]) -> pa.RecordBatch:
    """Return typed columns; times come as microseconds."""
    kinds = COLUMNS[table].values()
    schema = SCHEMAS[table]
    arrays = [
        pa.array(values, pa.int64()).cast(field.type) if kind is datetime else pa.array(values, field.type)
        for values, kind, field in zip(columns, kinds, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


@lru_cache(maxsize=4096)  # thousands of rows bear the same few notes
def _json(notes: tuple[str, ...]) -> str:
    return orjson.dumps(notes).decode()
