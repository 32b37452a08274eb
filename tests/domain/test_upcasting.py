"""Every shape that an event ever had is read as if it were sent today; what came is not touched by that."""

import copy
import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes.domain.catalog import EVENT_TYPES, HISTORIES, parse_event, upcast
from outcomes.domain.errors import NotAnEvent, SchemaGap
from outcomes.domain.event import Event
from outcomes.domain.identity import Kind
from outcomes.domain.upcasting import OF_RESULTS, History
from outcomes.projections.history.timeline import Filters
from outcomes.store.encoding.content_digest import content_digest
from tests.support.world import World

SHAPES = {path.stem: json.loads(path.read_text()) for path in sorted(Path(__file__).with_name("shapes").glob("*.json"))}


def history_of(event: Any) -> History:
    """Return the shapes of an event's family."""
    return HISTORIES[event["metadata"]["event_name"]]


@pytest.mark.parametrize("name", SHAPES)
class TestEachShape:
    """One fixture for each: an event as it was sent, its version, and its body in the present shape."""

    def test_it_is_known_by_itself(self, name: str) -> None:
        """No event carries a schema number: what is in it tells."""
        shape = SHAPES[name]
        assert history_of(shape["event"]).version_of(shape["event"]["body"]) == shape["version"]

    def test_it_is_brought_to_the_present(self, name: str) -> None:
        """Through every step from there on; what was not told is null, what is told no longer is left out."""
        shape, history = SHAPES[name], history_of(SHAPES[name]["event"])
        present = history.upcast(shape["event"]["body"])
        assert present == shape["present"]
        assert history.version_of(present) == history.current
        assert history.upcast(present) == present

    def test_it_is_parsed_like_one_of_today(self, name: str) -> None:
        """The event is the one that its present body makes."""
        shape = SHAPES[name]
        assert parse_event(shape["event"]) == parse_event({**shape["event"], "body": shape["present"]})

    def test_what_came_is_left_as_it_is(self, name: str) -> None:
        """Upcasters are pure: the decoded value, which the digest is taken of, does not change."""
        event = SHAPES[name]["event"]
        before = copy.deepcopy(event)
        parse_event(event)
        assert event == before

    def test_the_log_keeps_its_bytes_and_its_digest(self, world: World, name: str) -> None:
        """In the log stands what came; the views and a replay say the same of it."""
        raw = orjson.dumps(SHAPES[name]["event"])
        assert world.take(raw).appended == 1
        assert world.raw_log() == [raw]
        with world.opened() as (log, _):
            assert [record.digest for record in log.records()] == [content_digest(orjson.loads(raw), raw)]
        assert world.verify()["problems"] == []
        assert world.take(raw).duplicates == 1


def test_every_shape_has_a_fixture() -> None:
    """Of results, which have had most; nobody adds a version without showing one."""
    result_versions = {
        shape["version"]
        for shape in SHAPES.values()
        if HISTORIES[shape["event"]["metadata"]["event_name"]].current == 7
    }
    all_versions = {shape["version"] for shape in SHAPES.values()}
    assert result_versions >= {1, 3, 4, 5, 6, 7}
    assert all_versions == {1, 2, 3, 4, 5, 6, 7}
    assert {history.current for history in HISTORIES.values()} == {3, 7}
    assert HISTORIES.keys() == EVENT_TYPES.keys()


def test_a_result_of_today_takes_no_step() -> None:
    """It is handed on as it is, not copied."""
    body = SHAPES["result_of_today"]["event"]["body"]
    assert upcast("learning_outcome_result_created", body) is body


def test_a_change_of_shape_is_no_change_of_state(world: World) -> None:
    """When Canvas began to send ids as text and left titles and nulls out, nobody edited anything."""
    old = SHAPES["result_of_2019"]["event"]
    today = {
        "metadata": {
            **old["metadata"],
            "event_name": "learning_outcome_result_updated",
            "event_time": "2025-05-06T12:00Z",
        },
        "body": {
            name: str(value) if name == "id" or name.endswith("_id") else value
            for name, value in old["body"].items()
            if value is not None and name != "title"
        },
    }
    world.take(old, today)
    entries = world.timeline(Filters(entities=((Kind.RESULT, "71004"),), everything=True))
    assert entries[1].fields == {}


@pytest.mark.parametrize("told", [412, 412.0, "412", 1, 0, "1"])
def test_an_outcomes_id_is_no_mastery(world: World, told: Any) -> None:
    """Also an id of 1 or 0, which would pass for true or false; the score counts all the same."""
    event = copy.deepcopy(SHAPES["result_of_today"]["event"])
    event["body"] |= {"mastery": told, "score": 3.5}
    report = world.take(event)
    assert (report.appended, report.quarantined) == (1, 0)
    found = parse_event(event)
    assert isinstance(found, Event)
    assert found.body.state()["score"] == 3.5
    assert "mastery" not in found.body.state()


def test_a_result_without_an_id_waits_in_quarantine(world: World) -> None:
    """No step can know it, so none makes one up."""
    event = copy.deepcopy(SHAPES["result_of_2019"]["event"])
    del event["body"]["id"]
    with pytest.raises(NotAnEvent, match=r"body\.id is absent"):
        parse_event(event)
    assert world.take(event).quarantined == 1


# -- laws ---------------------------------------------------------------------------------------------------------

FIELDS = [name for name in SHAPES["result_of_today"]["present"] if name not in {"id", "learning_outcome_id"}]


@given(
    absent=st.sets(st.sampled_from(FIELDS)),
    null=st.sets(st.sampled_from([*FIELDS, "added_in_2031"])),
    number=st.booleans(),
    title=st.booleans(),
)
def test_shapes_may_be_mixed(absent: set[str], null: set[str], number: bool, title: bool) -> None:
    """Whatever was absent, null, a number or still there: the same event as one of today that tells as much."""
    today = SHAPES["result_of_today"]["event"]
    told = {name: value for name, value in today["body"].items() if name not in absent | null}
    sent = {**told, **dict.fromkeys(null - absent)}
    if number:
        sent |= {name: int(value) for name, value in told.items() if name == "id" or name.endswith("_id")}
    if title:
        sent |= {"title": "Nia Ashdown, Essay on wells"}
    found, wanted = (parse_event({**today, "body": body}) for body in (sent, told))
    assert isinstance(found, Event)
    assert isinstance(wanted, Event)
    assert found.body.state() == wanted.body.state()
    assert (found.ref, found.event_time) == (wanted.ref, wanted.event_time)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.just("x_id"), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    st.sampled_from(sorted(HISTORIES)),
    st.dictionaries(st.sampled_from(["id", "title", "user_uuid", "a_id", "b"]), JSON),
)
def test_any_body_comes_to_the_present_and_stays_there(name: str, body: dict[str, Any]) -> None:
    """No body fails, none is changed in place, twice is once; the quick look and the slow one agree."""
    before, history = copy.deepcopy(body), HISTORIES[name]
    present = history.upcast(body)
    assert body == before
    assert history.upcast(present) == present
    if present is body:
        assert history.version_of(body) == history.current


# -- the check at the start ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("current", "steps"),
    [
        (8, (1, 2, 3, 4, 5, 6)),
        (6, (1, 2, 3, 4, 5, 6)),
        (7, (1, 2, 3, 5, 6)),
        (7, (2, 3, 4, 5, 6)),
        (7, (1, 2, 3, 4, 6, 5)),
        (2, ()),
    ],
)
def test_a_chain_with_a_gap_does_not_start(current: int, steps: tuple[int, ...]) -> None:
    """A step missing, doubled, out of order, or none to the current version: the error says which there must be."""
    by_version = {upcaster.version: upcaster for upcaster in OF_RESULTS.upcasters}
    shapes = OF_RESULTS._replace(upcasters=tuple(by_version[version] for version in steps))
    with pytest.raises(SchemaGap, match=f"is at version {current}, but .* must be one from each of 1 to {current - 1}"):
        History("learning_outcome_result_created", "id", current, shapes)
