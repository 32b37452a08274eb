"""File systems of their own for a test: a small disk that is really full."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MOUNT, _UMOUNT = "/bin/mount", "/bin/umount"


@contextmanager
def mounted(*options: str, at: Path) -> Iterator[None]:
    """Mount something, if this process may; else skip."""
    if not Path(MOUNT).exists():
        pytest.skip("there is no mount here")
    at.mkdir(exist_ok=True)
    done = subprocess.run([MOUNT, *options, str(at)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"may not mount here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run([_UMOUNT, str(at)], check=True)


@contextmanager
def small_disk(at: Path, kib: int) -> Iterator[None]:
    """Give a disk of so many KiB."""
    with mounted("-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", at=at):
        yield
