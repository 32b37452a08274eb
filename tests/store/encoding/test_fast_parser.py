"""The quick way to read events: whatever it reads, it reads as the domain does; whatever is odd, it leaves alone."""

import copy
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from outcomes.domain.catalog import EVENT_TYPES, parse_event
from outcomes.domain.errors import NotAnEvent
from outcomes.domain.event import Event, Metadata, OtherEvent
from outcomes.projections.views.extract import extract_row
from outcomes.store.encoding import fast_parser
from outcomes.store.encoding.arrival import Arrival, read
from outcomes.store.encoding.content_digest import content_digest
from outcomes.store.encoding.fast_structs import FastEvent
from outcomes.store.ingest.prepare import value_of
from outcomes.store.sources.json_splitter import split
from outcomes.store.sources.segment import Segment
from scripts.generator import generate
from tests.support.given import (
    ASKER,
    TENANT,
    account,
    calculation_method,
    course,
    group,
    link,
    outcome,
    result,
    rubric_assessed,
    setting,
)

PLAIN = result(
    "7001",
    "2025-03-04T05:06:07.089Z",
    score=3.5,
    meta={"job_id": "41230000000000555", "job_tag": "RubricAssessment#update", "root_account_id": "41230000000000001"},
    mastery=True,
    original_score=2.0,
    attempt=2,
    artifact_created_at="2025-03-04T05:06:00Z",
    associated_asset_type="Assignment",
    associated_asset_id="88",
)
PLAIN_EVENTS: dict[str, Any] = {
    "result": PLAIN,
    "result with numbers for ids": {
        "metadata": {**PLAIN["metadata"], "root_account_id": 41230000000000001},
        "body": {**PLAIN["body"], "id": 7001, "learning_outcome_id": 7},
    },
    "outcome": outcome("7", "2025-01-01T00:00:00+02:00", updated="2025-01-01T00:00:00Z", meta=ASKER),
    "group": group("3", "2025-01-01T00:00:00.001Z", parent="1", meta=ASKER),
    "link": link("5", "2025-01-01T00:00:00.001Z", outcome="7", group="3"),
    "rubric assessment": rubric_assessed("9", "2025-01-01T00:00:00Z", submitted="2024-12-31T00:00:00Z", meta=ASKER),
    "course": course("41230000000000200", "2025-01-01T00:00:00Z"),
    "account": account("41230000000000002", "2025-01-01T00:00:00Z"),
    "calculation method": calculation_method("4", "2025-01-01T00:00:00Z", size=3),
    "setting": setting("account_level_mastery_scales", "2025-01-01T00:00:00Z", value=True),
}
ODD: list[Any] = [
    *(
        None,
        True,
        False,
        0,
        -0.0,
        1.0,
        2**53 + 2.0,
        2**63,
        1e308,
        "",
        " ",
        "x y",
        "é",
        "a\tb",
        "\x7f",
        "7",
        "007",
        "9" * 300,
    ),
    *("true", "null", "3.5", [], {}, [1], "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2025-02-30T00:00:00Z"),
    *("2025-03-04T05:06:07.1239999Z", "2025-03-04T05:06:07", "2025-03-04 05:06:07 -0800", "2025-03-04T05:06:07+02:00"),
    *("2025-03-04t05:06:07z", "2025-03-04", "20250304T050607Z", 1741064767, "1741064767", "2108-12-31T23:59:59Z"),
]
TIME = r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9:.]{5,12}(Z|[+-][0-9]{2}:?[0-9]{2})?\Z"


def domain_reads(value: Any) -> Event | None:
    """Return what the domain makes of a value; None if that is no event that is projected."""
    try:
        found = parse_event(value)
    except NotAnEvent:
        return None
    return found if isinstance(found, Event) else None


def agree(raw: bytes) -> bool:
    """Hold the quick way to the domain's; return whether it was taken."""
    quick = fast_parser.try_parse(raw)
    if quick is None:
        return False
    value = orjson.loads(raw)
    slow = domain_reads(value)
    assert slow is not None, "what the domain refuses was taken"
    assert (quick.event_time, quick.tenant) == (slow.event_time, slow.tenant)
    for part in ("metadata", "body"):
        model = getattr(slow, part)
        for name in type(model).model_fields:
            if name != "event_time":
                assert same(getattr(getattr(quick, part), name), getattr(model, name)), name
    assert extract_row(quick, b"d" * 16) == extract_row(slow, b"d" * 16)
    parsed = fast_parser.parse(raw)
    assert not isinstance(parsed, OtherEvent)
    assert extract_row(parsed, b"d" * 16) == extract_row(slow, b"d" * 16)
    told = fast_parser.parse_with_state(raw)
    assert not isinstance(told, OtherEvent)
    # As text: in the same order, and 3.0 where that is what the domain has.
    assert repr(told.body.state()) == repr(slow.body.state())
    arrival = read(Segment(raw, 1, quick), extract_row)
    assert isinstance(arrival, Arrival)
    assert arrival == read(Segment(raw, 1, value), extract_row)
    assert arrival.digest == content_digest(orjson.loads(raw), raw)
    return True


def same(quick: Any, slow: Any) -> bool:
    """Compare fields: structs with models, lists with tuples."""
    if isinstance(slow, tuple):
        return all(same(one, other) for one, other in zip(quick, slow, strict=True))
    if isinstance(slow, BaseModel):
        return all(same(getattr(quick, name), getattr(slow, name)) for name in type(slow).model_fields)
    return bool(quick == slow)


@pytest.mark.parametrize("name", PLAIN_EVENTS)
def test_a_plain_event_is_read_the_quick_way(name: str) -> None:
    """Else nothing here would try it."""
    assert agree(orjson.dumps(PLAIN_EVENTS[name]))


@pytest.mark.parametrize(
    "value",
    [
        {"metadata": {**PLAIN["metadata"], "referrer": None}, "body": PLAIN["body"]},
        {"metadata": {**PLAIN["metadata"], "user_agent": "Caf\u00e9"}, "body": PLAIN["body"]},
        {"metadata": PLAIN["metadata"], "body": {**PLAIN["body"], "workflow_state": "\u5728"}},
    ],
)
def test_what_the_domain_does_not_mind_is_read_the_quick_way(value: Any) -> None:
    """A null where nothing reads it, as Canvas writes for want of a referrer; letters of other alphabets."""
    assert agree(orjson.dumps(value))


def test_most_of_a_school_year_is_read_the_quick_way_and_all_of_it_alike() -> None:
    """Dialects, damage and all."""
    known = taken = 0
    for raw in generate(events=4_000, seed=11):
        try:
            value = orjson.loads(raw)
        except orjson.JSONDecodeError:
            assert fast_parser.try_parse(raw) is None
            continue
        quick = agree(raw)
        taken += quick
        known += quick or domain_reads(value) is not None
    assert taken > 0.85 * known > 2_000


@pytest.mark.parametrize("part", ["metadata", "body"])
@pytest.mark.parametrize("name", PLAIN_EVENTS)
@given(st.data())
def test_whatever_stands_in_a_field_both_ways_agree(name: str, part: str, data: st.DataObject) -> None:
    """One field or two of a plain event, or one that nobody knows, hold something odd."""
    value = copy.deepcopy(PLAIN_EVENTS[name])
    body = EVENT_TYPES[value["metadata"]["event_name"]].body_type
    fields = [*(Metadata if part == "metadata" else body).model_fields, "producer", "title", "attempt", "attributes"]
    for _ in range(data.draw(st.integers(1, 2))):
        value[part][data.draw(st.sampled_from(fields))] = data.draw(st.sampled_from(ODD))
    agree(orjson.dumps(value))


@given(st.data())
def test_whatever_stands_in_a_criterion_both_ways_agree(data: st.DataObject) -> None:
    """Its own numbers, and those of its levels."""
    value = copy.deepcopy(PLAIN_EVENTS["outcome"])
    criterion = value["body"]["rubric_criterion"]
    part = data.draw(st.sampled_from([criterion, criterion["ratings"][0]]))
    part[data.draw(st.sampled_from(["mastery_points", "points", "description", "ratings", "id"]))] = data.draw(
        st.sampled_from(ODD)
    )
    agree(orjson.dumps(value))


@given(st.from_regex(r"\A-?(0|[1-9][0-9]{0,3})(\.[0-9]{1,4})?([eE][+-]?[0-9]{1,2})?\Z"), st.booleans())
def test_however_a_number_is_spelled_both_ways_agree(number: str, with_null: bool) -> None:
    """With a null beside it, too: the bytes that a spelling saves must not hide one."""
    raw = orjson.dumps(PLAIN).replace(b'"score":3.5', f'"score":{number}'.encode())
    agree(raw.replace(b'"body":{', b'"body":{"percent":null,') if with_null else raw)


@given(st.text(max_size=12) | st.from_regex(TIME))
def test_whatever_a_time_looks_like_both_ways_agree(text: str) -> None:
    """The event's own time, that of the assessment, and one that nothing uses."""
    for part, name in (("metadata", "event_time"), ("body", "assessed_at"), ("body", "artifact_created_at")):
        value = copy.deepcopy(PLAIN)
        value[part][name] = text
        agree(orjson.dumps(value))


@pytest.mark.parametrize(
    "value",
    [
        {"metadata": PLAIN["metadata"]},
        {"metadata": PLAIN["metadata"], "body": [PLAIN["body"]]},
        {"attributes": PLAIN["metadata"], "body": PLAIN["body"]},
        {**PLAIN, "more": 1},
        {"metadata": {**PLAIN["metadata"], "root_account_uuid": None}, "body": PLAIN["body"]},
        {"metadata": {**PLAIN["metadata"], "root_account_uuid": " "}, "body": PLAIN["body"]},
        {"metadata": {**PLAIN["metadata"], "event_name": "assignment_created"}, "body": PLAIN["body"]},
        {"metadata": PLAIN["metadata"], "body": {**PLAIN["body"], "mastery": None}},
        [PLAIN],
        "text",
        None,
    ],
)
def test_what_is_not_plain_is_left_to_the_domain(value: Any) -> None:
    """Other events, other shapes, other envelopes, explicit nulls."""
    assert fast_parser.try_parse(orjson.dumps(value)) is None


def test_the_same_event_spelled_otherwise_has_the_same_digest() -> None:
    """Blanks, key order, 4.0 for 4: a delivery may be plain and its repeat not."""
    body = PLAIN["body"]
    shuffled = {"body": {**dict(reversed(body.items())), "possible": 5.0}, "metadata": PLAIN["metadata"]}
    spelled = [
        orjson.dumps(PLAIN),
        orjson.dumps(shuffled, option=orjson.OPT_INDENT_2),
        orjson.dumps(PLAIN).replace(TENANT.encode(), "".join(f"\\u{ord(char):04x}" for char in TENANT).encode()),
        orjson.dumps(PLAIN).replace(b'"event_name":', b'"event_\\u006eame":'),
    ]
    arrivals = [read(Segment(raw, 1, value_of(raw)), extract_row) for raw in spelled]
    digests = {arrival.digest for arrival in arrivals if isinstance(arrival, Arrival)}
    assert len(digests) == 1
    assert [fast_parser.try_parse(raw) is None for raw in spelled] == [False, False, False, True]


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (b'"score":3.5', b'"score":2.5,"score":3.5'),
        (b'"score":3.5', b'"score":null,"score":3.5'),
        (b'"score":3.5', b'"score":3.5,"score":null'),
        (b'"body":{', b'"body":{"id":"1"},"body":{'),
        (b'"event_name":', b'"event_name":"user_created","event_name":'),
    ],
)
def test_of_what_is_said_twice_both_ways_take_the_last(one: bytes, two: bytes) -> None:
    """Keys that are not unique are no error in JSON, and nobody sends them but by mistake."""
    raw = orjson.dumps(PLAIN)
    assert one in raw
    agree(raw.replace(one, two))


def test_arrays_and_pretty_events_are_read_the_quick_way_too() -> None:
    """Whatever frame an event comes in, it is told apart by its bytes and read from them."""
    for data in (b"[" + orjson.dumps(PLAIN) + b"," + orjson.dumps(PLAIN) + b"]", orjson.dumps(PLAIN, option=2) + b"\n"):
        assert all(isinstance(segment.value, FastEvent) for segment in split([data], value_of))
