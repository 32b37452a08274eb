"""The laws that everything rests on, tried on random histories in real files."""

import random
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from outcomes.domain.catalog import parse_event
from outcomes.domain.event import Event
from outcomes.projections.as_of.point import PointQuery, resolve, tenants
from outcomes.projections.as_of.versions import in_force
from outcomes.store.encoding.content_digest import content_digest
from tests.support.given import lines
from tests.support.histories import POINTS, histories
from tests.support.world import World

PROBED = ["2025-01-15", "2025-02-01T08:00:00.000Z", "2025-03-01T08:00:00Z", None]


@contextmanager
def fresh_world() -> Iterator[World]:
    """Give a home in a folder that is gone afterwards."""
    memory = Path("/dev/shm")  # noqa: S108 - real files, without waiting for a disk hundreds of times
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield World(Path(folder) / "home")


def digests(world: World) -> list[Any]:
    """Return the fingerprints of a home at several times."""
    return [world.digest(as_of) for as_of in PROBED]


def everything_known(world: World, as_of: str | None, known_at: str | None) -> list[Any]:
    """Return every tree and timeline at a point, for each tenant."""
    with world.opened() as (_, views), views.reading() as connection:
        known = list(tenants(connection))
    answers: list[Any] = [world.digest(as_of, known_at)]
    for tenant in known:
        point = {"as_of": as_of, "known_at": known_at, "tenant": tenant}
        answers += [
            world.tree(context, include_deleted=True, **point) for context in ("Account:1", "Course:200", "Global")
        ]
        answers.append([entry.as_json() for entry in world.timeline(**point)])
    return answers


@given(histories(), st.randoms(use_true_random=False))
def test_any_order_of_arrival_and_any_repeats_give_the_same_state(
    history: list[dict[str, Any]], chance: random.Random
) -> None:
    """However events arrive, late, shuffled or twice, the state at every time is the same."""
    shuffled = [*history, *chance.choices(history, k=3)]
    chance.shuffle(shuffled)
    with fresh_world() as in_order, fresh_world() as disordered:
        in_order.take(*history)
        for start in range(0, len(shuffled), 4):
            disordered.take(*shuffled[start : start + 4])
        assert digests(disordered) == digests(in_order)


@given(histories(), st.integers(1, 20), st.integers(1, 2000))
def test_splitting_the_input_changes_nothing(history: list[dict[str, Any]], batch: int, chunk: int) -> None:
    """One run or many, small reads or large: the same log and the same state."""
    with fresh_world() as at_once, fresh_world() as in_parts:
        at_once.take(*history)
        for start in range(0, len(history), batch):
            in_parts.take(*history[start : start + batch], chunk=chunk)
        assert in_parts.raw_log() == at_once.raw_log()
        assert digests(in_parts) == digests(at_once)


@given(histories(), histories(), st.sampled_from([*POINTS, None]))
def test_what_was_known_at_a_position_never_changes(
    before: list[dict[str, Any]], after: list[dict[str, Any]], as_of: str | None
) -> None:
    """A report made at (T, P) can be made again, to the letter, whatever arrives later."""
    with fresh_world() as world:
        known_at = str(world.take(*before).head)
        then = everything_known(world, as_of, known_at)
        world.take(*after)
        tenants_then = len(then) - 1
        now = everything_known(world, as_of, known_at)
        # Tenants that turned up since are empty at that point; those that were there answer as before.
        assert now[: tenants_then + 1] == then


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


@given(histories())
def test_the_log_carries_everything(history: list[dict[str, Any]]) -> None:
    """What `log` prints, taken into a fresh home, gives the same log and the same state."""
    with fresh_world() as one, fresh_world() as other:
        one.take(*history)
        other.take(lines(*one.raw_log()))
        assert other.raw_log() == one.raw_log()
        assert digests(other) == digests(one)


@given(histories())
def test_deleting_the_views_loses_nothing(history: list[dict[str, Any]]) -> None:
    """views.db is disposable: made anew, it answers every question as before, and passes the proof."""
    with fresh_world() as world:
        world.take(*history)
        before = everything_known(world, "2025-02-15", None)
        world.home.views_path.unlink()
        assert everything_known(world, "2025-02-15", None) == before
        assert world.verify()["problems"] == []
