"""Rows of an answer kept on disk until they are read, since there may be millions."""

import tempfile
import weakref
from collections.abc import Iterator, Mapping
from typing import Any

import orjson


class RowFile:
    """Rows in the order in which they were added, each as JSON has it; any number of times to be read."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as this
        weakref.finalize(self, self._file.close)
        self._count = 0

    def __len__(self) -> int:
        """Return how many there are."""
        return self._count

    def add(self, row: Mapping[str, Any]) -> None:
        """Add a row."""
        self._file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
        self._count += 1

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the rows from the first on; one reader at a time."""
        self._file.seek(0)
        yield from map(orjson.loads, self._file)
