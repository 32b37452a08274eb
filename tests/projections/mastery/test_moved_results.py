"""A result that moved from place to place counts where it is at the point, and asking for it does not get slow."""

import time
from pathlib import Path

from outcomes.projections.mastery.query import mastery_at
from outcomes.projections.mastery.results import Scope
from tests.support.given import outcome, result
from tests.support.world import World


def moved(world: World, times: int) -> World:
    """One result in as many courses, one after the other, and another one beside it in each."""
    minutes = [f"2025-02-{1 + n // 1440:02d}T{n // 60 % 24:02d}:{n % 60:02d}:00Z" for n in range(times + 1)]
    world.take(
        outcome("7", "2025-01-01"),
        *(result("50", when, course=f"{300 + n}", score=n % 5, updated=when) for n, when in enumerate(minutes[1:])),
        *(result(f"{9000 + n}", minutes[0], course=f"{300 + n}", student="studentBen") for n in range(times)),
    )
    return world


def test_it_counts_where_it_is(world: World) -> None:
    """Of five courses only the last has it; as of the third move, the third; all have the other student's."""
    moved(world, 5)
    for as_of, course, score in ((None, "304", 4.0), ("2025-02-01T00:03:30Z", "302", 2.0)):
        with world.at(as_of) as (_, connection, point):
            rows = list(mastery_at(connection, point, Scope()))
        assert [(row.course_id, row.score) for row in rows if row.student == "studentAda"] == [(course, score)]
        assert [row.course_id for row in rows if row.student == "studentBen"] == ["300", "301", "302", "303", "304"]


def test_many_moves_take_as_long_as_there_are(tmp_path: Path) -> None:
    """Four times as many moves, courses and rows: the time may be four times as long, not sixteen times."""
    seconds = []
    for times in (250, 1_000):
        world = moved(World(tmp_path / str(times)), times)
        with world.at() as (_, connection, point):
            began = time.process_time()
            rows = list(mastery_at(connection, point, Scope()))
            seconds.append(time.process_time() - began)
        assert len(rows) == times + 1
    assert seconds[1] < 9 * seconds[0]
