"""Threads that ask: each has a home of its own, opened once; a question waits for a free one and has limited time.

What is small is asked in the loop itself: to hand it to a thread and its answer back would take a good part of the time
that it needs. It cannot hold the loop up for long: nothing is made or waited for there, and it is soon stopped.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

import outcomes
from outcomes.domain.errors import QuestionStopped
from outcomes.service.configuration import Configuration
from outcomes.service.futures import settle
from outcomes.service.problems import unavailable
from outcomes.store.sqlite.datastore import is_lock

Answer = TypeVar("Answer")

_SMALL_SECONDS = 0.01
"""So long at most the loop asks by itself, and whoever else comes waits; what takes longer a thread asks anew."""
_MOST_WAITING = 200
"""Questions that wait for a thread. Each token has few at once; so many are of fifty."""


class Readers:
    """Few threads with a home each."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._loop = asyncio.get_running_loop()
        # Not an executor: between the loop and a thread it has more to do than a small question.
        self._asked: SimpleQueue[tuple[Callable[[outcomes.Home], Any], asyncio.Future[Any]] | None] = SimpleQueue()
        names = [f"reader-{number}" for number in range(configuration.readers)]
        # Daemons, for `close` has waited long enough for a question that still runs.
        self._threads = [Thread(target=self._run, name=name, daemon=True) for name in names]
        for thread in self._threads:
            thread.start()
        self._home_of_loop: outcomes.Home | None = None

    async def ask_small(
        self, at_once: Callable[[outcomes.Home], Answer], later: Callable[[outcomes.Home], Answer]
    ) -> Answer:
        """Ask one question that seldom takes long `at_once`, in the loop, or, if it has to wait, `later`; see `ask`."""
        found = self._answer_at_once(at_once)
        return await self.ask(later) if found is None else found[0]

    def _answer_at_once(self, question: Callable[[outcomes.Home], Answer]) -> tuple[Answer] | None:
        # Where a server has the log, to look whether it has grown is to wait for the network.
        if self._configuration.url is None:
            home = self._home_of_loop = self._home_of_loop or self._open()
            try:
                return _answer(home, lambda home: _if_current(home, question), _SMALL_SECONDS)
            except QuestionStopped:
                # Python 3.11 would compile the statement that was stopped anew each time it comes again.
                home.close()
                self._home_of_loop = None
            except sqlite3.OperationalError as error:
                if not is_lock(error):
                    raise
        return None

    async def ask(self, question: Callable[[outcomes.Home], Answer]) -> Answer:
        """Ask one question; raises what it raises, and QuestionStopped if it takes too long once it has begun.

        Raises a 503 where very many wait already.
        """
        if self._asked.qsize() >= _MOST_WAITING:
            raise unavailable("more questions wait than can be answered soon: ask again")
        waiting: asyncio.Future[Answer] = self._loop.create_future()
        self._asked.put((question, waiting))
        return await waiting

    def close(self, seconds: float = 10.0) -> None:
        """Finish the questions that were asked, and close the homes; after some seconds, leave what still runs."""
        end = time.monotonic() + seconds
        for _ in self._threads:
            self._asked.put(None)
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        if self._home_of_loop is not None:
            self._home_of_loop.close()

    def _run(self) -> None:
        home: outcomes.Home | None = None
        while (asked := self._asked.get()) is not None:
            question, waiting = asked
            if waiting.cancelled():
                continue  # who has asked is gone
            found: Any
            try:
                home = home or self._open()
                found = _answer(home, question, self._configuration.question_seconds)
            except Exception as error:  # noqa: BLE001 - who has asked must be told, whatever it was
                found = error
            settle(self._loop, [(waiting, found)])
        if home is not None:
            home.close()

    def _open(self) -> outcomes.Home:
        home = open_home(self._configuration)
        home.leave_following()
        return home


def _answer(home: outcomes.Home, question: Callable[[outcomes.Home], Answer], seconds: float) -> Answer:
    end = time.monotonic() + seconds
    with home.stopping_when(lambda: time.monotonic() > end):
        return question(home)


def _if_current(home: outcomes.Home, question: Callable[[outcomes.Home], Answer]) -> tuple[Answer] | None:
    with home.in_one_reading() as is_current:
        return (question(home),) if is_current else None


def open_home(configuration: Configuration) -> outcomes.Home:
    """Open the home of a service, for one thread."""
    given = configuration
    views = None if given.url is None else given.folder
    return outcomes.open(given.url or given.folder, views=views, key_file=given.key_file, key_command=given.key_command)
