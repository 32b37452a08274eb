"""Reading that two processes share: whoever reads an event, and when, the same comes of it."""

from io import BytesIO
from itertools import islice
from typing import Any

import orjson
import pytest

from outcomes.projections.views.extract import extract_values
from outcomes.store.encoding.arrival import is_unread
from outcomes.store.ingest.prepare import Prepared, prepare_source
from outcomes.store.ingest.shared_reading import SharedReading
from scripts.generator import generate


def odd_lines() -> list[bytes]:
    """Return events that are plain at first sight, and what is none at all."""
    events = map(orjson.loads, generate(events=3_000, seed=3))
    event = next(event for event in events if event["body"].get("score") is not None)

    def with_(part: str, **fields: Any) -> bytes:
        return orjson.dumps({**event, part: {**event[part], **fields}})

    return [
        with_("body", score=-0.0),
        with_("body", score=2.0**60),
        with_("body", assessed_at="the day before yesterday"),
        with_("body", id=493286),
        with_("body", user_uuid="Zoë Ångström"),
        with_("metadata", event_time="1066-10-14T09:00:00Z"),
        with_("metadata", event_time="2999-01-01T00:00:00Z"),
        with_("metadata", root_account_uuid="  "),
        orjson.dumps({"data": event}),
        orjson.dumps(event, option=orjson.OPT_INDENT_2),
        with_("body", score=1.5)[:-30],
        b'{"metadata": {"event_name": "learning_outcome_result_created"}, "body": {',
        b"no JSON",
    ]


@pytest.fixture(scope="module")
def source() -> bytes:
    """A year of events with faults of delivery, and odd ones among them."""
    lines = list(generate(events=2_000, seed=3))
    for number, line in enumerate(odd_lines(), 1):
        lines.insert(number * 140, line)
    return b"\n".join(lines)


def told(part: Prepared) -> tuple[Any, ...]:
    """Return all that a part says."""
    refused = [(b"".join(segment.chunks()), segment.line, reason) for segment, reason in part.refused]
    return (part.arrivals, refused, part.bytes, part.done, part.damage, part.is_due)


def test_what_is_left_unread_becomes_the_same_when_it_is_read_on(source: bytes) -> None:
    """Part by part: arrivals in their order, what is refused and why, damage and how far it went."""
    expected = [told(part) for part in prepare_source(BytesIO(source), "year", extract_values)]
    reading = SharedReading(extract_values)
    reading.leave(True)
    left = list(prepare_source(BytesIO(source), "year", extract_values, read=reading.value_of))
    # The generator repeats events and sends others: nearly all are plain, and left.
    unread = sum(map(is_unread, (arrival for part in left for arrival in part.arrivals.rows())))
    assert unread > 1_800
    assert [told(reading.read_on(part)) for part in left] == expected
    assert sum(len(refused) for _, refused, *_ in expected) >= 3


def test_leaving_may_begin_and_end_with_any_part(source: bytes) -> None:
    """What was read there is not touched here."""
    expected = [told(part) for part in prepare_source(BytesIO(source), "year", extract_values)]
    reading = SharedReading(extract_values)
    parts = prepare_source(BytesIO(source), "year", extract_values, read=reading.value_of)
    taken = []
    for number in range(len(expected)):
        reading.leave(number % 2 == 1)
        (part,) = islice(parts, 1)
        assert any(map(is_unread, part.arrivals.rows())) == (number % 2 == 1)
        taken.append(told(reading.read_on(part)))
    assert taken == expected
