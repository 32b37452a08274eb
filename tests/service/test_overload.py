"""More comes than can be written: senders are told to come again, and do."""

from pathlib import Path

import pytest

from scripts.bench.overload import Plan, overload


@pytest.mark.long
def test_at_twice_what_it_can_take_canvas_brings_everything_in(tmp_path: Path) -> None:
    """503 with Retry-After, never silence; four tries by Canvas's waits, scaled down, and all is in the log, once."""
    for factor in (2, 8, 32, 128):
        # What it can take is not the same from one moment to the next; it is too much once it says so.
        (tmp_path / str(factor)).mkdir()
        found = overload(tmp_path / str(factor), Plan(seconds=0.3, scale=40, at_once=64, factor=factor))
        assert found.answers.keys() <= {"204", "503"}
        assert found.without_retry_after == 0
        assert (found.lost, found.stored, found.twice, found.unkept) == (0, found.offered, 0, 0)
        if "503" in found.answers:
            return
    raise AssertionError(found)
