"""The file of the views: made empty and whole, of one log and of this layout, or removed with its side files."""

import sqlite3
from contextlib import closing
from pathlib import Path
from secrets import token_hex
from typing import NamedTuple

from outcomes.projections.views import schema
from outcomes.store.log.event_log import EventLog
from outcomes.store.operations.erasure import erased_keys
from outcomes.store.sqlite.datastore import connect
from outcomes.store.sqlite.private_files import make_private

_SPOILT = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
"""What SQLite says of a file that is no database, or has not our tables."""

SCRATCH = ("views.db.new", "views.db.proof")
"""Views in the making, beside the live ones: of a rebuild, and of a proof."""


class Origin(NamedTuple):
    """Of which log views are, and how many keys of people had been destroyed in it when they were begun."""

    log: str | None
    erased_keys: int

    def properties(self) -> tuple[str, str]:
        """Return both as the views keep them."""
        return self.log or "", str(self.erased_keys)


def origin_of(log: EventLog) -> Origin:
    """Return what views of a log that are made now are of."""
    return Origin(log.identity(), erased_keys(log))


def make(path: Path, origin: Origin) -> None:
    """Create empty views of one log, for their owner only. They appear under their name once they have their tables."""
    making = path.with_name(path.name + ".making")
    remove(making)
    make_private(making)
    try:
        with closing(connect(making, synchronous="NORMAL")) as connection:
            connection.execute("BEGIN IMMEDIATE")
            schema.create(connection)
            connection.execute("INSERT INTO properties VALUES ('generation', ?)", (token_hex(8),))
            connection.execute("INSERT INTO properties VALUES ('log', ?), ('erased_keys', ?)", origin.properties())
            # The chain of the last batch that they have.
            connection.execute("INSERT INTO properties VALUES ('chain', '')")
            connection.execute("COMMIT")
            # A side file does not follow to the other name: all must be in the file itself.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        # Those that were there go at the last moment, so that hardly anybody finds none.
        remove(path)
        making.rename(path)
    finally:
        remove(making)


def remove(path: Path) -> None:
    """Delete views with their side files."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def is_usable(path: Path) -> bool:
    """Say whether there are views of this layout; what is not, is made anew from the log.

    A full disk or a lock says nothing about the views: such errors are raised.
    """
    if not path.exists():
        return False
    try:
        with closing(connect(path, synchronous="NORMAL")) as connection:
            return is_of_this_layout(connection)
    except sqlite3.DatabaseError as error:
        if path.exists() and error.sqlite_errorcode & 0xFF not in _SPOILT:
            raise
        return False


def is_of_this_layout(connection: sqlite3.Connection) -> bool:
    """Say whether a database has the tables of this version."""
    row = connection.execute("SELECT value FROM properties WHERE name = 'version'").fetchone()
    return row is not None and row[0] == schema.version()


def inode_of(path: Path) -> int | None:
    """Return the number of the file that is there now; None where there is none."""
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None
