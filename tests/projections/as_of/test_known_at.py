"""What was known at a point of the log: found past any number of versions that were recorded later."""

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from outcomes.domain.identity import Context, Kind
from outcomes.projections.as_of.lookups import seek
from outcomes.projections.as_of.tree import tree_at
from tests.support.given import group, link, outcome
from tests.support.world import World, fresh_world


def edits(count: int, *, of: str = "7") -> list[dict[str, Any]]:
    """Return so many updates of an outcome, one a second."""
    times = [f"2025-03-01T{n // 3600:02d}:{n // 60 % 60:02d}:{n % 60:02d}Z" for n in range(count)]
    return [outcome(of, time, title=f"At {time}", updated=time) for time in times]


@given(st.integers(1, 70), st.sampled_from(["in order", "backwards", "shuffled"]), st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_it_is_the_newest_of_those_recorded_by_then(count: int, arrival: str, chance: random.Random) -> None:
    """For every event time and position, whatever the order of arrival, some of it in batches of their own."""
    events = edits(count)
    if arrival == "backwards":
        events.reverse()
    elif arrival == "shuffled":
        chance.shuffle(events)
    cut = chance.randint(0, count)
    with fresh_world() as world:
        world.take(*events[:cut])
        world.take(*events[cut:])
        with world.at() as (_, connection, at):
            rows = connection.execute("SELECT event_time, position FROM outcome_versions").fetchall()
            sql = f"SELECT {seek(Kind.OUTCOME, ':id')}"
            for until in {row[0] for row in rows} | {at.until, 1}:
                for known_at in range(count + 1):
                    bounds = {**at.bounds(), "until": until, "known_at": known_at, "id": "7"}
                    (found,) = connection.execute(sql, bounds).fetchone()
                    known = [row for row in rows if row[0] <= until and row[1] <= known_at]
                    assert found == (max(known)[1] if known else None)


def test_a_tree_behind_thousands_of_later_versions_is_nearly_as_near_as_now(world: World) -> None:
    """SQLite counts its own steps: a few times those of a question without --known-at, and not thousands of times."""
    world.take(group("1", "2025-01-01"), outcome("7", "2025-01-01"), link("70", "2025-01-01", outcome="7", group="1"))
    # Another event of the future of that time, so that no question can stop at the newest one known.
    world.take(group("2", "2025-12-01", parent="1"))
    world.take(*edits(4_000))
    counted = 0

    def count() -> int:
        nonlocal counted
        counted += 1
        return 0

    steps = {}
    with world.at() as (_, connection, at):
        for known_at in (at.known_at, 4, 2_000):
            counted = 0
            connection.set_progress_handler(count, 1)
            tree_at(connection, at._replace(known_at=known_at), Context("Account", "1"))
            connection.set_progress_handler(None, 0)
            steps[known_at] = counted
    assert steps[4] < 5 * steps[at.known_at]
    assert steps[2_000] < 5 * steps[at.known_at]
