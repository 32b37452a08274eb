"""The second step: of sorted rows of many splits the last of each key, sent to where it is needed, and the digest.

Rows come in sorted batches of any size. No more is held than a batch and the rows of one entity.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from outcomes.domain.identity import Kind
from outcomes.projections.as_of.fingerprint import Fingerprint, combined, fingerprint_of
from outcomes.projections.export.entity_tables import ENTITY_TABLES
from outcomes.projections.partitioned.combining import ASKING, DELETION, DETAIL, SEEN, VERSION
from outcomes.projections.partitioned.rows import (
    ENTITY,
    FINGERPRINT,
    GATHERED,
    KEY,
    ORDER,
    READ,
    ROUTED,
    packed,
    unpacked,
)

_Bools = npt.NDArray[np.bool_]
_Ints = npt.NDArray[np.int64]

_TABLE_OF = {READ: READ, **{kind.value: table.name for kind, table in ENTITY_TABLES.items()}}
_ONLY_ASKED_FOR = pa.array([Kind.ASSESSMENT.value, Kind.USER.value])


class Winners:
    """`routed(batches)` yields the rows in force; afterwards `fingerprints` has each tenant's part of the digest."""

    def __init__(self) -> None:
        self.fingerprints: dict[str, Fingerprint] = {}

    def routed(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield what is in force of rows sorted by `rows.ORDER`."""
        held: list[pa.RecordBatch] = []
        for batch in batches:
            if not batch.num_rows:
                continue
            held.append(batch)
            table = _together(held)
            # The last entity may go on in the next batch.
            starts = np.flatnonzero(_differ(table, ENTITY))
            if len(starts):
                end = int(starts[-1]) + 1
                yield self._of_whole_entities(table.slice(0, end))
                held = [table.slice(end)]
        if held:
            yield self._of_whole_entities(_together(held))

    def summary(self) -> Iterator[pa.RecordBatch]:
        """Yield the fingerprints as rows, for an engine that can carry nothing else."""
        rows = [
            {"tenant": tenant, "table": FINGERPRINT, "facts": packed(tuple(found))}
            for tenant, found in self.fingerprints.items()
        ]
        if rows:
            yield pa.RecordBatch.from_pylist(rows, schema=ROUTED)

    def _of_whole_entities(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        rows = _without_past(rows.take(pa.array(np.flatnonzero(np.append(_differ(rows, KEY), [True])))))
        self._count(rows)
        group = _entities(rows)
        sub = rows.column("sub")
        is_asking, is_detail = _bools(pc.starts_with(sub, ASKING)), _bools(pc.equal(sub, DETAIL))
        # Facts are those of the last row of the entity that does not ask itself; a detail goes where its result goes.
        facts = _taken(rows.column("facts"), is_asking, _last_before(~is_asking, group))
        route = _last_before(_bools(pc.equal(sub, "")), group)
        course, student = (_taken(rows.column(name), is_detail, route) for name in ("course", "student"))
        is_asked_for = _bools(pc.is_in(rows.column("family"), value_set=_ONLY_ASKED_FOR)) & ~is_asking
        lost = is_asked_for | (is_detail & _bools(pc.is_null(course)))
        facts = pc.if_else(pa.array(lost), pa.scalar(None, pa.binary()), facts)
        exported = rows.column("exported")
        kept = (
            _bools(pc.is_valid(facts)) | _bools(pc.is_valid(exported)) | _bools(pc.equal(rows.column("family"), SEEN))
        )
        table = pa.array([_TABLE_OF.get(kind) for kind in rows.column("kind").to_pylist()], pa.string())
        found = [rows.column("tenant"), table, course, student, facts, exported]
        return pa.RecordBatch.from_arrays(found, schema=ROUTED).filter(pa.array(kept))

    def _count(self, rows: pa.RecordBatch) -> None:
        # Where there is no kind that is null, and so is what is compared with it.
        is_entity = pc.fill_null(pc.not_equal(rows.column("kind"), READ), False)
        entities = rows.filter(is_entity).select(["tenant", "kind", "id", "digest"])
        told: dict[str, list[Any]] = defaultdict(list)
        for winner in zip(*(column.to_pylist() for column in entities.columns), strict=True):
            told[winner[0]].append(winner)
        for tenant, winners in told.items():
            found = fingerprint_of(winners)
            known = self.fingerprints.get(tenant)
            self.fingerprints[tenant] = found if known is None else combined([known, found])


def fingerprints_in(rows: Iterable[tuple[str, bytes]]) -> dict[str, Fingerprint]:
    """Return each tenant's fingerprint of the parts that `Winners.summary` gave: tenant and facts."""
    parts: dict[str, list[Fingerprint]] = defaultdict(list)
    for tenant, facts in rows:
        parts[tenant].append(Fingerprint(*unpacked(facts)))
    return {tenant: combined(found) for tenant, found in parts.items()}


def sorted_rows(batches: list[pa.RecordBatch]) -> pa.Table:
    """Return gathered rows in the order that `Winners` wants."""
    table = pa.Table.from_batches(batches, schema=GATHERED)
    return table.take(pc.sort_indices(table, sort_keys=list(ORDER)))


def _together(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    return batches[0] if len(batches) == 1 else pa.concat_batches(batches)


def _differ(rows: pa.RecordBatch, columns: tuple[str, ...]) -> _Bools:
    """Say of every row but the last whether the next differs from it in any of some columns."""
    differ = np.zeros(max(0, rows.num_rows - 1), dtype=bool)
    for name in columns:
        column = rows.column(name)
        differ |= _bools(pc.not_equal(column[:-1], column[1:]))
    return differ


def _bools(values: Any) -> _Bools:
    found: _Bools = pc.fill_null(values, False).to_numpy(zero_copy_only=False)
    return found


def _entities(rows: pa.RecordBatch) -> _Ints:
    """Number the entities: of every row, which it is of."""
    found: _Ints = np.concatenate(([0], np.cumsum(_differ(rows, ENTITY))))
    return found


def _without_past(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Leave out an outcome's versions before its last deletion, or else before the last: nothing asks for them.

    They are sent to every part of their tenant, and there are as many as it was ever saved.
    """
    sub = rows.column("sub")
    is_version = _bools(pc.starts_with(sub, VERSION))
    versions = np.flatnonzero(is_version)
    if not len(versions):
        return rows
    group = _entities(rows)
    first = np.zeros(group[-1] + 1, dtype=np.int64)
    # Of several in one entity the last is what is kept.
    first[group[versions]] = versions
    deletions = np.flatnonzero(is_version & _bools(pc.ends_with(sub, DELETION)))
    first[group[deletions]] = deletions
    is_kept = np.ones(rows.num_rows, dtype=bool)
    is_kept[versions] = versions >= first[group[versions]]
    return rows.filter(pa.array(is_kept))


def _last_before(is_source: _Bools, group: _Ints) -> _Ints:
    """Return for each row the last source up to it in its group; -1 where there is none."""
    place = np.maximum.accumulate(np.where(is_source, np.arange(len(group)), -1))
    found: _Ints = np.where((place >= 0) & (group[place] == group), place, -1)
    return found


def _taken(column: pa.Array, where: _Bools, source: _Ints) -> pa.Array:
    """Return a column with the values of other rows at some places."""
    if not where.any():
        return column
    places = np.where(where, source, np.arange(len(where)))
    return column.take(pa.array(places, mask=places < 0))
