"""A thread of its own does what must be done again and again."""

import sqlite3
from threading import Event

from outcomes.service.periodic import Periodic


def test_it_goes_on_after_a_disk_that_was_full_or_busy() -> None:
    """What could not be done is tried again, until it is closed."""
    troubles, done = [OSError("full"), sqlite3.OperationalError("database is locked")], Event()

    def call() -> None:
        if troubles:
            raise troubles.pop()
        done.set()

    periodic = Periodic("test", 0.01, call)
    assert done.wait(5)
    periodic.close(5)
    done.clear()
    assert not done.wait(0.05)
