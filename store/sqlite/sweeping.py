"""Leaving nothing in a database file that is not in its tables: what was deleted must not stay in free space."""

from contextlib import closing
from pathlib import Path

from outcomes.domain.errors import HomeUnavailable
from outcomes.store.sqlite.datastore import connect


def sweep(path: Path, *, patience: float, compact: bool, otherwise: str) -> None:
    """Leave nothing in a database file, or beside it, that is not in its tables.

    VACUUM (`compact`) writes every page anew, so that no free space keeps what was there; then the write-ahead log is
    emptied, which has to wait for everyone who still reads from it: for `patience` seconds, then HomeUnavailable is
    raised, with what to do `otherwise`.
    """
    with closing(connect(path)) as connection:
        connection.execute(f"PRAGMA busy_timeout = {int(patience * 1000)}")
        if compact:
            # The copy that VACUUM makes may be larger than memory; it holds what is kept, nothing of what is gone.
            connection.execute("PRAGMA temp_store = FILE")
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("VACUUM")
        is_busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if is_busy:
        raise HomeUnavailable(f"another process still reads {path.name} as it was: {otherwise}")
