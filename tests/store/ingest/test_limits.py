"""Where an ingest stops by itself: a source that is none of ours, and a clock that cannot be right."""

from pathlib import Path

import pytest

from outcomes.domain.errors import HomeUnavailable
from tests.support.forked import Forked
from tests.support.given import group, lines
from tests.support.world import World

DAY = 86_400_000_000


def junk(count: int) -> bytes:
    """Return lines that are no events, no two alike."""
    return b"".join(b'{"level": "info", "number": %d}\n' % number for number in range(count))


def test_what_fails_wholesale_stops_after_a_limit(tmp_path: Path) -> None:
    """A hundred thousand lines of another program: one line, exit 2, and a bounded number of them is kept."""
    path, good = tmp_path / "other.log", tmp_path / "good.ndjson"
    path.write_bytes(junk(100_000))
    good.write_bytes(lines(group("1", "2025-01-01")))
    home = Forked(tmp_path / "home")
    ran = home("ingest", str(path), str(good), "--format", "json")
    assert ran.code == 2
    (error,) = [text for text in ran.err.splitlines() if text.startswith("error: ")]
    assert f"{path} was read up to line " in error
    assert "and 0 are; the first is line 1: not an event" in error
    counts = ran.json()
    assert 1_000 <= counts["quarantined"] < 10_000
    # The next source is read as well.
    assert counts["appended"] == 1


def test_a_source_with_some_events_in_it_is_read_to_its_end(tmp_path: Path) -> None:
    """One event in fifty is a mixed feed, not a mistake."""
    mixed = b"".join(
        lines(group(str(number), "2025-01-01")) + b"\n" + junk(50).replace(b"number", b"n%d" % number)
        for number in range(60)
    )
    counts = Forked(tmp_path / "home")("ingest", "--format", "json", stdin=mixed).json()
    assert (counts["appended"], counts["quarantined"]) == (60, 3_000)


def test_a_clock_that_is_days_behind_the_last_batch_appends_nothing(world: World) -> None:
    """Recorded times only grow, so one batch under a wrong clock would fix them for years: it says what to do."""
    world.take(group("1", "2025-01-01"))
    world.clock -= DAY
    world.take(group("2", "2025-01-01"))
    world.clock -= 1
    with pytest.raises(HomeUnavailable, match="nothing was appended: set the clock right; or") as refusal:
        world.take(group("3", "2025-01-01"))
    assert "the clock says 2026-01-09T11:59:59.999999Z" in str(refusal.value)
    assert "recorded at 2026-01-10T12:00:00.000Z" in str(refusal.value)
    assert len(world.raw_log()) == 2


def test_a_clock_that_ran_ahead_once_can_be_lived_with(world: World) -> None:
    """Told to trust the clock, it appends, at the time of the last batch, until the clock has passed that."""
    world.clock += 365 * DAY
    world.take(group("1", "2025-01-01"))
    world.clock -= 365 * DAY
    assert world.take(group("2", "2025-01-01"), trusts_clock=True).appended == 1
    with world.opened() as (log, _):
        assert [batch.recorded_at for batch in log.batches()] == [world.clock + 365 * DAY] * 2
    world.clock += 366 * DAY
    world.take(group("3", "2025-01-01"))
    with world.opened() as (log, _):
        assert [batch.recorded_at for batch in log.batches()][-1] == world.clock


def test_status_and_doctor_tell_of_a_clock_that_ran_ahead(tmp_path: Path) -> None:
    """By how much, and since which batch; ingest takes an option then."""
    world = World(tmp_path / "home")
    world.clock += 365_000 * DAY // 1_000 * 10  # ten years
    world.take(group("1", "2025-01-01"))
    home = Forked(tmp_path / "home")
    assert home.json("status")["clock_behind_seconds"] > 86_400
    findings = {finding["finding"]: finding for finding in home.json("doctor")["findings"]}
    assert findings["batches_of_the_future"]["count"] == 1
    assert findings["batches_of_the_future"]["examples"][0]["position"] == 1
    assert "--trust-clock" in findings["batches_of_the_future"]["advice"]
    given = lines(group("2", "2025-01-01"))
    assert home("ingest", stdin=given).code == 2
    assert home("ingest", "--trust-clock", stdin=given).code == 0
    assert home.json("status")["head"] == 2
