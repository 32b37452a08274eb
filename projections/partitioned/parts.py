"""Which rows are computed together: a tenant's courses in parts of about as many results each, large ones cut up."""

from collections import Counter
from collections.abc import Mapping
from typing import Final, NamedTuple, Self
from zlib import crc32

import pyarrow as pa

RESULTS_PER_PART: Final = 100_000
"""So many are some hundred megabytes in memory, and fill a part's files well."""

OF_TENANT: Final = -1
"""The part that every other part of the tenant needs: what hangs in no course."""


def portions(count: int, size: int) -> int:
    """Return how many portions, none larger than `size`, so many rows make; of none, one that is empty."""
    return max(1, -(-count // size))


class Plan(NamedTuple):
    """How many parts a tenant has, and into how many a course's students are cut where they are too many for one."""

    parts: Mapping[str, int]
    cuts: Mapping[tuple[str, str], int]

    @classmethod
    def of(cls, results: Mapping[tuple[str, str], int], size: int = RESULTS_PER_PART) -> Self:
        """Plan for so many results of each tenant and course."""
        totals: Counter[str] = Counter()
        for (tenant, _), count in results.items():
            totals[tenant] += count
        large = {place: count for place, count in results.items() if count > size}
        return cls.of_totals(totals, large, size)

    @classmethod
    def of_totals(
        cls, totals: Mapping[str, int], large: Mapping[tuple[str, str], int], size: int = RESULTS_PER_PART
    ) -> Self:
        """Plan for so many results of each tenant, and of each course that has more than `size` of them."""
        return cls(
            {tenant: portions(count, size) for tenant, count in totals.items()},
            {place: portions(count, size) for place, count in large.items()},
        )

    def parts_of(self, tenant: str) -> int:
        """Return how many parts there are of a tenant; at least one."""
        return self.parts.get(tenant, 1)

    def places(self, tenant: str, course: str | None, student: str | None) -> list[int]:
        """Return the parts in which a row is needed: a whole course's in all of that course."""
        if course is None:
            return [OF_TENANT]
        parts, cuts = self.parts_of(tenant), self.cuts.get((tenant, course), 1)
        first = crc32(course.encode())
        if student is not None:
            return [(first + crc32(student.encode()) % cuts) % parts]
        return sorted({(first + cut) % parts for cut in range(min(cuts, parts))})


class _Rows(NamedTuple):
    """Where rows of a batch go."""

    needed: list[int]
    """Those whose facts are needed there."""
    told: list[int]
    """Those whose table is written there: each once."""


def shared_out(batch: pa.RecordBatch, plan: Plan) -> dict[tuple[str, int], pa.RecordBatch]:
    """Return the routed rows of a batch by tenant and part."""
    rows: dict[tuple[str, int], _Rows] = {}
    columns = (batch.column(name).to_pylist() for name in ("tenant", "course", "student"))
    for row, (tenant, course, student) in enumerate(zip(*columns, strict=True)):
        places = plan.places(tenant, course, student)
        for place in places:
            found = rows.get((tenant, place))
            if found is None:
                found = rows[tenant, place] = _Rows([], [])
            (found.told if place == places[0] else found.needed).append(row)
    return {place: _only(batch, found) for place, found in rows.items()}


def _only(batch: pa.RecordBatch, rows: _Rows) -> pa.RecordBatch:
    told = batch.take(pa.array(rows.told, pa.int64()))
    if not rows.needed:
        return told
    again = batch.take(pa.array(rows.needed, pa.int64()))
    nothing = pa.nulls(len(rows.needed), pa.binary())
    return pa.concat_batches([told, again.set_column(batch.schema.get_field_index("exported"), "exported", nothing)])
