"""The engine of one machine: as many processes as it has cores, and files between the steps."""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

from outcomes.cluster.bucket_file import BucketFile, by_bucket
from outcomes.cluster.processes import Processes
from outcomes.cluster.request import Request
from outcomes.cluster.tasks import Combine, Combined, Finish, Reduce, Reduced
from outcomes.cluster.totals import ReplayTotals
from outcomes.projections.as_of.fingerprint import Fingerprint, combined
from outcomes.projections.partitioned.parts import OF_TENANT, Plan, portions
from outcomes.projections.views.read_model import unwatched

ROWS_PER_PARTITION = 80_000
_SHARES = 4
"""Pieces of the last step for each process: a few, so that all end at about the same time."""

Watch = Callable[[int, int | None, int], None]
"""Called with (splits of the input that are done with, of how many, events in them) as work goes on."""


def run(request: Request, folder: str, scratch: Path, workers: int | None, watch: Watch) -> ReplayTotals:
    """Write the tables of a request into a folder; what is in `scratch` is of no use afterwards."""
    with Processes(workers or os.cpu_count() or 1) as processes:
        read = _read(processes, request, scratch, watch)
        results: Counter[tuple[str, str]] = Counter()
        for one in read:
            results.update(one.results)
        plan = Plan.of(results)
        reduced = _reduce(processes, [one.file for one in read], plan, scratch)
        tables = _finish(processes, [one.file for one in reduced], plan, request, folder)
    return ReplayTotals(
        _fingerprints(reduced),
        tables,
        sum(one.events for one in read),
        sum(one.refused for one in read),
    )


def _read(processes: Processes, request: Request, scratch: Path, watch: Watch) -> list[Combined]:
    splits = request.found.splits
    partitions = max(processes.count, portions(request.found.expected, ROWS_PER_PARTITION))
    tasks = [
        Combine(split, request.cut, partitions, scratch / f"read-{number:05d}") for number, split in enumerate(splits)
    ]
    done, events = count(1), Counter[str]()

    def told(one: Combined) -> None:
        events["read"] += one.events
        watch(next(done), len(splits), events["read"])

    return processes.map(tasks, told)


def _reduce(processes: Processes, files: Sequence[BucketFile[int]], plan: Plan, scratch: Path) -> list[Reduced]:
    where = by_bucket(files)
    tasks = [Reduce(sources, plan, scratch / f"reduced-{bucket:05d}") for bucket, sources in sorted(where.items())]
    return processes.map(tasks, unwatched)


def _finish(
    processes: Processes, files: Sequence[BucketFile[tuple[str, int]]], plan: Plan, request: Request, folder: str
) -> Counter[tuple[str, str]]:
    where = by_bucket(files)
    tasks = []
    for tenant in sorted({tenant for tenant, _ in where}):
        of_tenant = where.get((tenant, OF_TENANT), [])
        parts = range(plan.parts_of(tenant))
        step = max(1, len(parts) // (processes.count * _SHARES))
        for start in parts[::step]:
            share = {part: where[tenant, part] for part in parts[start : start + step] if (tenant, part) in where}
            tasks.append(Finish(tenant, of_tenant, share, start == 0, request.cut, folder))
    return sum(processes.map(tasks, unwatched), Counter())


def _fingerprints(reduced: Sequence[Reduced]) -> dict[str, Fingerprint]:
    """Return what each tenant is like; also of whom there is a row but no entity."""
    parts: dict[str, list[Fingerprint]] = {tenant: [] for one in reduced for tenant, _ in one.file.buckets}
    for one in reduced:
        for tenant, fingerprint in one.fingerprints.items():
            parts[tenant].append(fingerprint)
    return {tenant: combined(parts[tenant]) for tenant in sorted(parts)}
