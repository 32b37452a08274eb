"""views.db: opened, brought up to the log's head, or made anew. Deleting it loses nothing."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from outcomes.domain.errors import ConnectionLost, HomeBusy, HomeUnavailable, QuestionStopped
from outcomes.domain.event import Event
from outcomes.projections.views import predecessors, schema
from outcomes.projections.views.extract import extract_values
from outcomes.projections.views.views_file import inode_of, is_of_this_layout, is_usable, make, origin_of
from outcomes.projections.views.write_counters import WriteCounters
from outcomes.projections.views.writer import Found, IdTable, ViewWriter
from outcomes.store.cycle_collection import without_cycle_collection
from outcomes.store.home_folder import HomeFolder
from outcomes.store.log.appender import Appended
from outcomes.store.log.event_log import EventLog
from outcomes.store.log.tracking import TrackedDatabase
from outcomes.store.sqlite.datastore import begin_at_once, connect

# Large pages of work make sorted inserts pay; this many parsed events are a few tens of megabytes.
_PAGE = 10_000

_REPLACED = (
    "the views were replaced a moment ago, perhaps by another version of outcomes on the same home: "
    "ask again, and let one version use it"
)
_LOST = (
    "the last batch is no longer in the log, which was replaced after it was committed, perhaps by a standby that had "
    "not received it: run it again, what is there is not kept twice"
)
_TRIES = 3
"""How often a server that is lost while the log is read is asked once more."""
_STEPS = 1_000
"""Steps of SQLite's machine between two looks at whether a question is over: well below a millisecond."""

Watch = Callable[[int, int], None]
"""Called with (position reached, head) as work goes on."""


def unwatched(*_: object) -> None:
    """Watch nothing."""


def never() -> bool:
    """Say that a question is not over."""
    return False


class ReadModel:
    """A read model of one home's log. Readers see whole batches only; there is one writer at a time."""

    def __init__(self, home: HomeFolder, log: EventLog, path: Path | None = None) -> None:
        self._home = home
        self._log = log
        self.path = path or home.views_path
        self._database: TrackedDatabase | None = None
        self._ids: IdTable | None = None
        self._generation: str | None = None
        self._inode: int | None = None
        self._counters = WriteCounters(log, self.path)
        self._agreed: tuple[int, int, int] | None = None
        """What the counters said before views and log were last found to agree."""
        self._reading: sqlite3.Connection | None = None
        """Of the small question that is being asked, if one is."""
        self._kept: list[Found] = []
        """What `keep` was given, one position after the other, for the next `follow`; with the log's chain after it."""
        self._kept_chain = b""
        self.is_over: Callable[[], bool] = never
        """Asked now and then while the views are read; once it is true, reading ends with QuestionStopped."""

    @contextmanager
    def reading(self, watch: Watch = unwatched) -> Iterator[sqlite3.Connection]:
        """Give a connection for questions, after catching up with the log; everything read is of one position."""
        self.catch_up(watch)
        with self.reading_as_is() as connection:
            yield connection

    @contextmanager
    def reading_followed(self, watch: Watch = unwatched) -> Iterator[sqlite3.Connection]:
        """Give a connection for questions where somebody else lets the views follow: they are read as they stand.

        Only views that are of another log, or of before an erasure, are made anew first.
        """
        if not self.is_current() and self.position() is None:
            self.catch_up(watch)
        with self.reading_as_is() as connection:
            yield connection

    @contextmanager
    def reading_as_is(self) -> Iterator[sqlite3.Connection]:
        """Give a connection for questions without catching up first."""
        if self._reading is not None:
            yield self._reading
            return
        with self._open().reading() as connection, self._stoppable(connection):
            yield connection

    @contextmanager
    def _stoppable(self, connection: sqlite3.Connection) -> Iterator[None]:
        if self.is_over is never:
            yield
            return
        connection.set_progress_handler(self.is_over, _STEPS)
        try:
            yield
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
            raise QuestionStopped from error
        finally:
            connection.set_progress_handler(None, 0)

    def is_current(self) -> bool:
        """Say whether the views are at the head of the log.

        Where neither file was written since that was last found so, this is two looks at counters, and no query.
        """
        if self._reading is not None:
            return True
        seen = self._counters.value()
        if seen is not None and seen == self._agreed:
            return True
        position = self.position()
        is_current = position is not None and position >= self._log.head
        self._agreed = seen if is_current else None
        return is_current

    @contextmanager
    def in_one_reading(self) -> Iterator[bool]:
        """Give whether they are at the head of the log; all that is read inside is then of one moment.

        A small question reads them several times, and to look and begin each time would take a good part of it.
        """
        if not self.is_current():
            yield False
            return
        with self.reading_as_is() as connection:
            self._reading = connection
            try:
                yield True
            finally:
                self._reading = None

    def position(self) -> int | None:
        """Return up to where the views stand for the log, without catching up; None if they are not of this log."""
        try:
            # Of a file that is open, the version was looked at when it was, and nobody changes it in place.
            is_open = self._database is not None and self._inode == inode_of(self.path)
            if not (is_open or is_usable(self.path)) or not self._are_of_this_log():
                return None
            with self.reading_as_is() as connection:
                return TrackedDatabase.position(connection)
        except HomeUnavailable:
            return None  # replaced a moment ago
        except sqlite3.OperationalError:
            if self.path.exists():
                raise
            return None  # deleted a moment ago

    extract = staticmethod(extract_values)

    def apply(self, appended: Appended) -> None:
        """Apply a batch that has just been appended; the caller holds the home's writer lock.

        Raises HomeUnavailable where the log has lost it with its server.
        """
        if not appended.positions:
            return
        try:
            if not self._has_applied(appended):
                self.follow()
        except ConnectionLost:
            self.follow()
            if not self._log.has_batch(appended.head, appended.chain):
                raise HomeUnavailable(_LOST) from None

    def _has_applied(self, appended: Appended) -> bool:
        """Apply a batch, unless the views lack what was before it."""
        database = self._ready()
        with database.reading() as connection:
            follows = TrackedDatabase.position(connection) == appended.positions[0] - 1
        if follows:
            found = zip(appended.positions, appended.arrivals.extracted, strict=True)
            self._write(database, found, appended.head, chain=appended.chain)
        return follows

    def keep(self, appended: Appended) -> None:
        """Keep what was found out about a batch that is in the log by now, so that `follow` need not read it there.

        Not of an encrypted log: what may be shown of it depends on the keys that are left by then.
        """
        if self._log.encryption is not None or not appended.positions:
            return
        follows = bool(self._kept) and self._kept[-1][0] + 1 == appended.positions[0]
        if not follows or len(self._kept) + len(appended.positions) > _PAGE:
            self._kept = []
        self._kept += zip(appended.positions, appended.arrivals.extracted, strict=True)
        self._kept_chain = appended.chain

    def catch_up(self, watch: Watch = unwatched) -> bool:
        """Bring the views to the head of the log, making them if they are not there or of another layout.

        A question waits for no writer: where somebody else is writing, it is answered from the views as they stand,
        which is after a whole batch, and the answer here is False. Raises HomeUnavailable where they cannot be written.
        """
        if self.is_current():
            return True
        head = self._log.head
        position = self.position()
        if not self._home.is_writable:
            found = "are not there" if position is None else f"stand at position {position} of {head}"
            raise HomeUnavailable(
                f"the views in {self._home.folder} {found} and cannot be written: "
                "run outcomes rebuild where that is possible, or on a copy of the folder"
            )
        if position is None:
            with self._home.writing("bringing the views up to date"):
                self.follow(watch)
            return True
        try:
            with self._home.writing("bringing the views up to date", patience=0):
                if self._is_locked():
                    return False
                self.follow(watch)
        except HomeBusy:
            return False
        return True

    def _is_locked(self) -> bool:
        """Say whether another program keeps the file locked at this moment."""
        with closing(connect(self.path, synchronous="NORMAL")) as connection:
            if not begin_at_once(connection, 0):
                return True
            connection.execute("ROLLBACK")
            return False

    def follow(self, watch: Watch = unwatched) -> None:
        """Take what the log has beyond the views, a page a transaction; the caller is the only writer.

        Where a server is lost over it, it goes on after the last whole page.
        """
        for left in reversed(range(_TRIES)):
            try:
                self._follow(watch)
            except ConnectionLost:
                if not left:
                    raise
            else:
                return

    def _follow(self, watch: Watch) -> None:
        database = self._ready()
        with database.reading() as connection:
            position = TrackedDatabase.position(connection)
        head = self._log.head
        kept, self._kept = self._kept, []
        with without_cycle_collection():
            if kept and kept[0][0] == position + 1:
                position = kept[-1][0]
                self._write(database, kept, position, chain=self._kept_chain)
                watch(position, head)
            for end in self._page_ends(position, head):
                found = (
                    (position, None if event is None else extract_values(event, digest))
                    for page in self._log.states(position, end)
                    for position, digest, state in page
                    for event in (self._log.known_event(position, digest, state),)
                )
                self._write(database, found, end)
                position = end
                watch(end, head)

    def _page_ends(self, position: int, head: int) -> Iterator[int]:
        """Yield where transactions end: at ends of batches, so that no reader sees a part of one."""
        for batch in self._log.batches(position):
            if batch.last_position < head and batch.last_position >= position + _PAGE:
                position = batch.last_position
                yield position
        if position < head:
            yield head

    def follow_backwards(self, upto: int, watch: Watch = unwatched) -> None:
        """Take the log up to a position the other way round, into views that are empty: the same must come of it.

        Each event is read by the domain's own parser, so that what reads plain results quickly is proved, too.
        """
        database = self._ready()
        with database.writing() as connection:
            predecessors.suspend(connection, schema.WAYS_BACK)
        for after in range((upto - 1) // _PAGE * _PAGE, -1, -_PAGE):
            page = list(self._log.records(after, min(upto, after + _PAGE)))
            found = (
                (record.position, extract_values(event, record.digest))
                for record in reversed(page)
                if isinstance(event := self._log.parse(record), Event)
            )
            self._write(database, found, upto if after == 0 else None)
            watch(upto - after, upto)
        with database.writing() as connection:
            predecessors.resume(connection, schema.VERSION_TABLES, schema.WAYS_BACK)

    def close(self) -> None:
        """Close the files."""
        self._counters.close()
        if self._database is not None:
            self._database.close()
            self._database = self._ids = None

    def _open(self) -> TrackedDatabase:
        inode = inode_of(self.path)
        if self._inode != inode:
            self.close()  # somebody has deleted the file that was open, and there is another
        if self._database is None:
            self._database, self._inode = self._opened(), inode
        return self._database

    def _opened(self) -> TrackedDatabase:
        """Open the file; raises HomeUnavailable if it was replaced since it was looked at, by views of other tables."""
        try:
            database = TrackedDatabase(self.path)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CANTOPEN:
                raise
            raise HomeUnavailable(_REPLACED) from error
        with database.reading() as connection:
            is_ours = is_of_this_layout(connection)
        if not is_ours:
            database.close()
            raise HomeUnavailable(_REPLACED)
        return database

    def _ready(self) -> TrackedDatabase:
        """Return the database, with its tables; the caller is the only writer."""
        if self.position() is None:
            self.close()
            make(self.path, origin_of(self._log))
        return self._open()

    def note_erasures(self, count: int) -> None:
        """Say that these views hold nothing that was encrypted under the first `count` destroyed keys."""
        with self._open().writing() as connection:
            connection.execute("UPDATE properties SET value = ? WHERE name = 'erased_keys'", (str(count),))

    def _are_of_this_log(self) -> bool:
        """Say whether these are views of this log, and their last batch is one of it: a restored one may lack it.

        Nor are they if they were made before someone was erased: they would still show them.
        """
        with self.reading_as_is() as connection:
            known = dict(connection.execute("SELECT name, value FROM properties").fetchall())
            last = connection.execute("SELECT max(last_position) FROM batches").fetchone()[0]
        if (known.get("log"), known.get("erased_keys")) != origin_of(self._log).properties():
            return False
        try:
            return last is None or self._log.has_batch(last, bytes.fromhex(known.get("chain") or ""))
        except ValueError:  # somebody else has written there
            return False

    def _write(
        self, database: TrackedDatabase, found: Iterable[Found], upto: int | None, *, chain: bytes | None = None
    ) -> None:
        """Write what was found, up to a position; where it was not read from the log, `chain` proves that it is there.

        Raises HomeUnavailable where it is not.
        """
        try:
            with database.writing() as connection:
                names = self._names(connection)
                # Also those of whom only events of no known name came.
                names.know(self._log.tenants())
                rows = ViewWriter(names)
                rows.add(found)
                rows.write()
                if upto is not None:
                    self._copy_batches(connection, upto, chain)
                    database.advance(connection, upto)
        except BaseException:
            self._ids = None  # the names that it learnt were rolled back
            raise

    def _names(self, connection: sqlite3.Connection) -> IdTable:
        # A rebuild may have put other views into this file since the last batch, with other numbers for names.
        generation = connection.execute("SELECT value FROM properties WHERE name = 'generation'").fetchone()[0]
        if self._ids is None or self._ids.connection is not connection or self._generation != generation:
            self._ids, self._generation = IdTable(connection), generation
        return self._ids

    def _copy_batches(self, connection: sqlite3.Connection, upto: int, chain: bytes | None) -> None:
        known = connection.execute("SELECT coalesce(max(last_position), 0) FROM batches").fetchone()[0]
        batches = [batch for batch in self._log.batches(known) if batch.last_position <= upto]
        if chain is not None and (not batches or batches[-1].chain != chain):
            raise HomeUnavailable(_LOST)
        connection.executemany(
            "INSERT OR IGNORE INTO batches VALUES (?, ?, ?)",
            [(batch.last_position, batch.recorded_at, batch.max_event_time) for batch in batches],
        )
        if batches:
            connection.execute("UPDATE properties SET value = ? WHERE name = 'chain'", (batches[-1].chain.hex(),))
