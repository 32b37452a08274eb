"""The one thread that writes: it commits what has come, all at once, answers, and lets the views follow."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import NamedTuple

import outcomes
from outcomes.api.answers.operations import Received
from outcomes.domain.errors import HomeUnavailable, OutcomesError
from outcomes.service.configuration import Configuration
from outcomes.service.futures import settle
from outcomes.service.log_listener import LogListener
from outcomes.service.problems import Problem, unavailable
from outcomes.service.readers import open_home
from outcomes.store.ingest.group_commit import Delivery, looked_at

_LONGEST_WAIT = 8.0
"""Seconds: who comes when others wait for so long would wait for longer, and Canvas gives up after 15."""
_GROUP_BYTES, _GROUP_SENDERS = 16 << 20, 500
_VIEWS_SECONDS = 0.25
"""While more keeps coming, the views follow as often. So often it looks, too, whether others have written."""
_IDLE_SECONDS = 0.005
"""After so long without a delivery they follow, too."""


class _Waiting(NamedTuple):
    delivery: Delivery
    since: float
    answer: "asyncio.Future[Received]"


class _News:
    """Others have written: the views may follow at once."""


class Writer:
    """Takes deliveries from any number of senders. Each is answered once it is on the disk, never before."""

    def __init__(self, configuration: Configuration, tell: Callable[[int], None], flush: Callable[[], None]) -> None:
        self._configuration = configuration
        self._tell = tell
        self._flush = flush
        self._loop = asyncio.get_running_loop()
        self._queue: SimpleQueue[_Waiting | _News | None] = SimpleQueue()
        self._bytes = 0
        self._lock = Lock()
        self._has_ended = False
        self._oldest: float | None = None
        """Since when the delivery waits that has waited longest of those being written."""
        self._followed = self._flushed = 0.0
        self._thread = Thread(target=self._run, name="writer")
        self._thread.start()
        url = configuration.url
        self._listener = None if url is None else LogListener(url, lambda: self._queue.put(_News()))

    async def take(self, delivery: Delivery) -> Received:
        """Append a delivery; raises a 503 if too much waits already or the log cannot be written now."""
        size = len(delivery.content)
        # Here, not in its turn: while the disk writes what came before, there is time.
        delivery = looked_at(delivery)
        with self._lock:
            is_late = self._oldest is not None and time.monotonic() - self._oldest > _LONGEST_WAIT
            if self._has_ended or is_late or self._bytes + size > self._configuration.queue_bytes:
                raise unavailable("more has come than can be written: nothing of this was taken, send it again")
            self._bytes += size
        answer: asyncio.Future[Received] = self._loop.create_future()
        self._queue.put(_Waiting(delivery, time.monotonic(), answer))
        return await answer

    @property
    def is_alive(self) -> bool:
        """Whether deliveries are written."""
        return self._thread.is_alive()

    @property
    def waiting_bytes(self) -> int:
        """How much has come that is not yet on the disk."""
        return self._bytes

    def close(self) -> None:
        """Commit all that has come, and end."""
        if self._listener is not None:
            self._listener.close()
        with self._lock:
            self._has_ended = True
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        home: outcomes.Home | None = None
        is_open = is_behind = True
        while is_open:
            group, is_open = self._next_group(_IDLE_SECONDS if is_behind else _VIEWS_SECONDS)
            self._oldest = group[0].since if group else None
            try:
                home = home or open_home(self._configuration)
            except (OutcomesError, OSError) as error:
                self._answer(group, [error] * len(group))
                continue
            if group:
                self._commit(home, group)
            # Who is answered sends again in a moment, and is not kept waiting for views that are fresh enough.
            is_behind = bool(group) and time.monotonic() - self._followed < _VIEWS_SECONDS
            if not is_behind:
                self._follow(home)
        if home is not None:
            home.close()

    def _commit(self, home: outcomes.Home, group: list[_Waiting]) -> None:
        """Append a group and answer; where that fails by a defect, each alone, so that none takes others with it."""
        given = [one.delivery for one in group]
        try:
            found = home.receive(given, patience=self._configuration.waiting_seconds)
        except Exception as error:  # noqa: BLE001 - each sender must be told, whatever it was
            if len(group) == 1 or isinstance(error, HomeUnavailable | OSError):
                self._answer(group, [_as_problem(error)] * len(group))
                return
            for one in group:
                self._commit(home, [one])
        else:
            self._answer(group, found)

    def _next_group(self, seconds: float) -> tuple[list[_Waiting], bool]:
        """Wait a while for a delivery, and take with it what else has come; False once there will be no more."""
        try:
            first = self._queue.get(timeout=seconds)
        except Empty:
            return [], True
        if first is None or isinstance(first, _News):
            return [], first is not None
        group, size = [first], len(first.delivery.content)
        while size < _GROUP_BYTES and len(group) < _GROUP_SENDERS and not self._queue.empty():
            one = self._queue.get()
            if one is None:
                return group, False
            if isinstance(one, _News):
                continue
            group.append(one)
            size += len(one.delivery.content)
        return group, True

    def _answer(self, group: list[_Waiting], found: Sequence[Received | Exception]) -> None:
        with self._lock:
            self._bytes -= sum(len(one.delivery.content) for one in group)
        settle(self._loop, zip((one.answer for one in group), found, strict=True))

    def _follow(self, home: outcomes.Home) -> None:
        # They try again in a moment: that they could not now is nobody's loss.
        with suppress(OutcomesError, OSError):
            if home.catch_up():
                self._tell(home.head)
        self._followed = time.monotonic()
        if self._followed - self._flushed > _VIEWS_SECONDS:
            with suppress(OSError, sqlite3.Error):
                self._flush()
            self._flushed = time.monotonic()


def _as_problem(error: Exception) -> Exception:
    if isinstance(error, Problem | HomeUnavailable):
        return error
    return unavailable("the log could not be written: nothing of this was taken, send it again")
