"""Replaying one entity from its stream: the order of the contract, and the states of documented examples."""

from collections import defaultdict
from datetime import datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes.domain.catalog import parse_event
from outcomes.domain.identity import EntityRef, Kind
from outcomes.domain.times import to_text
from outcomes.projections.as_of.point import PointQuery, resolve, tenants
from outcomes.store.encoding.content_digest import content_digest
from tests.support.histories import POINTS, histories
from tests.support.shared_files import DOCUMENTED, Shared, lines_of
from tests.support.world import World, fresh_world


@given(histories(), st.sampled_from([*POINTS, None]))
def test_replays_equal_the_contracts_order(history: list[dict[str, Any]], as_of: str | None) -> None:
    """The state is the body of the last event by event time, updated_at (absent first), created before updated."""

    def instant(text: str) -> datetime:
        moment = datetime.fromisoformat(text.replace(" +0000", "+00:00"))
        return moment if moment.tzinfo else moment.replace(tzinfo=datetime.fromisoformat(POINTS[0]).tzinfo)

    never = instant("1900-01-01T00:00:00Z")
    last: dict[Any, tuple[Any, dict[str, Any]]] = defaultdict(lambda: ((never, never, False, b""), {}))
    for value in history:
        meta, body = value["metadata"], value["body"]
        if as_of is not None and instant(meta["event_time"]) > instant(as_of):
            continue
        raw = orjson.dumps(value)
        key = (
            instant(meta["event_time"]),
            instant(body["updated_at"]) if "updated_at" in body else never,
            meta["event_name"].endswith("_updated"),
            content_digest(orjson.loads(raw), raw),
        )
        ref = parse_event(value).ref  # type: ignore[union-attr] - histories hold projected events only
        last[ref] = max(last[ref], (key, body), key=lambda pair: pair[0])
    with fresh_world() as world:
        world.take(*history)
        with world.opened() as (log, views), views.reading() as connection:
            cut = resolve(connection, PointQuery(next(iter(tenants(connection))), as_of)).as_of
            for ref, (_, body) in last.items():
                found = log.load(ref, as_of=cut)
                assert found is not None
                said = {name: value for name, value in found.state().items() if not name.endswith("_at")}
                sent = {name: value for name, value in body.items() if value is not None and not name.endswith("_at")}
                assert orjson.loads(orjson.dumps(said)) == sent


class TestDocumentedExamples:
    """The ten examples of the public page: ties, a creation after an update, an offset."""

    @pytest.fixture
    def world(self, shared: Shared, world: World) -> World:
        """A home with the ten."""
        report = world.take(*lines_of(shared(DOCUMENTED)))
        assert (report.read, report.appended, report.quarantined, report.unprojected) == (10, 10, 0, 0)
        return world

    def last(self, world: World, kind: Kind, local_id: str) -> tuple[dict[str, Any], str, int, int]:
        """Return the final state, the event time and position of the event that made it, and how many there were."""
        with world.at() as (log, _, at):
            found = log.load(EntityRef(at.tenant, kind, local_id))
        assert found is not None
        return found.state(), to_text(found.event_time), found.position, found.events

    def test_outcome_12345_ends_in_its_creation(self, world: World) -> None:
        """Updated on the 1st, created (by a course copy) on the 5th: event time wins, mastery is at 2 of 3."""
        state, *made = self.last(world, Kind.OUTCOME, "12345")
        assert made == ["2019-11-05T10:03:37.526Z", 1, 2]
        assert (state["rubric_criterion"]["mastery_points"], state["rubric_criterion"]["points_possible"]) == (2, 3)
        assert "updated_at" not in state

    def test_group_75033_ends_in_its_creation(self, world: World) -> None:
        """The update is of 13:49, the creation of 18:42 of the same day."""
        state, *made = self.last(world, Kind.GROUP, "75033")
        assert made == ["2019-11-01T18:42:34.373Z", 2, 2]
        assert "updated_at" not in state

    def test_the_two_links_are_two(self, world: World) -> None:
        """12345678 and 12345: each has one event."""
        created, *made = self.last(world, Kind.LINK, "12345678")
        assert (created["learning_outcome_group_id"], made) == ("123456", ["2019-11-01T19:12:01.333Z", 4, 1])
        updated, *made = self.last(world, Kind.LINK, "12345")
        assert (updated["learning_outcome_group_id"], made) == ("1001", ["2019-11-01T19:12:12.060Z", 5, 1])

    def test_result_1_ends_in_its_update(self, world: World) -> None:
        """Both at one instant: the one with a clock of its own is later than the one without."""
        state, *made = self.last(world, Kind.RESULT, "1")
        assert made == ["2019-08-09T21:35:05.000Z", 7, 2]
        assert state["updated_at"] == "2019-11-01T00:21:24.000Z"

    def test_proficiency_1_ends_in_its_update(self, world: World) -> None:
        """A tie again; its clock is written with -06:00 and told in UTC."""
        state, *made = self.last(world, Kind.PROFICIENCY, "1")
        assert made == ["2020-08-18T23:28:24.396Z", 10, 2]
        assert state["updated_at"] == "2020-08-18T23:24:46.000Z"
        assert [rating["points"] for rating in state["outcome_proficiency_ratings"]] == [4, 3, 2, 1, 0]
