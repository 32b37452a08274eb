"""Long answers in parts: by key, forwards and backwards, each row once, whatever comes meanwhile."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import outcomes
from outcomes import UsageError
from outcomes.domain.times import parse_argument
from tests.support.given import group, link, outcome, result
from tests.support.world import World

DAYS = [f"2025-0{month}-{day:02d}" for month in (1, 2, 3) for day in (1, 2, 15)]


@pytest.fixture
def home(world: World) -> Path:
    """A home with changes of several weeks and kinds, some of them at one instant, some lines that are no events."""
    world.take(group("1", DAYS[0]), "no event", outcome("7", DAYS[0]), link("70", DAYS[0], outcome="7", group="1"))
    world.take(*(outcome("7", day, title=day, updated=day) for day in DAYS[1:]), "no event either", "nor this")
    world.clock = parse_argument("2026-02-01")
    students = ("studentAda", "studentBo", "studentCy")
    world.take(*(result(str(n), day, student=students[n % 3], course=str(200 + n % 2)) for n, day in enumerate(DAYS)))
    return world.home.folder


def walked(ask: Callable[..., Any], limit: int, **options: Any) -> list[dict[str, Any]]:
    """Return all rows, asked for part by part."""
    rows: list[dict[str, Any]] = []
    after = None
    for _ in range(100):
        part = ask(limit=limit, after=after, **options)
        found = part.as_json()
        assert len(found) <= limit
        rows += found
        after = part.next
        if after is None:
            return rows
    raise AssertionError("it never ends")


QUESTIONS: dict[str, Callable[[Any], Callable[..., Any]]] = {
    "timeline": lambda home: home.at().timeline,
    "late": lambda home: home.at().late,
    "mastery": lambda home: home.at().mastery,
    "log": lambda home: home.log,
    "quarantine": lambda home: home.quarantine.list,
}


@pytest.mark.parametrize("limit", [1, 2, 7, 100])
@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("question", QUESTIONS)
def test_the_parts_are_the_whole(home: Path, question: str, *, newest_first: bool, limit: int) -> None:
    """Nothing twice, nothing left out, in one order."""
    with outcomes.open(home) as opened:
        ask = QUESTIONS[question](opened)
        whole = ask(newest_first=newest_first).as_json()
        assert len(whole) > 2
        assert walked(ask, limit, newest_first=newest_first) == whole


@pytest.mark.parametrize("question", ["timeline", "late", "log", "quarantine"])
def test_newest_first_is_the_other_way_round(home: Path, question: str) -> None:
    """The same rows."""
    with outcomes.open(home) as opened:
        ask = QUESTIONS[question](opened)
        assert ask(newest_first=True).as_json() == ask().as_json()[::-1]


def test_mastery_newest_first_begins_with_who_was_assessed_last(home: Path) -> None:
    """And the times only fall."""
    with outcomes.open(home) as opened:
        times = [row["last_assessed_at"] for row in opened.at().mastery(newest_first=True).as_json()]
    assert times == sorted(times, reverse=True)


def test_late_can_be_asked_of_what_was_recorded_between_two_times(home: Path) -> None:
    """The results came on the first of February, everything else in January."""
    with outcomes.open(home) as opened:
        late = opened.at().late
        assert {row["kind"] for row in late(recorded_since="2026-02-01").as_json()} == {"result"}
        before = late(recorded_until="2026-01-31").as_json()
        assert "result" not in {row["kind"] for row in before}
        assert len(before) + len(late(recorded_since="2026-02-01").as_json()) == len(late().as_json())


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_is_no_key_is_refused(home: Path, question: str) -> None:
    """In words, with what was given."""
    with outcomes.open(home) as opened, pytest.raises(UsageError, match="not a key of this answer: 'x:y'"):
        list(QUESTIONS[question](opened)(after="x:y"))
