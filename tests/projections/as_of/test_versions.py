"""The version in force: what a seek in the views finds is what a replay of the entity finds."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from outcomes.domain.catalog import parse_event
from outcomes.domain.event import Event
from outcomes.projections.as_of.point import PointQuery, resolve
from outcomes.projections.as_of.versions import in_force
from tests.support.histories import POINTS, histories
from tests.support.world import fresh_world


@given(histories(), st.sampled_from([*POINTS, None]), st.integers(0, 16))
def test_views_equal_replays(history: list[dict[str, Any]], as_of: str | None, known_at: int) -> None:
    """What a seek in the views finds is what the library's repository rebuilds from the entity's own events."""
    with fresh_world() as world:
        world.take(*history)
        with world.opened() as (log, views), views.reading() as connection:
            for value in history:
                event = parse_event(value)
                assert isinstance(event, Event)
                point = resolve(connection, PointQuery(event.tenant, as_of, str(known_at)))
                replayed = log.load(event.ref, as_of=point.as_of, known_at=point.known_at)
                seen = in_force(connection, point, event.ref.kind, event.ref.id)
                if replayed is None:
                    assert seen is None
                else:
                    assert seen == (replayed.event_time, replayed.position, replayed.events)
