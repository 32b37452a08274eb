"""Ingest: the rate, how it holds as the log grows, late events, and the room they take on disk."""

import mmap
import shutil
from collections.abc import Iterator
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from outcomes.api.arguments import now
from outcomes.store.home_folder import HomeFolder
from outcomes.store.ingest.ingest import Ingest
from scripts.bench.fixtures import Fixtures, bare_append, ingest, ingest_log_only, opened, write
from scripts.bench.measure import Figure, compare, of, seconds, seconds_apart
from scripts.generator import ODD, PERFECT, START, generate, timed_events
from scripts.generator.clock import DAY, HOUR

_PARTS = 8
_LATE_SHARE = 5


def ingesting(fixtures: Fixtures) -> Iterator[Figure]:
    """Ingest of a file, through the product's own path."""
    path = fixtures.year(fixtures.sizes.events)
    yield compare(
        "ingest with log, digest and views, per second / bare sqlite3 append of the same bytes",
        lambda: bare_append(fixtures.folder / "bare.db", path),
        lambda: ingest(fixtures.folder / "taken", path),
        limit=0.45,
        rounds=fixtures.sizes.rounds,
        more_is_better=True,
        warm=False,
        clock=seconds_apart,
    )


def appending(fixtures: Fixtures) -> Iterator[Figure]:
    """Ingest into the log alone, as with --leave-views."""
    path = fixtures.year(fixtures.sizes.events)
    yield compare(
        "ingest into the log alone, per second / bare sqlite3 append of the same bytes",
        lambda: bare_append(fixtures.folder / "bare.db", path),
        lambda: ingest_log_only(fixtures.folder / "taken", path),
        limit=0.6,
        rounds=fixtures.sizes.rounds,
        more_is_better=True,
        warm=False,
        clock=seconds_apart,
    )


def growing(fixtures: Fixtures) -> Iterator[Figure]:
    """One home that grows and grows: its last eighth against its first."""
    part, events = fixtures.sizes.growth // _PARTS, fixtures.sizes.growth // _PARTS * _PARTS
    yield of(
        f"rate of the last {part:,} of {events:,} events / of the first {part:,}",
        [taken.first / taken.last for taken in _grown(fixtures)],
        limit=0.7,
        more_is_better=True,
    )


def growing_alike(fixtures: Fixtures) -> Iterator[Figure]:
    """The last eighth in that home against the same in a fresh one: a year begins with other events than it ends."""
    part = fixtures.sizes.growth // _PARTS
    yield of(
        f"rate of the last {part:,} events at the end of that home / of the same in a fresh home",
        [taken.last_alone / taken.last for taken in _grown(fixtures)],
        limit=None,
        more_is_better=True,
    )


class _Taken(NamedTuple):
    """Seconds that eighths of a history took: the first, the last, the last in a fresh home."""

    first: float
    last: float
    last_alone: float


@cache
def _grown(fixtures: Fixtures) -> list[_Taken]:
    """Grow homes once for both figures. Each eighth is a file of its own, and all go into one open home."""
    events, found = fixtures.sizes.growth // _PARTS * _PARTS, []
    lines = generate(events=events, seed=fixtures.sizes.seed, faults=PERFECT)
    parts = [
        write(fixtures.folder / f"part-{number}.ndjson", islice(lines, events // _PARTS)) for number in range(_PARTS)
    ]
    home = fixtures.folder / "grown"
    for _ in range(fixtures.sizes.rounds):
        shutil.rmtree(home, ignore_errors=True)
        with opened(home) as (log, views):
            run = Ingest(HomeFolder(home), log, now, views)
            taken = [seconds(partial(run.run, [str(part)])) for part in parts]
        shutil.rmtree(home)
        with opened(home) as (log, views):
            run = Ingest(HomeFolder(home), log, now, views)
            found.append(_Taken(taken[0], taken[-1], seconds(partial(run.run, [str(parts[-1])]))))
    shutil.rmtree(home)
    for part in parts:
        part.unlink()
    return found


def coming_late(fixtures: Fixtures) -> Iterator[Figure]:
    """The same events, all of them late by an hour to thirty days."""
    in_order, instants = _in_order(fixtures)
    dice = np.random.default_rng(fixtures.sizes.seed)
    delays = HOUR * (30 * DAY / HOUR) ** dice.random(len(instants))  # short delays are more frequent
    late = _reordered(in_order, fixtures.folder / "late.ndjson", np.argsort(instants + delays, kind="stable"))
    yield compare(
        "appending late events (an hour to 30 days) / in order, per event",
        lambda: ingest(fixtures.folder / "taken", late),
        lambda: ingest(fixtures.folder / "taken", in_order),
        limit=1.5,
        rounds=fixtures.sizes.rounds,
    )


def coming_at_random(fixtures: Fixtures) -> Iterator[Figure]:
    """The same events in no order at all: a backfill of a year that nobody sorted."""
    in_order, instants = _in_order(fixtures)
    order = np.random.default_rng(fixtures.sizes.seed).permutation(len(instants))
    shuffled = _reordered(in_order, fixtures.folder / "shuffled.ndjson", order)
    yield compare(
        "appending a year in no order at all / in order, per event",
        lambda: ingest(fixtures.folder / "taken", shuffled),
        lambda: ingest(fixtures.folder / "taken", in_order),
        limit=None,
        rounds=fixtures.sizes.rounds,
    )


def _in_order(fixtures: Fixtures) -> tuple[Path, NDArray[np.int64]]:
    """Return a file of events in the order of time, and their instants in milliseconds."""
    timed = timed_events(fixtures.sizes.events // _LATE_SHARE, fixtures.sizes.seed, 1, START, ODD)
    instants: list[int] = []

    def noted() -> Iterator[bytes]:
        for instant, line in timed:
            instants.append(instant)
            yield line

    path = write(fixtures.folder / "in-order.ndjson", noted())
    return path, np.array(instants, dtype=np.int64)


def _reordered(source: Path, target: Path, order: NDArray[np.int64]) -> Path:
    """Write the lines of a file in another order; only where they begin is held."""
    with source.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as lines:
        ends = np.cumsum([len(line) for line in iter(lines.readline, b"")])
        starts = ends - np.diff(ends, prepend=0)
        return write(target, (lines[starts[at] : ends[at] - 1] for at in order))


def on_disk(fixtures: Fixtures) -> Iterator[Figure]:
    """What log and views take, side files and all."""
    taken = sum(path.stat().st_size for path in fixtures.home.glob("*.db*"))
    ratio = taken / fixtures.year(fixtures.sizes.events).stat().st_size
    yield of("bytes on disk of log and views / bytes of the NDJSON", [ratio], limit=0.6)
