"""Tasks shared out among processes of this machine; what a killed one was at is done once more."""

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager
from multiprocessing.connection import wait
from typing import Any, Protocol, TypeVar

from outcomes.domain.errors import HomeUnavailable

DoneT = TypeVar("DoneT")
DoneT_co = TypeVar("DoneT_co", covariant=True)


class Task(Protocol[DoneT_co]):
    """A piece of work that can be sent to another process, and done there twice without harm."""

    def run(self) -> DoneT_co:
        """Do it."""


def _run(task: Task[DoneT]) -> DoneT:
    return task.run()


def _end_with_parent() -> None:
    """Let no process outlive the one that started it, however that ended."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_wait_for, args=(parent.sentinel,), daemon=True).start()


def _wait_for(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


class Processes(AbstractContextManager["Processes"]):
    """So many processes, started when there is work and kept for what comes next."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._pool: ProcessPoolExecutor | None = None

    def map(self, tasks: Sequence[Task[DoneT]], done: Callable[[DoneT], object]) -> list[DoneT]:
        """Do all tasks; return what came of each, in their order. `done` is told of each as it ends.

        Raises what a task raises, and HomeUnavailable if processes are killed again and again. Where one is enough,
        it is this one.
        """
        found: dict[int, DoneT] = {}
        if self.count == 1:
            for number, task in enumerate(tasks):
                found[number] = task.run()
                done(found[number])
        for _ in range(2):
            left = [number for number in range(len(tasks)) if number not in found]
            if not left:
                break
            try:
                for number, result in self._run_all({number: tasks[number] for number in left}):
                    found[number] = result
                    done(result)
            except BrokenProcessPool:
                self._end()
        if len(found) < len(tasks):
            raise HomeUnavailable(
                "a process of the replay was killed, and killed again when its work was repeated: nothing was written; "
                "is there memory for it? --workers takes fewer at once"
            )
        return [found[number] for number in range(len(tasks))]

    def _run_all(self, tasks: dict[int, Task[DoneT]]) -> Iterator[tuple[int, DoneT]]:
        if self._pool is None:
            # Not forked: Arrow's threads do not survive that.
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self.count, context, _end_with_parent)
        numbers: dict[Future[Any], int] = {self._pool.submit(_run, task): number for number, task in tasks.items()}
        for future in as_completed(numbers):
            yield numbers[future], future.result()

    def _end(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def __exit__(self, *_: object) -> None:
        self._end()
