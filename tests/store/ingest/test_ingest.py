"""Runs of an ingest: however the input is cut, the log and the state are the same."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.command import Outcomes
from tests.support.given import lines, outcome
from tests.support.histories import histories
from tests.support.world import World, fresh_world


@given(histories(), st.integers(1, 20), st.integers(1, 2000))
def test_splitting_the_input_changes_nothing(history: list[dict[str, Any]], batch: int, chunk: int) -> None:
    """One run or many, small reads or large: the same log and the same state."""
    with fresh_world() as at_once, fresh_world() as in_parts:
        at_once.take(*history)
        for start in range(0, len(history), batch):
            in_parts.take(*history[start : start + batch], chunk=chunk)
        assert in_parts.raw_log() == at_once.raw_log()
        assert in_parts.digests() == at_once.digests()


@given(histories())
def test_the_log_carries_everything(history: list[dict[str, Any]]) -> None:
    """What `log` prints, taken into a fresh home, gives the same log and the same state."""
    with fresh_world() as one, fresh_world() as other:
        one.take(*history)
        other.take(lines(*one.raw_log()))
        assert other.raw_log() == one.raw_log()
        assert other.digests() == one.digests()


@pytest.mark.parametrize("updated", ["0001-01-01 00:00:00 +0500", "9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00Z"])
def test_a_time_beyond_the_calendar_goes_to_quarantine(world: World, updated: str) -> None:
    """One odd time neither stops an ingest nor makes an answer fail later."""
    report = world.take(outcome("7", "2025-01-01", updated=updated), outcome("8", "2025-01-01"))
    assert (report.appended, report.quarantined) == (1, 1)
    assert [entry.ref.id for entry in world.timeline()] == ["8"]


def test_views_that_were_left_are_made_by_the_next_question(tmp_path: Path) -> None:
    """Nothing of what an ingest has returned from is missing in any answer, whether views were there before or not."""
    outcomes = Outcomes(tmp_path / "home")
    for number, known in (("7", 1), ("8", 2)):
        given = lines(outcome(number, "2025-01-01"))
        ran = outcomes("ingest", "--leave-views", "--format", "json", stdin=given)
        assert (ran.code, ran.json()["appended"], ran.json()["head"]) == (0, 1, known)
        status = outcomes.json("status")
        assert (status["head"], status["views_position"]) == (known, known - 1)
        assert outcomes.json("show", "outcome", number)["id"] == number
    assert outcomes.json("status")["views_position"] == 2
