"""A thread that does one thing again and again, whatever the others wait for."""

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread


class Periodic:
    """Calls `call` every so many seconds until it is closed. A disk that is full or busy is tried again."""

    def __init__(self, name: str, seconds: float, call: Callable[[], None]) -> None:
        self._seconds = seconds
        self._call = call
        self._is_over = Event()
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def close(self, seconds: float) -> None:
        """End it; where the disk does not answer, leave it after some seconds."""
        self._is_over.set()
        self._thread.join(seconds)

    def _run(self) -> None:
        while not self._is_over.wait(self._seconds):
            with suppress(OSError, sqlite3.Error):
                self._call()
