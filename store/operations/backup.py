"""A whole copy of the log in one file, taken while others read and write."""

import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

from outcomes.domain.errors import HomeUnavailable, LogDamaged, UsageError
from outcomes.store.log.event_log import EventLog
from outcomes.store.new_target import alone, unfinished
from outcomes.store.operations.checkpoint import Checkpoint, checkpoint_of
from outcomes.store.privacy.home_key import KeyFile
from outcomes.store.sqlite.connection import SqliteConnection
from outcomes.store.sqlite.private_files import make_private, sync_to_disk


class Backup(NamedTuple):
    """A finished copy: what it is of, its size in bytes, and where the home's key is, if that was copied, too."""

    file: Path
    of: Checkpoint
    bytes: int
    key: Path | None = None


def backup(log: EventLog, target: Path, watch: Callable[[int, int], None], *, with_key: bool = False) -> Backup:
    """Copy the log as it is now to a new file; refuses one that is there. `watch` is told (pages done, of how many).

    The key of an encrypted home stays where it is; `with_key` copies it, too, to a file of that name with `.key`.

    All steps read one snapshot, so the copy holds whole batches, and nobody who appends meanwhile waits for it or
    makes it begin again. To restore, put the file into a folder as `log.db`.
    """
    _refuse_what_is_there(target)
    key = target.with_name(target.name + ".key") if with_key and log.encryption is not None else None
    if key is not None:
        _refuse_what_is_there(key)
    with alone(target):
        return _copy(log, target, key, watch)


def _copy(log: EventLog, target: Path, key: Path | None, watch: Callable[[int, int], None]) -> Backup:
    making = unfinished(target)
    identity = log.identity()
    written: list[Path] = []
    try:
        making.unlink(missing_ok=True)
        make_private(making)
        with log.reading() as source:
            # The first read fixes what this transaction sees; SQLite's backup goes on inside it.
            of = checkpoint_of(source, identity)
            log.store.copy(source, making, watch)
        _make_plain(making, of)
        sync_to_disk(making)
        _refuse_what_is_there(target)
        if key is not None:
            KeyFile(key).write(log.key_source.read(), is_new=True)
            written.append(key)
        # Under its own name only when whole.
        making.rename(target)
        written.append(target)
        sync_to_disk(target.parent)
    except BaseException as error:
        left = [str(path) for path in written if not _is_removed(path)]
        if isinstance(error, OSError):
            remove = f", and remove {' and '.join(left)}, which could not be" if left else ""
            raise HomeUnavailable(f"cannot write {target}: {error.strerror}: choose another place{remove}") from error
        raise
    finally:
        for suffix in ("", "-journal", "-wal", "-shm"):
            # What cannot be removed is overwritten by the next one; the copy itself is whole, or gone.
            with suppress(OSError):
                making.with_name(making.name + suffix).unlink(missing_ok=True)
    return Backup(target, of, target.stat().st_size, key)


def _is_removed(path: Path) -> bool:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return False
    return True


def _refuse_what_is_there(target: Path) -> None:
    if target.exists() or target.is_symlink():
        raise UsageError(f"{target} is there already: name a new file")


def _make_plain(path: Path, of: Checkpoint) -> None:
    """Make the copy one file without side files, and read its head back."""
    with closing(sqlite3.connect(path, isolation_level=None, factory=SqliteConnection)) as copy:
        copy.execute("PRAGMA synchronous=OFF")
        copy.execute("PRAGMA journal_mode=DELETE")
        found = checkpoint_of(copy, of.log)
    if found != of:
        raise LogDamaged(f"the copy ends with {found}, not with {of}: run outcomes verify, and back up again")
