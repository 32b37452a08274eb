"""The one thread that writes: it commits what has come, all at once, answers, and lets the views follow."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from typing import Any, NamedTuple, TypeVar

import outcomes
from outcomes.api.answers.operations import Received
from outcomes.domain.errors import HomeBusy, HomeUnavailable
from outcomes.projections.views.read_model import ReadModel
from outcomes.service.configuration import Configuration
from outcomes.service.defects import log_defect
from outcomes.service.futures import settle
from outcomes.service.log_listener import LogListener
from outcomes.service.problems import Problem, unavailable
from outcomes.service.readers import open_home
from outcomes.store.ingest.group_commit import Delivery, looked_at
from outcomes.store.sqlite.datastore import small_caches

Done = TypeVar("Done")

_LONGEST_WAIT = 8.0
"""Seconds: who comes when others wait for so long would wait for longer, and Canvas gives up after 15."""
_GROUP_BYTES, _GROUP_SENDERS = 16 << 20, 500
_COMMIT_DELAY = 0.006
"""Seconds at most that a commit waits for more: on two cores about as long as 64 senders take to be answered."""
_VIEWS_SECONDS = 0.25
"""While more keeps coming, the views follow as often. So often it looks, too, whether others have written."""
_IDLE_SECONDS = 0.005
"""After so long without a delivery they follow, too."""
_REFUSED_SECONDS = 10.0
"""For so long it is said that the log could not be written. A proxy that sends nothing meanwhile tries again then."""


class _Waiting(NamedTuple):
    delivery: Delivery
    since: float
    answer: "asyncio.Future[Received]"


class _Task(NamedTuple):
    do: Callable[[outcomes.Home], Any]
    answer: "Future[Any]"


class _News:
    """Others have written: the views may follow at once."""


class Writer:
    """Takes deliveries from any number of senders. Each is answered once it is on the disk, never before."""

    def __init__(self, configuration: Configuration, tell: Callable[[int], None]) -> None:
        self._configuration = configuration
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._queue: SimpleQueue[_Waiting | _Task | _News | None] = SimpleQueue()
        self._wanted = 0
        """How many more than the first are worth waiting for; `_have_come` is set when they have come."""
        self._have_come = Event()
        self._tasks: list[_Task] = []
        """What is to be done between two groups; of the writing thread alone."""
        self._bytes = 0
        self._lock = Lock()
        self._has_ended = False
        self._oldest: float | None = None
        """Since when the delivery waits that has waited longest of those being written; or the views follow."""
        self._followed = 0.0
        self._is_in_trouble = False
        """Whether the views could not follow the last time."""
        self._refused_until = 0.0
        """Until when it is said that the log could not be written the last time; then it is worth another try."""
        # Not waited for at the end of the process but by `close`: what is not committed by then was not answered.
        self._thread = Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()
        url = configuration.url
        self._listener = None if url is None else LogListener(url, lambda: self._queue.put(_News()))

    async def take(self, delivery: Delivery) -> Received:
        """Append a delivery; raises a 503 if too much waits already or the log cannot be written now."""
        size = len(delivery.content)
        # Here, not in its turn: while the disk writes what came before, there is time.
        delivery = looked_at(delivery, ReadModel.extract)
        answer: asyncio.Future[Received] = self._loop.create_future()
        with self._lock:
            # Looked at once: the writing thread may set it to nothing in between.
            oldest = self._oldest
            is_late = oldest is not None and time.monotonic() - oldest > _LONGEST_WAIT
            if self._has_ended or is_late or self._bytes + size > self._configuration.queue_bytes:
                raise unavailable("more has come than can be written: nothing of this was taken, send it again")
            self._bytes += size
            self._queue.put(_Waiting(delivery, time.monotonic(), answer))
        if 0 < self._wanted <= self._queue.qsize():
            self._have_come.set()
        return await answer

    def perform(self, do: Callable[[outcomes.Home], Done]) -> Done:
        """Do what writes the log otherwise, in the thread that does; another thread waits for it here.

        Raises what it raises, and a 503 where it takes long: then it goes on.
        """
        answer: Future[Done] = Future()
        with self._lock:
            if self._has_ended:
                raise _not_taken()
            self._queue.put(_Task(do, answer))
        try:
            return answer.result(_LONGEST_WAIT)
        except TimeoutError as error:
            raise unavailable("this takes long, and goes on: look again in a while") from error

    @property
    def is_alive(self) -> bool:
        """Whether deliveries are written."""
        return self._thread.is_alive()

    @property
    def is_refused(self) -> bool:
        """Whether the log, or its disk, refused what came last, a moment ago."""
        return time.monotonic() < self._refused_until

    @property
    def waiting_bytes(self) -> int:
        """How much has come that is not yet on the disk."""
        return self._bytes

    def close(self, seconds: float = _LONGEST_WAIT) -> None:
        """Commit all that has come, and end; what is not on the disk after some seconds is left."""
        end = time.monotonic() + seconds
        with self._lock:
            self._has_ended = True
        self._queue.put(None)
        self._thread.join(seconds)
        if self._listener is not None:
            self._listener.close(max(0.0, end - time.monotonic()))

    def _run(self) -> None:
        try:
            # What it writes it seldom reads again: large caches would fill for hours, and serve nobody.
            with small_caches():
                self._write()
        finally:
            # Whatever it was that ended it: nobody waits for an answer that will not come.
            with self._lock:
                self._has_ended = True
            while not self._queue.empty():
                left, _ = self._next_group(0)
                self._answer(left, [_not_taken()] * len(left))
            self._refuse_tasks(_not_taken())

    def _write(self) -> None:
        home: outcomes.Home | None = None
        is_open = is_behind = True
        while is_open:
            group, is_open = self._next_group(_IDLE_SECONDS if is_behind else _VIEWS_SECONDS)
            self._oldest = group[0].since if group else None
            try:
                home = home or open_home(self._configuration)
            except Exception as error:  # noqa: BLE001 - whoever waits must be told, and the next be taken
                self._refuse(group, error)
                self._refuse_tasks(_as_problem(error))
                is_behind = False
                continue
            if group:
                self._commit(home, group)
                self._wanted = min(len(group) + self._queue.qsize(), _GROUP_SENDERS) - 1
            self._do_tasks(home)
            # From here on nobody waits for the disk, but who comes meanwhile waits for the views.
            self._oldest = time.monotonic()
            # Who is answered sends again in a moment, and is not kept waiting for views that are fresh enough.
            is_behind = bool(group) and time.monotonic() - self._followed < _VIEWS_SECONDS
            if not is_behind and not self._has_followed(home):
                _close(home)
                home = None
        if home is not None:
            _close(home)

    def _commit(self, home: outcomes.Home, group: list[_Waiting]) -> None:
        """Append a group and answer; where that fails by a defect, each alone, so that none takes others with it."""
        given = [one.delivery for one in group]
        try:
            found = home.receive(given, patience=self._configuration.waiting_seconds, follows_soon=True)
        except Exception as error:  # noqa: BLE001 - each sender must be told, whatever it was
            if len(group) == 1 or isinstance(error, HomeUnavailable | OSError):
                self._refuse(group, error)
                return
            for one in group:
                self._commit(home, [one])
        else:
            self._refused_until = 0.0
            self._answer(group, found)

    def _refuse(self, group: list[_Waiting], error: Exception) -> None:
        # That somebody else writes for long is no fault of the log or its disk; nor is a defect of ours.
        is_of_the_log = isinstance(error, HomeUnavailable | OSError | sqlite3.Error)
        if is_of_the_log and not isinstance(error, HomeBusy):
            self._refused_until = time.monotonic() + _REFUSED_SECONDS
        self._answer(group, [_as_problem(error)] * len(group))

    def _next_group(self, seconds: float) -> tuple[list[_Waiting], bool]:
        """Wait a while for a delivery, and take with it what else has come; False once there will be no more."""
        try:
            first = self._queue.get(timeout=seconds)
        except Empty:
            return [], True
        if isinstance(first, _Task):
            self._tasks.append(first)
        if not isinstance(first, _Waiting):
            return [], first is not None
        self._wait_for_wanted()
        group, size = [first], len(first.delivery.content)
        while size < _GROUP_BYTES and len(group) < _GROUP_SENDERS and not self._queue.empty():
            one = self._queue.get()
            if one is None:
                return group, False
            if isinstance(one, _Task):
                self._tasks.append(one)
            elif isinstance(one, _Waiting):
                group.append(one)
                size += len(one.delivery.content)
        return group, True

    def _wait_for_wanted(self) -> None:
        """Wait a moment for all who were answered last or were waiting then: who is answered sends again.

        One commit for all of them costs less than two for half of them each. A lone sender is never kept waiting.
        """
        self._have_come.clear()
        if self._queue.qsize() < self._wanted:
            self._have_come.wait(_COMMIT_DELAY)

    def _do_tasks(self, home: outcomes.Home) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            try:
                task.answer.set_result(task.do(home))
            except Exception as error:  # noqa: BLE001 - who waits for it must be told, whatever it was
                task.answer.set_exception(error)

    def _refuse_tasks(self, error: Exception) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.answer.set_exception(error)

    def _answer(self, group: list[_Waiting], found: Sequence[Received | Exception]) -> None:
        with self._lock:
            self._bytes -= sum(len(one.delivery.content) for one in group)
        settle(self._loop, zip((one.answer for one in group), found, strict=True))

    def _has_followed(self, home: outcomes.Home) -> bool:
        """Let the views follow; False if they cannot, so that a home opened anew tries again in a moment.

        Answers are of before until then, and what comes is written all the same.
        """
        trouble: Exception | None = None
        try:
            if home.catch_up():
                # Where the views stand, not the log: others may have written since.
                self._tell(home.at().known_at)
        except Exception as error:  # noqa: BLE001 - whatever it is, what comes must be written
            trouble = error
            # A server that went away is no defect of ours; health tells of it.
            if not self._is_in_trouble and not isinstance(error, HomeUnavailable):
                log_defect(error, thread="writer")
        self._is_in_trouble = trouble is not None
        self._followed = time.monotonic()
        return trouble is None


def _close(home: outcomes.Home) -> None:
    """Close a home that is given up; it may be one whose files are damaged or gone."""
    with suppress(Exception):
        home.close()


def _as_problem(error: Exception) -> Exception:
    return error if isinstance(error, Problem | HomeUnavailable) else _not_taken()


def _not_taken() -> Problem:
    return unavailable("the log could not be written: nothing of this was taken, send it again")
