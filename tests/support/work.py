"""Work counted in what the same program does on any machine, however busy: calls, and steps of SQLite."""

import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


def calls_of(run: Callable[[], Any]) -> int:
    """Run something, and return how many functions were called, those written in C among them."""
    calls = 0

    def count(_frame: FrameType, event: str, _arg: Any) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        run()
    finally:
        sys.setprofile(before)
    return calls


class Steps:
    """Instructions of SQLite's virtual machine, counted by the hundred."""

    def __init__(self) -> None:
        self.hundreds = 0

    def count(self) -> int:
        """Count a hundred more; 0 lets SQLite go on."""
        self.hundreds += 1
        return 0


@contextmanager
def counted_steps(connection: sqlite3.Connection) -> Iterator[Steps]:
    """Count the steps that a connection takes meanwhile."""
    steps = Steps()
    connection.set_progress_handler(steps.count, 100)
    try:
        yield steps
    finally:
        connection.set_progress_handler(None, 0)
