"""Events of observations on their way into the log: packed, in a file without a name, until all of them are there."""

import tempfile
from typing import BinaryIO, Self, cast

import zstandard

from outcomes.store.sources.files import OpenSource

# Bodies are alike: this already makes a tenth of them, and takes hardly any time.
_LEVEL = 1


class Spool:
    """What is to be appended once the whole export has been read; `with` drops it."""

    def __init__(self) -> None:
        self._file = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - closed by __exit__
        self._packed = zstandard.ZstdCompressor(level=_LEVEL).stream_writer(self._file, closefd=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, line: bytes) -> None:
        """Add the line of an event."""
        self._packed.write(line)

    def source(self, name: str) -> OpenSource:
        """Return all of it as a source to ingest, under this name; nothing can be added after it."""
        self._packed.flush(zstandard.FLUSH_FRAME)
        self._file.seek(0)
        return OpenSource(name, self._file)
