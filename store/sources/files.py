"""Where bytes come from: files and standard input, read in bounded chunks, with a word where nothing comes."""

import os
import select
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import UnsupportedOperation
from pathlib import Path
from typing import BinaryIO, NamedTuple

from outcomes.domain.errors import UnreadableInput

_CHUNK = 1 << 20
_PAUSE_MILLISECONDS = 500


class OpenSource(NamedTuple):
    """A stream that somebody else has opened and will close, with how it is called in the log."""

    name: str
    stream: BinaryIO


Source = str | OpenSource
"""A file's name, `-` for standard input, or an open stream."""


def check_there(names: Iterable[str]) -> None:
    """Refuse files as a whole, before any is read, if one is not there."""
    for name in names:
        path = Path(name)
        what = "is a folder" if path.is_dir() else "is a socket" if path.is_socket() else "does not exist"
        # Anything else that is there can be read: a pipe that the shell has made (`<(zcat …)`) or a device, too.
        if name != "-" and (not path.exists() or path.is_dir() or path.is_socket()):
            raise UnreadableInput(f"cannot read {name}: it {what}: name a file, or - for standard input")


def source_name(source: Source) -> str:
    """Return how a source is called in the log; a file's name need not be text, what is written down must be."""
    name = source if isinstance(source, str) else source.name
    return "stdin" if name == "-" else os.fsencode(name).decode(errors="backslashreplace")


@contextmanager
def open_source(source: Source) -> Iterator[BinaryIO]:
    """Open a file, or standard input for `-`; raises UnreadableInput."""
    if isinstance(source, OpenSource):
        yield source.stream
        return
    name = source
    if name == "-":
        yield sys.stdin.buffer
        return
    try:
        handle = Path(name).open("rb")  # noqa: SIM115 - entered below, so that only opening is inside the try
    except OSError as error:
        raise UnreadableInput(f"cannot read {name}: {error.strerror}: check the path and its permissions") from error
    with handle:
        yield handle


def size_of(stream: BinaryIO) -> int:
    """Return how many bytes are in an open file; 0 where nobody knows before the end, as of a pipe."""
    handle = _handle_of(stream)
    return 0 if handle is None else os.fstat(handle).st_size


class InputChunks:
    """The bytes of an open source as they come; an empty chunk says that nothing has come for half a second.

    So whoever holds back events to write many at once knows when to wait no longer. `done` counts the bytes.
    """

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream = stream
        self._name = name
        self._handle = _handle_of(stream)
        self._ready = select.poll()
        if self._handle is not None:
            self._ready.register(self._handle, select.POLLIN)
        self.done = 0

    def __iter__(self) -> Iterator[bytes]:
        """Yield chunks to the end; raises UnreadableInput that names the source."""
        while True:
            try:
                chunk = self._read()
            except OSError as error:
                raise UnreadableInput(
                    f"cannot read {self._name} beyond its first {self.done:,} bytes: {error.strerror}: "
                    "what came before was taken; check where it is stored, then ingest it again"
                ) from error
            if chunk == b"":
                return
            self.done += len(chunk or b"")
            yield chunk or b""

    def _read(self) -> bytes | None:
        """Return some bytes, none at the end; None if nothing has come."""
        if self._handle is None:
            return self._stream.read(_CHUNK)
        return os.read(self._handle, _CHUNK) if self._ready.poll(_PAUSE_MILLISECONDS) else None


def _handle_of(stream: BinaryIO) -> int | None:
    """Return the system's number of an open file; None for a stream that is in memory."""
    try:
        return stream.fileno()
    except (AttributeError, UnsupportedOperation):
        return None
