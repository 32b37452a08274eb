"""Lines of the process's log: gathered, and written a second later at most, so that no answer waits for who reads them.

A process that is killed loses the lines of its last second; they tell of answers, and no answer depends on them.
"""

import time
from collections import deque
from contextlib import suppress
from functools import lru_cache
from threading import Event, Thread
from typing import Any, BinaryIO, Self

from structlog.typing import EventDict

_SECONDS = 1.0
_MOST = 50_000
"""Lines that are kept while who reads them stands still; what comes then is counted only."""


def stamp(_logger: Any, _method: str, line: EventDict) -> EventDict:
    """Add the time to a line, as structlog does: to make its text anew for each takes longer than all else of it."""
    second, nanos = divmod(time.time_ns(), 1_000_000_000)
    line["timestamp"] = f"{_second_text(second)}.{nanos // 1_000:06d}Z"
    return line


@lru_cache(maxsize=1)
def _second_text(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


class LogLines:
    """The logger of structlog: takes lines from any thread, and writes them in one of its own until it is left."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._lines: deque[bytes] = deque()
        self._lost = 0
        self._is_over = Event()
        # Not waited for where nobody reads: a process that is to end must.
        self._thread = Thread(target=self._run, name="log", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join(_SECONDS)

    def info(self, line: bytes) -> None:
        """Take a line."""
        if len(self._lines) < _MOST:
            self._lines.append(line)
        else:
            self._lost += 1

    error = info

    def _run(self) -> None:
        while not self._is_over.wait(_SECONDS):
            self._write()
        self._write()

    def _write(self) -> None:
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        lost, self._lost = self._lost, 0
        if lost:
            lines.append(b'{"lines_lost":%d,"timestamp":%d}' % (lost, time.time()))
        # Nobody may be reading any more: that ends no service.
        with suppress(OSError, ValueError):
            self._out.write(b"".join(line + b"\n" for line in lines))
            self._out.flush()
