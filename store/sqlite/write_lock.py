"""One writer at a time, in turn, across processes; whoever waits too long is told for whom."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from outcomes.domain.errors import HomeBusy, HomeUnavailable
from outcomes.store.sqlite.posix import fcntl
from outcomes.store.sqlite.private_files import make_private

PATIENCE_SECONDS = 60.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.002, 0.1


@contextmanager
def writing(path: Path, purpose: str, *, patience: float = PATIENCE_SECONDS) -> Iterator[None]:
    """Hold the lock file while writing; raises HomeBusy naming the holder after `patience` seconds.

    The lock belongs to the open file: it ends with the process, however that ends.
    """
    try:
        handle = _opened(path)
    except OSError as error:
        if path.is_symlink():
            raise HomeUnavailable(f"{path} is a link, and must be a file of this home alone: remove it") from error
        raise HomeUnavailable(f"cannot write in {path.parent}: {error.strerror}: check its permissions") from error
    try:
        _acquire(handle, path, patience)
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"process {os.getpid()} ({purpose})".encode(), 0)
        yield
        os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def _opened(path: Path) -> int:
    # What a link leads to is somebody's file, and would lose what it holds.
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        return os.open(path, flags)
    except FileNotFoundError:
        make_private(path)
        return os.open(path, flags)


def _acquire(handle: int, path: Path, patience: float) -> None:
    give_up_at = time.monotonic() + patience
    pause = _FIRST_PAUSE
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > give_up_at:
                holder = os.pread(handle, 200, 0).decode(errors="replace") or "another process"
                raise HomeBusy(
                    f"{holder} has been writing in {path.parent} for more than {patience:.0f} s: "
                    "wait for it, or end it",
                ) from None
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
        else:
            return
