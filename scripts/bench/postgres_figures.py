"""Appending to a log on PostgreSQL: against a bare table of SQLite, the library as it comes, and several writers."""

import os
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import typer

from outcomes.api.arguments import now
from outcomes.store.encoding.arrival import Arrivals, extract_nothing
from outcomes.store.home_folder import HomeFolder
from outcomes.store.ingest.prepare import prepare_source
from scripts.bench.fixtures import Fixtures, bare_append
from scripts.bench.measure import Figure, of, seconds
from scripts.bench.peers.stock import appending_by_recorder

ADDRESS = "OUTCOMES_BENCH_LOG"
"""The variable that names a server, by a database of it: postgresql://USER@HOST/DATABASE."""
_OWN = "outcomes_bench"
"""The database that is made anew for each round."""
_BATCH = 5_000
_WRITERS = 4
# The library hangs for ever over a batch of megabytes: its pipeline waits for a server that waits for it.
_STOCK_BATCH = 1_000


def appending(fixtures: Fixtures) -> Iterator[Figure]:
    """Appending what is parsed already, 5,000 events a transaction; each commit waits for the disk."""
    server = os.environ.get(ADDRESS)
    if server is None:
        raise typer.BadParameter(f"postgres-append needs a server: {ADDRESS}=postgresql://USER@HOST/DATABASE")
    path = fixtures.year(fixtures.sizes.events)
    batches = list(_batches(path))
    bare, own, several, stock = [], [], [], []
    for _ in range(fixtures.sizes.rounds):
        bare.append(seconds(partial(bare_append, fixtures.folder / "bare.db", path)))
        own.append(_of_own(fixtures.folder, _fresh(server), batches))
        several.append(_of_several(fixtures.folder, _fresh(server), batches))
        stock.append(seconds(appending_by_recorder(_fresh(server), batches, _STOCK_BATCH)))
    for name, above, below, limit in (
        ("appending to PostgreSQL, per second / bare sqlite3 append of the same bytes", bare, own, 0.5),
        ("the same / the library's own recorder there, 1,000 a transaction", stock, own, 2.5),
        (f"{_WRITERS} writers together / one, per second", own, several, 0.6),
    ):
        ratios = [one / other for one, other in zip(above, below, strict=True)]
        yield of(name, ratios, limit=limit, more_is_better=True)


def _batches(path: Path) -> Iterator[Arrivals]:
    """Yield the events of a file as the log takes them, 5,000 at a time."""
    gathered = Arrivals.of()
    with path.open("rb") as stream:
        for part in prepare_source(stream, path.name, extract_nothing):
            gathered.extend(part.arrivals)
            if len(gathered) >= _BATCH:
                yield gathered
                gathered = Arrivals.of()
    yield gathered


def _fresh(server: str) -> str:
    """Make the benchmark's database anew; return where it is."""
    import psycopg  # noqa: PLC0415 - an extra

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {_OWN} WITH (FORCE)".encode())
        connection.execute(f"CREATE DATABASE {_OWN}".encode())
    parts = urlsplit(server)
    return urlunsplit((parts.scheme, parts.netloc, f"/{_OWN}", parts.query, ""))


def _append(folder: Path, url: str, batches: list[Arrivals]) -> None:
    with closing(HomeFolder(folder / "node", url=url).open_log()) as log:
        for batch in batches:
            with log.writing() as connection:
                log.append(connection, batch, "bench", now())


def _of_own(folder: Path, url: str, batches: list[Arrivals]) -> float:
    HomeFolder(folder / "node", url=url).open_log(create=True).close()
    return seconds(partial(_append, folder, url, batches))


def _of_several(folder: Path, url: str, batches: list[Arrivals]) -> float:
    HomeFolder(folder / "node", url=url).open_log(create=True).close()
    fork = get_context("fork")
    writers = [fork.Process(target=_append, args=(folder, url, batches[n::_WRITERS])) for n in range(_WRITERS)]

    def together() -> None:
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()

    return seconds(together)
