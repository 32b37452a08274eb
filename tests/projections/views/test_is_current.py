"""Whether the views are at the head of the log is told by a look at counters; who reads along need not look further."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import outcomes
from outcomes.domain.errors import QuestionStopped
from outcomes.store.ingest.group_commit import Delivery
from tests.support.given import lines, outcome

_opened: list[str] = []
_is_counting = threading.Event()


def _count(event: str, _arguments: object) -> None:
    if event in {"open", "sqlite3.connect"} and _is_counting.is_set():
        _opened.append(event)


@contextmanager
def counting_opened_files() -> Iterator[list[str]]:
    """Count what Python opens meanwhile; its audit hooks cannot be taken away again, so one does for all."""
    _opened.clear()
    _is_counting.set()
    try:
        yield _opened
    finally:
        _is_counting.clear()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[outcomes.Home]:
    """A home with one outcome, that has been asked."""
    with outcomes.open(tmp_path / "home", create=True) as opened:
        opened.ingest([outcome("1", "2026-02-01")])
        assert opened.catch_up()
        yield opened


def test_it_is_told_at_once_and_no_file_is_opened(home: outcomes.Home) -> None:
    """Asked again and again while nothing is written, and so with the questions that stand on it."""
    sys.addaudithook(_count)
    assert home.is_current()
    home.at().show("outcome", "1")  # loads the code of the question
    with counting_opened_files() as opened:
        assert all(home.is_current() for _ in range(20))
        assert home.at().show("outcome", "1")
    assert opened == []


def test_whoever_writes_it_is_seen(home: outcomes.Home, tmp_path: Path) -> None:
    """This home itself, or another; in the log, or in the views: once they follow, it is so again."""
    assert home.is_current()
    with outcomes.open(tmp_path / "home") as other:
        for number, writer in enumerate((other, home, other), 2):
            writer.receive([Delivery("test", lines(outcome(str(number), "2026-02-01")))])
            assert not home.is_current()
            assert home.head == number
            assert other.catch_up()
            assert home.is_current()


def test_a_small_question_is_of_one_moment(home: outcomes.Home, tmp_path: Path) -> None:
    """What others write meanwhile, log and views, the next one sees."""
    home.leave_following()
    with home.in_one_reading() as is_current, outcomes.open(tmp_path / "home") as other:
        assert is_current
        assert home.at().show("outcome", "1")
        other.ingest([outcome("2", "2026-02-01")])
        assert not home.at().show("outcome", "2")
    assert home.at().show("outcome", "2")
    with outcomes.open(tmp_path / "home") as other:
        other.ingest([outcome("3", "2026-02-01")], leave_views=True)
    with home.in_one_reading() as is_current:
        assert not is_current


def test_who_leaves_following_reads_the_views_as_they_stand(home: outcomes.Home, tmp_path: Path) -> None:
    """What another home lets follow is seen then, and not before; views that are gone are made anew by whoever asks."""
    home.leave_following()
    with outcomes.open(tmp_path / "home") as other:
        other.receive([Delivery("test", lines(outcome("2", "2026-02-01")))])
        assert home.at().known_at == 1
        other.catch_up()
        assert home.at().known_at == 2
    for path in (tmp_path / "home").glob("views.db*"):
        path.unlink()
    assert home.at().known_at == 2


def test_a_question_that_is_over_ends_wherever_it_reads_the_views(home: outcomes.Home) -> None:
    """A proof reads them by other ways than questions do; it ends, too."""
    home.ingest([outcome(str(number), "2026-02-01") for number in range(2, 500)])
    with home.stopping_when(lambda: True):
        with pytest.raises(QuestionStopped):
            home.verify(all=True)
        with pytest.raises(QuestionStopped):
            home.at().digest()
    assert home.verify(all=True)
