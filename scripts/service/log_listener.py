"""Hearing of batches that other machines append to a log on PostgreSQL, as soon as they are there."""

from collections.abc import Callable
from threading import Event, Thread

from outcomes.domain.errors import OutcomesError

_LOOK_UP_SECONDS = 1.0
"""How often it looks whether it is to end, and how long it lets a server be that does not answer."""


class LogListener:
    """A thread that calls `tell` after each batch. Nothing depends on it: whoever reads looks now and then, too."""

    def __init__(self, url: str, tell: Callable[[], None]) -> None:
        self._url = url
        self._tell = tell
        self._is_over = Event()
        self._thread = Thread(target=self._run, name="listener", daemon=True)
        self._thread.start()

    def close(self, seconds: float) -> None:
        """End it; where a server does not answer, it is left after some seconds."""
        self._is_over.set()
        self._thread.join(seconds)

    def _run(self) -> None:
        from outcomes.store.log.log_database import Listener  # noqa: PLC0415 - psycopg is an extra

        while not self._is_over.is_set():
            try:
                listener = Listener(self._url)
            except OutcomesError:
                self._is_over.wait(_LOOK_UP_SECONDS)
                continue
            try:
                while not self._is_over.is_set():
                    if listener.wait(_LOOK_UP_SECONDS):
                        self._tell()
            except OutcomesError:
                continue  # the server has gone: connect anew
            finally:
                listener.close()
