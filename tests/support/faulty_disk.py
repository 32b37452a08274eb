"""A disk that fails and a disk that loses what was not synced: `faulty_disk.c`, compiled and preloaded.

A process that is started with it runs commands in forks of itself, so that one start of Python serves hundreds of them.
"""

import ctypes
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.command import ROOT

SOURCE = Path(__file__).with_name("faulty_disk.c")
_HEAD = struct.Struct("=cHHQI")
_SECTOR = 512


def compiled(folder: Path) -> Path:
    """Compile the library; skips, saying why, where that cannot be done."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("needs gcc and Linux: the faults are a library that is preloaded")
    library = folder / "faulty_disk.so"
    subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl"], check=True)
    return library


def started(library: Path, disk: Path, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    """Run a module of the tests under the library, which looks at one folder; it must end well."""
    env = {**os.environ, "LD_PRELOAD": str(library), "OUTCOMES_DISK": str(disk), "PYTHONDONTWRITEBYTECODE": "1"}
    env["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / ".src")])
    ran = subprocess.run([sys.executable, "-m", *arguments], env=env, cwd=ROOT, capture_output=True, check=False)
    assert ran.returncode == 0, ran.stderr.decode()
    return ran


def shim() -> ctypes.CDLL:
    """Return the library that this process was started with, to steer it."""
    return ctypes.CDLL(None)


class Change(NamedTuple):
    """One thing that was done to a file: c(reated), w(ritten), t(runcated), s(ynced), r(enamed), u(nlinked), m(ark)."""

    kind: str
    path: str
    other: str
    offset: int
    data: bytes


def recorded(file: Path) -> Iterator[Change]:
    """Read what a process did to the disk, in order."""
    data, at = file.read_bytes(), 0
    while at < len(data):
        kind, path, other, offset, length = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        has_data = length if kind == b"w" else 0
        names = data[at : at + path + other].decode()
        at += path + other
        yield Change(kind.decode(), names[:path], names[path:], offset, data[at : at + has_data])
        at += has_data


class Image(NamedTuple):
    """What a disk may hold after a loss of power: the content of each file; `mark` is the last that was reported."""

    files: dict[str, bytes]
    mark: int
    where: str


class _File:
    def __init__(self) -> None:
        self.synced = b""
        self.waiting: list[Change] = []

    def with_changes(self, changes: list[Change]) -> bytes:
        content = bytearray(self.synced)
        for change in changes:
            _apply(content, change)
        return bytes(content)

    def outcomes(self) -> Iterator[tuple[str, bytes]]:
        """Yield what of the writes that wait may have reached the disk: any of them, in any order, torn or whole."""
        waiting = self.waiting
        yield "nothing", self.synced
        yield "everything", self.with_changes(waiting)
        for number, change in enumerate(waiting):
            yield f"the first {number}", self.with_changes(waiting[:number])
            yield f"all but {number}", self.with_changes(waiting[:number] + waiting[number + 1 :])
            yield f"{number} alone", self.with_changes([change])
            half = len(change.data) // 2 // _SECTOR * _SECTOR
            for torn in (change._replace(data=change.data[:half]),
                         change._replace(data=change.data[half:], offset=change.offset + half)):  # fmt: skip
                if change.kind == "w" and torn.data:
                    yield f"{number} torn", self.with_changes([*waiting[:number], torn])


def _apply(content: bytearray, change: Change) -> None:
    if change.kind == "t":
        del content[change.offset :]
        content.extend(bytes(change.offset - len(content)))
    else:
        content.extend(bytes(max(0, change.offset - len(content))))
        content[change.offset : change.offset + len(change.data)] = change.data


def images(changes: Iterable[Change], *, since: int = 0) -> Iterator[Image]:
    """Yield every different image that a loss of power may leave `since` a mark: of each file any of what waits.

    Names are as they were given: a file system that journals keeps them in order. Each file in turn has every outcome
    of its own, the others have nothing or all of what waits in them.
    """
    files: dict[str, _File] = {}
    mark, seen = 0, set[int]()
    for number, change in enumerate([*changes, Change("m", "", "", 0, b"")]):
        # Whatever may be left between two of these may be left just before the second, too.
        for image in _at(files) if change.kind in "srum" and mark >= since else ():
            fingerprint = hash(tuple(sorted(image.files.items())))
            if fingerprint not in seen:
                seen.add(fingerprint)
                yield image._replace(mark=mark, where=f"before {number} ({change.kind} {change.path}): {image.where}")
        if change.kind == "m":
            mark = change.offset
            seen.clear()  # the same image now has to hold more
        else:
            _take(files, change)


def _take(files: dict[str, _File], change: Change) -> None:
    """Do a change to the files, as far as it is one that lasts."""
    if change.kind == "c":
        files.setdefault(change.path, _File())
    elif change.kind == "u":
        files.pop(change.path, None)
    elif change.kind == "r":
        files[change.other] = files.pop(change.path)
    elif change.kind == "s" and change.path in files:
        file = files[change.path]
        file.synced, file.waiting = file.with_changes(file.waiting), []
    elif change.path in files:
        files[change.path].waiting.append(change)


def _at(files: dict[str, _File]) -> Iterator[Image]:
    for all_reached in (False, True):
        others = {name: file.with_changes(file.waiting if all_reached else []) for name, file in files.items()}
        for name, file in files.items():
            for words, content in file.outcomes():
                yield Image({**others, name: content}, 0, f"{Path(name).name} has {words}, all else {all_reached}")
        if not files:
            yield Image({}, 0, "nothing at all")
