"""What was just appended is kept for the views until they follow, and comes to the same as reading it in the log."""

from pathlib import Path
from typing import Any

import pytest

import outcomes
from outcomes.store.ingest.group_commit import Delivery
from outcomes.store.privacy.home_key import FILE_NAME
from tests.support.given import course, group, lines, link, outcome, result

_FIRST = [outcome("1", "2026-02-01"), group("5", "2026-02-01"), result("9", "2026-02-03")]
_SECOND = [
    link("3", "2026-02-02", outcome="1", group="5"),
    course("4450", "2026-01-05"),
    outcome("1", "2026-01-15", title="Late"),
]
_THIRD = [result("9", "2026-02-04"), outcome("2", "2026-02-05"), outcome("1", "2026-02-01")]


def _bring(home: outcomes.Home, *events: dict[str, Any]) -> None:
    """Bring events, each by a sender of its own, as the service does."""
    home.receive([Delivery(f"https:t{number % 2}", lines(event)) for number, event in enumerate(events)],
                 follows_soon=True)  # fmt: skip


def _is_as_of_the_log(home: outcomes.Home) -> bool:
    """Say whether views as they stand tell what those tell that are made anew of the log."""
    told = home.at().digest()
    is_proved = bool(home.verify(rebuild=True))
    home.rebuild()
    return is_proved and home.at().digest() == told


@pytest.mark.parametrize("follows_after", [{3}, {1, 2, 3}, {2}])
def test_views_are_as_of_the_log(tmp_path: Path, follows_after: set[int]) -> None:
    """However many groups have come before they follow; repeats and late events among them."""
    with outcomes.init(tmp_path / "home") as home:
        home.catch_up()
        for number, events in enumerate((_FIRST, _SECOND, _THIRD), 1):
            _bring(home, *events)
            if number in follows_after:
                assert home.catch_up()
        assert home.catch_up()
        assert home.is_current()
        assert _is_as_of_the_log(home)


def test_what_others_have_written_in_between_is_not_missed(tmp_path: Path) -> None:
    """Where there is a gap in what was kept, or the views stand elsewhere by now, the log is read."""
    with outcomes.init(tmp_path / "home") as home, outcomes.open(tmp_path / "home") as other:
        _bring(home, *_FIRST)
        other.ingest(_SECOND[:2])
        _bring(home, _SECOND[2])
        other.catch_up()
        _bring(home, *_THIRD)
        assert home.catch_up()
        assert _is_as_of_the_log(home)


def test_nothing_is_kept_of_an_encrypted_log(tmp_path: Path) -> None:
    """Who is erased before the views follow is in none of them."""
    with outcomes.init(tmp_path / "home", encrypt=True) as home:
        assert (tmp_path / "home" / FILE_NAME).exists()
        _bring(home, *_FIRST)
        with outcomes.open(tmp_path / "home") as other:
            other.erase(student="studentAda", reason="asked for")
        _bring(home, *_THIRD)
        assert home.catch_up()
        told = home.at().digest()
        home.rebuild()
        assert home.at().digest() == told
