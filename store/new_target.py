"""Files and folders that are made for somebody: by one process at a time, under their own name only once whole."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from outcomes.domain.errors import HomeBusy, HomeUnavailable
from outcomes.store.sqlite.posix import fcntl
from outcomes.store.sqlite.private_files import sync_to_disk


def check_new(target: Path) -> None:
    """Raise HomeUnavailable unless a file or folder of this name can be made."""
    parent = target.absolute().parent
    if not parent.is_dir():
        raise HomeUnavailable(f"cannot make {target}: {parent} is no folder: make it, or name another")
    if target.exists():
        raise HomeUnavailable(f"{target} is there already: name a new one")


@contextmanager
def new_target(target: Path) -> Iterator[Path]:
    """Give the path beside a target under which to make it; it gets its name when the block has ended, and is synced.

    What a killed process left there is cleared away first; of a block that fails nothing is left. Raises
    HomeUnavailable unless it can be made, HomeBusy while another process makes it.
    """
    check_new(target)
    with alone(target):
        check_new(target)  # whoever made it meanwhile has let go of the lock
        making = unfinished(target)
        remove(making)
        try:
            yield making
            making.rename(target)
            sync_to_disk(target.absolute().parent)
        except BaseException:
            remove(making)
            raise


def unfinished(target: Path) -> Path:
    """Return the name beside it that it has until it is whole."""
    return target.with_name(f"{target.name}.unfinished")


@contextmanager
def alone(target: Path) -> Iterator[None]:
    """Let no other process make the same target; raises HomeBusy if one is about it, HomeUnavailable."""
    path = target.with_name(f"{target.name}.unfinished.lock")
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise HomeUnavailable(
            f"cannot write {target} ({error.strerror}; is the folder writable?): choose another place"
        ) from error
    try:
        _lock(handle, path, target)
        try:
            yield
        finally:
            # Where it cannot be removed it is in nobody's way: the lock ends with the process.
            with suppress(OSError):
                path.unlink()
    finally:
        os.close(handle)


def _lock(handle: int, path: Path, target: Path) -> None:
    busy = HomeBusy(f"another process is making {target}: wait for it, or name another")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise busy from None
    # Whoever held it may have removed the file between our opening and our locking it.
    if not path.exists() or path.stat().st_ino != os.fstat(handle).st_ino:
        raise busy


def remove(path: Path) -> None:
    """Remove a file or a whole folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)  # what stays is overwritten, or tells whoever makes it anew
    else:
        path.unlink(missing_ok=True)
