"""Files for their owner only: events name people, so what holds them is closed to others under any umask."""

import os
from contextlib import suppress
from pathlib import Path

from outcomes.domain.errors import HomeUnavailable
from outcomes.store.sqlite.posix import fcntl

_OWNER_ONLY = 0o600
_OTHERS = 0o077


def make_private(path: Path) -> None:
    """Create a file that only its owner may read and write; one that is there is closed to others.

    SQLite gives a database's side files the permissions of the database.
    """
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, _OWNER_ONLY)
    except FileExistsError:
        # Not opened: closing it would give up the locks that SQLite may hold on it in this process.
        with suppress(PermissionError):  # it belongs to somebody else, who decides
            if path.stat().st_mode & _OTHERS:
                path.chmod(_OWNER_ONLY)
        return
    try:
        os.fchmod(handle, _OWNER_ONLY)  # a umask may have taken from the owner, too
    finally:
        os.close(handle)


def make_private_folder(path: Path) -> None:
    """Create a folder that only its owner may enter, or close one that is there, empty and ours.

    Where there are files already, who may enter is for their owner to say. Raises HomeUnavailable.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            if not path.is_dir():
                raise
            if _is_open_to_others(path) and not any(path.iterdir()):
                with suppress(PermissionError):  # it belongs to somebody else
                    path.chmod(0o700)
        else:
            path.chmod(0o700)
    except OSError as error:
        raise HomeUnavailable(f"cannot make the folder {path}: {error.strerror}: name another") from error


def _is_open_to_others(path: Path) -> bool:
    return bool(path.stat().st_mode & _OTHERS)


def sync_to_disk(path: Path) -> None:
    """Wait until a file or folder is on the disk, not only on its way there."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if hasattr(fcntl, "F_FULLFSYNC"):
            fcntl.fcntl(handle, fcntl.F_FULLFSYNC)  # on macOS fsync alone leaves the data in the disk's cache
        else:
            os.fsync(handle)
    finally:
        os.close(handle)
