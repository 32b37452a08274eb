"""Threads that ask: each has a home of its own, opened once; a question waits for a free one and has limited time."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import local
from typing import TypeVar

import outcomes
from outcomes.service.configuration import Configuration

Answer = TypeVar("Answer")
Question = Callable[[outcomes.Home], Answer]


class Readers:
    """Few threads with a home each. A home that was damaged by its question is opened anew for the next."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._threads = ThreadPoolExecutor(configuration.readers, thread_name_prefix="reader")
        self._own = local()
        self._homes: list[outcomes.Home] = []

    async def ask(self, question: Callable[[outcomes.Home], Answer]) -> Answer:
        """Ask one question; raises what it raises, and QuestionStopped if it takes too long once it has begun."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._ask, question)

    def close(self) -> None:
        """Finish the questions that are being asked, and close the homes."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        for home in self._homes:
            home.close()

    def _ask(self, question: Callable[[outcomes.Home], Answer]) -> Answer:
        end = time.monotonic() + self._configuration.question_seconds
        home = self._home()
        with home.stopping_when(lambda: time.monotonic() > end):
            return question(home)

    def _home(self) -> outcomes.Home:
        home: outcomes.Home | None = getattr(self._own, "home", None)
        if home is None:
            home = self._own.home = open_home(self._configuration)
            home.leave_following()
            self._homes.append(home)
        return home


def open_home(configuration: Configuration) -> outcomes.Home:
    """Open the home of a service, for one thread."""
    return outcomes.open(configuration.folder, key_file=configuration.key_file, key_command=configuration.key_command)
