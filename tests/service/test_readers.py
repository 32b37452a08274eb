"""Small questions are asked where they arrive; what may take long, or has to wait, is left to threads."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

import outcomes
from outcomes.domain.errors import QuestionStopped, UsageError
from outcomes.service.configuration import Configuration
from outcomes.service.readers import Readers
from outcomes.store.access.access_file import ACCESS_FILE, AccessFile, Look
from outcomes.store.access.rights import Right, Scope
from outcomes.store.sqlite.datastore import connect
from tests.support.given import lines, outcome

_COUNT = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) SELECT max(i) FROM n"
_A_LONG_TIME = 10**12
"""Numbers that SQLite counts for hours."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with one event, and its views."""
    with outcomes.init(tmp_path / "home") as home:
        home.ingest(lines(outcome("7", "2026-02-01")))
    return tmp_path / "home"


def _asked(
    home: Path,
    question: Callable[[outcomes.Home], object],
    seconds: float = 5.0,
    *,
    later: Callable[[outcomes.Home], object] | None = None,
) -> object:
    """Ask as a small question, and as another if it has to wait; return the answer."""

    async def ask() -> object:
        with _readers(Configuration(folder=home, readers=1, question_seconds=seconds)) as readers:
            async with asyncio.timeout(20):
                return await readers.ask_small(question, later or question)

    return asyncio.run(ask())


@contextmanager
def _readers(configuration: Configuration) -> Iterator[Readers]:
    readers = Readers(configuration)
    try:
        yield readers
    finally:
        readers.close()


def _thread_after(count: int) -> Callable[[outcomes.Home], str]:
    """Return a question that counts, and says which thread did."""

    def question(home: outcomes.Home) -> str:
        with home.at().reading() as (connection, _):
            assert connection.execute(_COUNT.format(count)).fetchone() == (count,)
        return threading.current_thread().name

    return question


def test_a_small_question_changes_no_thread(home: Path) -> None:
    """It is answered by the thread of the loop that took it."""
    assert _asked(home, _thread_after(1)) == threading.current_thread().name


def test_a_small_question_that_takes_long_is_asked_by_a_thread(home: Path) -> None:
    """A million numbers take longer than the loop gives: it stops, and a reader answers."""
    assert _asked(home, _thread_after(1_000_000)) == "reader-0"


def test_a_small_question_has_limited_time_as_every_other(home: Path) -> None:
    """The reader stops it, too, in the end."""
    with pytest.raises(QuestionStopped):
        _asked(home, _thread_after(_A_LONG_TIME), seconds=0.1)


def test_the_loop_makes_no_views(home: Path) -> None:
    """Where they are behind the log, or gone, a reader asks."""
    with outcomes.open(home) as opened:
        opened.ingest(lines(outcome("8", "2026-02-02")), leave_views=True)
    assert _asked(home, _thread_after(1)) == "reader-0"
    (home / "views.db").unlink()
    assert _asked(home, _thread_after(1)) == "reader-0"


_LOOK = Look(1, "t1", "somebody", "/explain", None, "4450", "ada", None, None, 1, "token")


def test_the_loop_waits_for_nobody_who_writes_access_db(home: Path) -> None:
    """While another program holds it (a long prune), looks are noted by threads, which may wait; else at once."""

    def noting(*, may_wait: bool) -> Callable[[outcomes.Home], str]:
        def question(_: outcomes.Home) -> str:
            if may_wait:
                end.start()  # not before: however long it takes to get here, the loop has met the other program
            access.note(_LOOK._replace(label=threading.current_thread().name), may_wait=may_wait)
            return threading.current_thread().name

        return question

    with AccessFile(home) as access, closing(connect(home / ACCESS_FILE)) as another:
        another.execute("BEGIN IMMEDIATE")
        end = threading.Timer(0.3, another.execute, ["ROLLBACK"])
        assert _asked(home, noting(may_wait=False), later=noting(may_wait=True)) == "reader-0"
        end.join(10)
        loop = threading.current_thread().name
        assert _asked(home, noting(may_wait=False), later=noting(may_wait=True)) == loop
        assert [look.label for look in access.looks()] == ["reader-0", loop]


def test_the_loop_seldom_meets_threads_that_note_looks(home: Path) -> None:
    """While two note, each as often as questions are answered, it hardly ever leaves its question to a thread."""
    is_over = threading.Event()

    def note_again_and_again() -> None:
        while not is_over.wait(0.001):
            access.note(_LOOK)

    def is_noted() -> bool:
        try:
            access.note(_LOOK, may_wait=False)
        except sqlite3.OperationalError:
            return False
        return True

    with AccessFile(home) as access, ThreadPoolExecutor(2) as threads:
        noting = [threads.submit(note_again_and_again) for _ in range(2)]
        noted = [is_noted() for _ in range(300)]
        is_over.set()
        assert [one.result(10) for one in noting] == [None, None]
    assert sum(noted) >= 270


def test_a_look_waits_a_second_at_most(home: Path) -> None:
    """While another program writes into access.db: then who asks is told to come again, and others are answered."""
    with AccessFile(home) as access, closing(connect(home / ACCESS_FILE)) as another:
        another.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        with pytest.raises(sqlite3.OperationalError):
            access.note(_LOOK)
        assert time.monotonic() - begun < 5
        another.execute("ROLLBACK")
        access.note(_LOOK)
        assert [*access.looks()] == [_LOOK]


def test_the_record_of_looks_does_not_grow_where_nobody_looks(home: Path) -> None:
    """That tokens were used is written there, too: it moves into the file now and then."""
    wal = home / f"{ACCESS_FILE}-wal"
    with AccessFile(home) as access:
        secrets = [access.create(frozenset({Right.TREE}), Scope(), "", 1, None)[1] for _ in range(100)]
        sizes = []
        for minute in range(150):
            for secret in secrets:
                access.holder(secret, 61_000_000 * (minute + 1))
            access.flush()
            sizes.append(wal.stat().st_size)
    assert sizes[-1] < 1.3 * sizes[75]


def test_what_a_small_question_raises_is_told(home: Path) -> None:
    """Of a tenant that is none, as by any reader."""
    with pytest.raises(UsageError, match="nobody"):
        _asked(home, lambda home: home.at(tenant="nobody"))
