"""What is measured on: files of events and homes of them, made once, when a figure first needs them."""

import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

from outcomes.api.arguments import now
from outcomes.api.session import Session
from outcomes.projections.views.read_model import ReadModel
from outcomes.store.home_folder import HomeFolder
from outcomes.store.ingest.ingest import Ingest, NullFollower
from outcomes.store.log.event_log import EventLog
from scripts.bench.histories import class_results, tree_history
from scripts.generator import generate
from scripts.generator.dice import Dice

_FEW = 5
"""Versions of each outcome in the short history of a tree."""
_BARE_BATCH = 5_000


@dataclass(frozen=True)
class Sizes:
    """How much is measured: part of every answer, for a ratio means little without."""

    events: int
    outcomes: int
    versions: int
    growth: int
    rounds: int
    seed: int

    @property
    def few_versions(self) -> int:
        """Versions of the short history of the tree that is asked for."""
        return self.outcomes * _FEW

    def as_json(self) -> dict[str, int]:
        """Return them by name."""
        return {**asdict(self), "few_versions": self.few_versions}


class Fixtures:
    """A folder for one run. Histories go from the generator to a file, never through memory as a whole."""

    def __init__(self, folder: Path, sizes: Sizes) -> None:
        self.folder = folder
        self.sizes = sizes

    def dice(self, purpose: str) -> Dice:
        """Return the dice of one figure: it draws the same whichever others are taken."""
        return Dice(self.sizes.seed, purpose)

    def year(self, events: int) -> Path:
        """Return a file with so many events of a school year, faults of delivery and all."""
        path = self.folder / f"year-{events}.ndjson"
        return path if path.exists() else write(path, generate(events=events, seed=self.sizes.seed))

    @cached_property
    def home(self) -> Path:
        """The year, ingested."""
        return self.home_of(self.year(self.sizes.events))

    @cached_property
    def many(self) -> Path:
        """A tree with a long history."""
        return self.tree_home(self.sizes.outcomes, self.sizes.versions)

    @cached_property
    def few(self) -> Path:
        """The same tree with a short history."""
        return self.tree_home(self.sizes.outcomes, self.sizes.few_versions)

    @cached_property
    def classroom(self) -> Path:
        """A class of 35 with 336 results each, over 40 outcomes."""
        return self.home_of(write(self.folder / "class.ndjson", class_results(students=35, outcomes=40, each=336)))

    def tree(self, versions: int) -> Path:
        """Return a file with the history of a tree that has so many versions."""
        return self._tree(self.sizes.outcomes, versions)

    def tree_home(self, outcomes: int, versions: int) -> Path:
        """Return the home of a tree of so many outcomes, edited until it has so many versions."""
        return self.home_of(self._tree(outcomes, versions))

    def _tree(self, outcomes: int, versions: int) -> Path:
        path = self.folder / f"tree-{outcomes}-{versions}.ndjson"
        return path if path.exists() else write(path, tree_history(outcomes, versions))

    def home_of(self, path: Path) -> Path:
        """Return the home into which a file is ingested."""
        home = path.with_suffix("")
        if not home.exists():
            ingest(home, path)
        return home


def write(path: Path, lines: Iterable[bytes]) -> Path:
    """Write a file of NDJSON as the lines come."""
    with path.open("wb") as file:
        file.writelines(line + b"\n" for line in lines)
    return path


@contextmanager
def opened(folder: Path) -> Iterator[tuple[EventLog, ReadModel]]:
    """Open a home, making it."""
    with Session(folder, create=True) as session:
        yield session.log, session.views


def ingest(folder: Path, path: Path) -> None:
    """Take a file into a fresh home with its views, just as the command line does."""
    shutil.rmtree(folder, ignore_errors=True)
    with opened(folder) as (log, views):
        Ingest(HomeFolder(folder), log, now, views).run([str(path)])


def ingest_log_only(folder: Path, path: Path) -> None:
    """Take a file into a fresh home and leave its views for later."""
    shutil.rmtree(folder, ignore_errors=True)
    with opened(folder) as (log, _):
        Ingest(HomeFolder(folder), log, now, NullFollower()).run([str(path)])


def bare_append(database: Path, path: Path) -> None:
    """Append the lines of the same file to a bare SQLite table: the yardstick of ingest.

    No key but the position, no digest, no parsing; but as safe as the log: each commit waits for the disk.
    """
    for suffix in ("", "-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    with closing(sqlite3.connect(database, isolation_level=None)) as connection, path.open("rb") as lines:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE events (position INTEGER PRIMARY KEY, bytes BLOB)")
        while batch := [(line,) for line in islice(lines, _BARE_BATCH)]:
            connection.execute("BEGIN")
            connection.executemany("INSERT INTO events (bytes) VALUES (?)", batch)
            connection.execute("COMMIT")
