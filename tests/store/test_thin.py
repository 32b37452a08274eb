"""The quick way to read results: whatever it reads, it reads as the domain does; whatever is odd, it leaves alone."""

import copy
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.catalog import parse_event
from domain.errors import NotAnEvent
from domain.event import Event, Metadata
from domain.result import ResultBody
from projections.facts import facts_of
from scripts.generator import generate
from store import thin
from store.arrival import Arrival, read
from store.canonical import content_digest
from store.piece import Piece
from tests.given import TENANT, outcome, result

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
    """Return what the domain makes of a value; None if that is no result."""
    try:
        found = parse_event(value)
    except NotAnEvent:
        return None
    return found if isinstance(found, Event) else None


def is_same(quick: Any, slow: Any) -> bool:
    """Times that no read model takes may differ in the microsecond that one parser cuts off and the other rounds."""
    if isinstance(slow, datetime):
        return abs(quick - slow) <= timedelta(microseconds=1)
    return bool(quick == slow)


def agree(value: Any, raw: bytes) -> bool:
    """Hold the quick way to the domain's; return whether it was taken."""
    quick = thin.parse_plain(copy.deepcopy(value), raw)
    if quick is None:
        return False
    slow = domain_reads(value)
    assert slow is not None, "what the domain refuses was taken"
    assert type(quick) is type(slow)
    assert quick.event_time == slow.event_time
    for part, model in (("metadata", Metadata), ("body", ResultBody)):
        for name in model.model_fields:
            assert is_same(getattr(getattr(quick, part), name), getattr(getattr(slow, part), name)), name
    assert facts_of(quick, b"d" * 16) == facts_of(slow, b"d" * 16)
    arrival = read(Piece(raw, 1, orjson.loads(raw)), facts_of)
    assert isinstance(arrival, Arrival)
    assert arrival.digest == content_digest(orjson.loads(raw), raw)
    return True


def test_a_plain_result_is_read_the_quick_way() -> None:
    """Else nothing here would try it."""
    assert agree(PLAIN, orjson.dumps(PLAIN))


def test_most_of_a_school_year_is_read_the_quick_way_and_all_of_it_alike() -> None:
    """Dialects, damage and all: nine tenths of its results are plain."""
    results = taken = 0
    for raw in generate(events=3_000, seed=11):
        try:
            value = orjson.loads(raw)
        except orjson.JSONDecodeError:
            continue
        quick = agree(value, raw)
        taken += quick
        results += quick or (isinstance(found := domain_reads(value), Event) and found.kind == "result")
    assert taken > 0.9 * results > 1_000


@pytest.mark.parametrize("part", ["metadata", "body"])
@given(st.data())
def test_whatever_stands_in_a_field_both_ways_agree(part: str, data: st.DataObject) -> None:
    """One field of a plain result, or one that nobody knows, holds something odd."""
    value = copy.deepcopy(PLAIN)
    models: dict[str, Any] = {"metadata": Metadata, "body": ResultBody}
    for _ in range(data.draw(st.integers(1, 2))):
        name = data.draw(st.sampled_from([*models[part].model_fields, "producer", "title", "attributes"]))
        value[part][name] = data.draw(st.sampled_from(ODD))
    raw = orjson.dumps(value)
    agree(orjson.loads(raw), raw)


@given(
    st.text(max_size=12) | st.from_regex(r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9:.]{5,12}(Z|[+-][0-9]{2}:?[0-9]{2})?\Z")
)
def test_whatever_a_time_looks_like_both_ways_agree(text: str) -> None:
    """The event's own time, that of the assessment, and one that nothing uses."""
    for part, name in (("metadata", "event_time"), ("body", "assessed_at"), ("body", "artifact_created_at")):
        value = copy.deepcopy(PLAIN)
        value[part][name] = text
        raw = orjson.dumps(value)
        agree(value, raw)


@pytest.mark.parametrize(
    "value",
    [
        outcome("7", "2025-01-01"),
        {"metadata": PLAIN["metadata"]},
        {"metadata": PLAIN["metadata"], "body": [PLAIN["body"]]},
        {"attributes": PLAIN["metadata"], "body": PLAIN["body"]},
        {**PLAIN, "more": 1},
        {"metadata": {**PLAIN["metadata"], "root_account_uuid": None}, "body": PLAIN["body"]},
        [PLAIN],
        "text",
        None,
    ],
)
def test_what_is_no_plain_result_is_left_to_the_domain(value: Any) -> None:
    """Other events, other shapes, other envelopes."""
    assert thin.parse_plain(value, orjson.dumps(value)) is None


def test_the_same_result_spelled_otherwise_has_the_same_digest() -> None:
    """Blanks, key order, 4.0 for 4: a delivery may be plain and its repeat not."""
    body = PLAIN["body"]
    shuffled = dict(reversed(body.items()))
    spelled = [
        orjson.dumps(PLAIN),
        orjson.dumps(
            {"body": {**shuffled, "possible": 5.0}, "metadata": PLAIN["metadata"]}, option=orjson.OPT_INDENT_2
        ),
        orjson.dumps(PLAIN).replace(TENANT.encode(), "".join(f"\\u{ord(char):04x}" for char in TENANT).encode()),
    ]
    digests = {read(Piece(raw, 1, orjson.loads(raw)), facts_of)[2] for raw in spelled}
    assert len(digests) == 1
