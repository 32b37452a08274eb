"""views.db: opened, brought up to the log's head, or made anew. Deleting it loses nothing."""

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from secrets import token_hex
from typing import NamedTuple

from domain.event import Event
from projections import schema
from projections.rows import Interner, Rows
from store.erasure import erased_keys
from store.home import Home
from store.log import Appended, EventLog
from store.sqlite import connect
from store.tracked import TrackedDatabase

# Large pages of work make sorted inserts pay; this many parsed events are a few tens of megabytes.
_PAGE = 10_000

Watch = Callable[[int, int], None]
"""Called with (position reached, head) as work goes on."""


class Fact(NamedTuple):
    """What the views take from the log: an event of a known name, with its place."""

    position: int
    digest: bytes
    event: Event


def unwatched(_position: int, _head: int) -> None:
    """Watch nothing."""


class Views:
    """A read model of one home's log. Readers see whole batches only; there is one writer at a time."""

    def __init__(self, home: Home, log: EventLog, path: Path | None = None) -> None:
        self._home = home
        self._log = log
        self.path = path or home.views_path
        self._database: TrackedDatabase | None = None
        self._interner: Interner | None = None
        self._generation: str | None = None

    @contextmanager
    def reading(self, watch: Watch = unwatched) -> Iterator[sqlite3.Connection]:
        """Give a connection for questions, after catching up with the log; everything read is of one position."""
        self.catch_up(watch)
        with self.reading_as_is() as connection:
            yield connection

    @contextmanager
    def reading_as_is(self) -> Iterator[sqlite3.Connection]:
        """Give a connection for questions without catching up first."""
        with self._open().reading() as connection:
            yield connection

    @contextmanager
    def writing(self, purpose: str) -> Iterator[sqlite3.Connection]:
        """Give a connection to change what is kept beside the versions, in one transaction."""
        with self._home.writing(purpose), self._ready().writing() as connection:
            yield connection

    def position(self) -> int:
        """Return up to where the views stand for the log, without catching up; 0 if there are none."""
        if not is_usable(self.path):
            return 0
        with self.reading_as_is() as connection:
            return TrackedDatabase.position(connection)

    def take(self, appended: list[Appended]) -> None:
        """Take a batch that has just been appended; the caller holds the home's writer lock."""
        if not appended:
            return
        first, last = appended[0].position, appended[-1].position
        database = self._ready()
        with database.reading() as connection:
            follows = TrackedDatabase.position(connection) == first - 1
        if not follows:
            self.follow()
            return
        facts = (
            Fact(item.position, item.arrival.digest, item.arrival.event)
            for item in appended
            if isinstance(item.arrival.event, Event)
        )
        self._write(database, facts, last)

    def catch_up(self, watch: Watch = unwatched) -> None:
        """Bring the views to the head of the log, making them if they are not there or of another layout."""
        if is_usable(self.path) and self._are_of_this_log():
            with self.reading_as_is() as connection:
                if TrackedDatabase.position(connection) >= self._log.head:
                    return
        with self._home.writing("bringing the views up to date"):
            self.follow(watch)

    def follow(self, watch: Watch = unwatched) -> None:
        """Take what the log has beyond the views, a page a transaction; the caller is the only writer."""
        database = self._ready()
        with database.reading() as connection:
            position = TrackedDatabase.position(connection)
        head = self._log.head
        records = self._log.records(position, head)
        while page := list(islice(records, _PAGE)):
            facts = (
                Fact(record.position, record.digest, event)
                for record in page
                if isinstance(event := self._log.parse(record), Event)
            )
            self._write(database, facts, page[-1].position)
            watch(page[-1].position, head)

    def close(self) -> None:
        """Close the file."""
        if self._database is not None:
            self._database.close()
            self._database = self._interner = None

    def _open(self) -> TrackedDatabase:
        if self._database is None:
            self._database = TrackedDatabase(self.path)
        return self._database

    def _ready(self) -> TrackedDatabase:
        """Return the database, with its tables; the caller is the only writer."""
        if not is_usable(self.path) or not self._are_of_this_log():
            self.close()
            remove(self.path)
            make(self.path, erased_keys(self._log))
        return self._open()

    def note_erasures(self, count: int) -> None:
        """Say that these views hold nothing that was sealed under the first `count` destroyed keys."""
        with self._open().writing() as connection:
            connection.execute("UPDATE properties SET value = ? WHERE name = 'erased_keys'", (str(count),))

    def _are_of_this_log(self) -> bool:
        """Say whether the last batch of the views is one of the log: a log restored from a backup may lack it.

        Nor are views of this log that were made before someone was erased: they would still show them.
        """
        with self.reading_as_is() as connection:
            erased = connection.execute("SELECT value FROM properties WHERE name = 'erased_keys'").fetchone()
            last = connection.execute(
                "SELECT last_position, recorded_at FROM batches ORDER BY last_position DESC LIMIT 1"
            ).fetchone()
        return (last is None or self._log.has_batch(*last)) and int(erased[0]) == erased_keys(self._log)

    def _write(self, database: TrackedDatabase, facts: Iterable[Fact], upto: int) -> None:
        try:
            with database.writing() as connection:
                rows = Rows(self._names(connection))
                for position, digest, event in facts:
                    rows.add(event, digest, position)
                rows.write()
                self._copy_batches(connection)
                database.advance(connection, upto)
        except BaseException:
            self._interner = None  # the names that it learnt were rolled back
            raise

    def _names(self, connection: sqlite3.Connection) -> Interner:
        # A rebuild may have put other views into this file since the last batch, with other numbers for names.
        generation = connection.execute("SELECT value FROM properties WHERE name = 'generation'").fetchone()[0]
        if self._interner is None or self._interner.connection is not connection or self._generation != generation:
            self._interner, self._generation = Interner(connection), generation
        return self._interner

    def _copy_batches(self, connection: sqlite3.Connection) -> None:
        known = connection.execute("SELECT coalesce(max(last_position), 0) FROM batches").fetchone()[0]
        connection.executemany(
            "INSERT OR IGNORE INTO batches VALUES (?, ?, ?)",
            [(batch.last_position, batch.recorded_at, batch.max_event_time) for batch in self._log.batches(known)],
        )


def make(path: Path, erased_keys: int) -> None:
    """Create empty views, readable by their owner only, of a log in which so many keys were destroyed."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    with closing(connect(path, synchronous="NORMAL")) as connection:
        connection.execute("BEGIN IMMEDIATE")
        schema.create(connection)
        connection.execute("INSERT INTO properties VALUES ('generation', ?)", (token_hex(8),))
        connection.execute("INSERT INTO properties VALUES ('erased_keys', ?)", (str(erased_keys),))
        connection.execute("COMMIT")


def remove(path: Path) -> None:
    """Delete views with their side files."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def is_usable(path: Path) -> bool:
    """Say whether there are views of this layout; what is not, is made anew from the log."""
    if not path.exists():
        return False
    try:
        with closing(connect(path, synchronous="NORMAL")) as connection:
            row = connection.execute("SELECT value FROM properties WHERE name = 'version'").fetchone()
    except sqlite3.DatabaseError:
        return False
    return row is not None and row[0] == str(schema.VERSION)
