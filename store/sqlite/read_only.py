"""May this be written? A home on read-only media, or of another owner, still answers questions."""

import os
import sqlite3
from pathlib import Path
from typing import NamedTuple

from outcomes.domain.errors import HomeUnavailable


def is_writable(path: Path) -> bool:
    """Say whether SQLite may write a database file, and its side files beside it."""
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def uri_of(path: Path) -> str:
    """Return how to open an existing database file: for writing where that is possible, and never making it.

    In WAL mode even a reader wants to write beside the file. Where it cannot, and nothing waits in a side file, the
    file can be read as it lies (SQLite's `immutable`): `ImmutableReadGuard` says afterwards whether it lay still.
    """
    if is_writable(path):
        mode = "mode=rw"
    elif os.access(path.parent, os.W_OK) or _has_wal(path):
        mode = "mode=ro"
    else:
        mode = "mode=ro&immutable=1"
    return f"{path.absolute().as_uri()}?{mode}"


def uri_without_traces(path: Path) -> str:
    """Return how to look into an existing database file that may be anybody's, leaving file and folder as they are."""
    # Opening for reading makes side files for a database in WAL mode, if there are none.
    mode = "mode=ro" if _has_wal(path) else "mode=ro&immutable=1"
    return f"{path.absolute().as_uri()}?{mode}"


def connect_read_only(path: Path) -> sqlite3.Connection:
    """Open an existing database file for somebody who must not write it, whatever statements they run."""
    uri = uri_of(path).replace("mode=rw", "mode=ro")
    # Whoever closes it may be another thread than the one that asked.
    return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)


class ImmutableReadGuard(NamedTuple):
    """What files looked like before they were read without a lock."""

    looks: dict[Path, tuple[int, int]]

    @classmethod
    def of(cls, *paths: Path) -> "ImmutableReadGuard":
        """Remember those of the files that cannot be locked."""
        return cls({path: _look(path) for path in paths if path.exists() and "immutable" in uri_of(path)})

    def check(self) -> None:
        """Raise HomeUnavailable if somebody else has written one of them since."""
        for path, look in self.looks.items():
            if _has_wal(path) or _look(path) != look:
                raise HomeUnavailable(f"{path} was written while it was read, so the answer may be wrong: ask again")


def _look(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size


def _has_wal(path: Path) -> bool:
    wal = path.with_name(path.name + "-wal")
    return wal.exists() and wal.stat().st_size > 0
