"""One entity, replayed from its own events: the same answers as the versions in the views give, whatever happened."""

import sqlite3
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes.domain.catalog import AGGREGATES, parse_event
from outcomes.domain.changes import changed_fields
from outcomes.domain.event import Event
from outcomes.domain.identity import EntityRef, Kind
from outcomes.domain.times import to_text
from outcomes.projections.as_of.point import PointInTime, PointQuery, resolve
from outcomes.projections.as_of.state import state_at
from outcomes.projections.as_of.versions import versions_of
from outcomes.projections.history.blame import blame
from outcomes.projections.history.timeline import actor_of
from outcomes.projections.views.extract import extract_row
from outcomes.store.encoding.arrival import Arrivals, arrival_of
from outcomes.store.encoding.content_digest import content_digest
from outcomes.store.log.event_log import EventLog
from outcomes.store.sources.segment import Segment
from tests.support.given import TENANT, lines, link, outcome
from tests.support.histories import POINTS, histories
from tests.support.people import ADA, BO, class_of_six
from tests.support.world import World


def from_versions(connection: sqlite3.Connection, log: EventLog, point: PointInTime, ref: EntityRef) -> tuple[Any, Any]:
    """Answer what `show` and `blame` answer from the versions in the views, each read at its position in the log."""
    state = position = event_time = before = None
    blamed: dict[str, dict[str, Any]] = {}
    versions = versions_of(connection, point, ref.kind, ref.id)
    for order, position in versions:
        record = log.records_at([position])[0]
        event = log.parse(record)
        assert isinstance(event, Event)
        assert event.ref == ref
        state, event_time = event.body.state(), to_text(order.event_time)
        actor = actor_of(event.metadata, is_erased=log.is_partly_erased(record))
        for name, (_, value) in changed_fields(before, state).items():
            blamed[name] = {"value": value, "since": event_time, "actor": actor, "position": position}
        before = state
    return (state, event_time, position, len(versions)), blamed or None


def assert_alike(world: World, refs: Iterable[EntityRef], as_of: str | None, known_at: str | None) -> int:
    """Compare both ways of answering for each entity; return how many of them were known."""
    known = 0
    with world.opened() as (log, views), views.reading() as connection:
        tenants = log.tenants()
        for ref in refs:
            if ref.tenant not in tenants:
                continue
            point = resolve(connection, PointQuery(ref.tenant, as_of, known_at))
            shown = state_at(connection, log, point, ref.kind, ref.id)
            seen, blamed = from_versions(connection, log, point, ref)
            assert (shown["state"], shown["event_time"], shown["position"], shown["events"]) == seen
            assert (blame(log, point, ref.kind, ref.id) or None) == blamed
            # Counting earlier events gives what folding each of them does.
            folded = AGGREGATES[ref.kind].replay(log.history(ref), as_of=point.as_of, known_at=point.known_at)
            assert log.load(ref, as_of=point.as_of, known_at=point.known_at) == folded
            known += seen[0] is not None
    return known


@given(histories(), st.sampled_from([*POINTS, None]), st.none() | st.integers(0, 16))
def test_a_replay_shows_what_the_versions_show(
    history: list[dict[str, Any]], as_of: str | None, known_at: int | None
) -> None:
    """`show` and `blame`, at any (T, P): events that tie, come late, delete, revive, in two tenants."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder) / "home")
        world.take(*history)
        with world.opened() as (log, _):
            refs = refs_in(log)
        assert assert_alike(world, refs, None, None) == len(refs)
        assert_alike(world, refs, as_of, None if known_at is None else str(known_at))


@pytest.mark.parametrize("person", [None, ADA, BO])
@pytest.mark.parametrize("known_at", [None, "5", "16"])
def test_a_replay_shows_what_is_left_of_erased_events(tmp_path: Path, person: str | None, known_at: str | None) -> None:
    """In an encrypted home, before and after an erasure: what nobody can read any more is in neither answer."""
    world = World(tmp_path / "home", encrypt=True)
    world.take(*class_of_six())
    if person is not None:
        with world.opened() as (log, _):
            refs = refs_in(log)
        assert world.erase(person)
        assert assert_alike(world, refs, None, known_at) < len(refs)
    with world.opened() as (log, _):
        refs = refs_in(log)
    assert assert_alike(world, refs, None, None) == len(refs)
    assert assert_alike(world, refs, "2025-02-01", known_at) > 0


def refs_in(log: EventLog) -> list[EntityRef]:
    """Return the entities of all events that can be read."""
    parsed = [log.parse(record) for record in log.records()]
    return list(dict.fromkeys(event.ref for event in parsed if isinstance(event, Event)))


def test_a_replay_sees_an_erasure_of_another_process(tmp_path: Path) -> None:
    """Keys that one open log still holds in memory open nothing once they were destroyed elsewhere."""
    world = World(tmp_path / "home", encrypt=True)
    world.take(*class_of_six())
    theirs = EntityRef(TENANT, Kind.RESULT, "51")
    with world.opened() as (log, _):
        assert log.load(theirs) is not None
        assert world.erase(ADA)
        assert log.load(theirs) is None


def test_a_link_says_what_its_outcomes_deletion_did_to_it(world: World) -> None:
    """`implied` stands beside the state of a link, and of nothing else."""
    world.take(
        outcome("7", "2025-01-01"),
        link("70", "2025-01-02", outcome="7", group="1"),
        outcome("7", "2025-02-01", updated="2025-02-01", workflow_state="deleted"),
    )
    for as_of, implied in ((None, "deleted"), ("2025-01-15", None)):
        with world.at(as_of) as (log, connection, point):
            assert state_at(connection, log, point, Kind.LINK, "70")["implied"] == implied
            assert "implied" not in state_at(connection, log, point, Kind.OUTCOME, "7")


def test_what_an_older_version_did_not_know_is_replayed_too(world: World) -> None:
    """Such events lie under their names, not under their entity; views made anew have them, and so has a replay."""
    known, unknown = outcome("7", "2025-02-01"), outcome("7", "2025-03-01", updated="2025-03-01", title="Later")
    world.take(known, outcome("8", "2025-01-01"))
    with world.opened() as (log, _), log.writing() as connection:
        raw = lines(unknown)
        arrival = arrival_of(Segment(raw, 1), content_digest(unknown, raw), parse_event(unknown), extract_row)
        arrival = arrival._replace(stream="other/learning_outcome_updated")
        log.append(connection, Arrivals.of([arrival]), "an older version", world.clock)
    refs = [EntityRef(TENANT, Kind.OUTCOME, "7"), EntityRef(TENANT, Kind.OUTCOME, "8")]
    assert assert_alike(world, refs, None, None) == 2
    assert assert_alike(world, refs, "2025-02-15", None) == 2
    assert assert_alike(world, refs, None, "2") == 2
    with world.at() as (log, connection, point):
        shown = state_at(connection, log, point, Kind.OUTCOME, "7")
    assert (shown["state"]["title"], shown["position"], shown["events"]) == ("Later", 3, 2)
