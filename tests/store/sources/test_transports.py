"""Wrappers: whatever events travel in, they come out byte for byte, whole, pretty, cut, or of any size."""

import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes.store.encoding.arrival import extract_nothing
from outcomes.store.ingest.prepare import prepare, value_of
from outcomes.store.sources.json_splitter import split
from tests.support.given import group, lines, outcome, result
from tests.support.transports import TRANSPORTS
from tests.support.world import World

EVENTS = [lines(group(str(number), "2025-01-01", title=f'\u00dcb"er {number} }}{{ \\n')) for number in range(1, 7)]
HOLDERS = [name for name in TRANSPORTS if name != "a log with prefixes"]


def read(data: bytes, chunk: int = 1 << 20) -> tuple[list[bytes], list[tuple[bytes, str]]]:
    """Return the bytes of the events in some input, and what was refused, with why."""
    events: list[bytes] = []
    refused: list[tuple[bytes, str]] = []
    chunks = (data[at : at + chunk] for at in range(0, len(data), chunk))
    for part in prepare(split(chunks, value_of), extract_nothing):
        events += part.arrivals.raws
        refused += [(b"".join(segment.chunks()), reason) for segment, reason in part.refused]
        for segment, _ in part.refused:
            segment.close()
    return events, refused


@pytest.mark.parametrize("name", TRANSPORTS)
@pytest.mark.parametrize("chunk", [7, 1 << 20])
def test_events_are_taken_out_of_their_wrapper(name: str, chunk: int) -> None:
    """One by one, the bytes that were put in; nothing is in quarantine."""
    assert read(TRANSPORTS[name](EVENTS), chunk) == (EVENTS, [])


texts = st.text(max_size=12) | st.sampled_from(['"}', '{"metadata":', "\\", "]}", "\ufeff", "\u2028", "eyJ"])
values = st.recursive(texts | st.integers(-9, 9) | st.none(), st.lists, max_leaves=4)
fields = st.dictionaries(texts.map("x{}".format), values, max_size=3)
separators = st.sampled_from([(",", ":"), (", ", ": ")])


@st.composite
def any_event(draw: st.DrawFn) -> bytes:
    """Return a valid event of any kind, spelled in any way, with fields of its own."""
    number = draw(st.integers(1, 99))
    make = draw(st.sampled_from([group, outcome, result]))
    value: dict[str, Any] = make(str(number), "2025-01-01T08:00:00Z")
    value["body"] = {**draw(fields), **value["body"]}
    value["metadata"] = {**draw(fields), **value["metadata"]}
    return json.dumps(value, ensure_ascii=draw(st.booleans()), separators=draw(separators)).encode()


@given(st.sampled_from(sorted(TRANSPORTS)), st.lists(any_event(), min_size=1, max_size=4), st.integers(1, 400))
def test_whatever_the_event_its_own_bytes_come_out(name: str, events: list[bytes], chunk: int) -> None:
    """A wrapper changes nothing: not a blank, not an escape, not the order of the keys."""
    assert read(TRANSPORTS[name](events), chunk) == (events, [])


AS_TEXT = [name for name in TRANSPORTS if name.split()[0] in {"SQS", "SNS", "Kinesis", "Firehose", "Firehose,", "JSON"}]


@given(st.sampled_from(AS_TEXT), st.sampled_from(HOLDERS), st.lists(any_event(), min_size=1, max_size=3))
def test_wrappers_in_wrappers(outer: str, inner: str, events: list[bytes]) -> None:
    """What one sender wrapped another one may wrap again: text in text, lists in records, gzip in base64 in text."""
    assert read(TRANSPORTS[outer]([TRANSPORTS[inner](events)])) == (events, [])


@given(st.sampled_from(sorted(TRANSPORTS)), st.lists(any_event(), min_size=1, max_size=3), st.data())
def test_a_cut_file_never_gives_more_than_the_whole_one(name: str, events: list[bytes], data: st.DataObject) -> None:
    """Cut anywhere: each event that comes is one of the whole file's, and what is missing was cut off."""
    whole = TRANSPORTS[name](events)
    got, _ = read(whole[: data.draw(st.integers(0, len(whole)))])
    assert got == events[: len(got)]


@pytest.mark.parametrize("name", ["Records", "Records by lines", "SQS in Lambda", "SQS, receive-message", "data"])
def test_of_a_cut_list_all_whole_ones_come(name: str) -> None:
    """Cut by forty bytes: five of six, and the rest in quarantine."""
    got, refused = read(TRANSPORTS[name](EVENTS)[:-40].rstrip(b"]} \n"))
    assert got == EVENTS[: len(got)]
    assert (len(got), len(refused)) in {(5, 1), (6, 0)} if "SQS" not in name else len(got) == 5


UNKNOWN = [b'{"what": {"ever": [%s]}}', b'{"a": {"b": {"c": [%s]}}}', b'{"a": 1, "b": [[%s]]}', b'{"x": [1, %s]}']


@pytest.mark.parametrize("form", UNKNOWN)
def test_what_nobody_knows_gives_nothing_whole_or_cut(form: bytes) -> None:
    """An event quoted in a place that no transport has is no event: not whole, not cut, not in ten megabytes."""
    for count in (6, 60_000):
        whole = form % b",".join(EVENTS * (count // 6))
        for data in (whole, whole[:-1], whole[:-40]):
            assert read(data)[0] == []


SIZES = {"small": 6, "ten megabytes": 36_000}


@pytest.mark.parametrize("size", ["small", pytest.param("ten megabytes", marks=pytest.mark.long)])
def test_one_treatment_whatever_the_layout_and_the_size(size: str) -> None:
    """Whole, pretty, by lines, on one line, at any size, with other members before and behind: the same events."""
    events = EVENTS * (SIZES[size] // 6)
    values = [orjson.loads(event) for event in events]
    head, tail = (
        b'{"requestId": "r", "count": 6, "meta": {"a": "]"}, "Records": [',
        b'], "next": {"x": [1]}, "z": null}',
    )
    one_line = head + b",".join(events) + tail
    layouts = {
        "one line": one_line,
        "by lines": head + b"\n" + b",\n".join(events) + b"\n" + tail,
        "twice": one_line + one_line,
        "a line each, twice": one_line + b"\n" + one_line + b"\n",
    }
    for name, data in layouts.items():
        got, refused = read(data)
        assert got == events * (2 if "twice" in name else 1), name
        assert refused == []
    for indent in (0, 2, "\t"):
        got, refused = read(json.dumps({"a": 1, "Records": values, "b": {"c": []}}, indent=indent).encode())  # type: ignore[arg-type]
        assert [orjson.loads(event) for event in got] == values
        assert refused == []


def test_two_lists_in_one_wrapper() -> None:
    """Both are taken, small and large, whole and pretty."""
    for count in (1, 6_000):
        events = EVENTS * count
        both = b'{"Records":[' + b",".join(events) + b'],"n":1,"data":[' + b",".join(EVENTS) + b"]}"
        assert read(both) == (events + EVENTS, [])
    few = [orjson.loads(event) for event in EVENTS]
    pretty = json.dumps({"Records": few, "data": few[:1]}, indent=1).encode()
    assert [orjson.loads(event) for event in read(pretty)[0]] == [*few, few[0]]


@pytest.mark.long
@pytest.mark.parametrize("name", ["Records", "SQS in Lambda", "JSON as text in an array", "Firehose"])
def test_memory_does_not_grow_with_a_list(name: str) -> None:
    """Sixty megabytes in one line hold a bounded part at a time."""
    long = lines(group("1", "2025-01-01", title="t" * 5000))
    head, one, tail = _parts(name, long)

    def chunks() -> Iterator[bytes]:
        yield head
        for _ in range(60):
            yield one * 200
        yield one.rstrip(b", ") + tail

    tracemalloc.start()
    try:
        count = sum(len(part.arrivals) for part in prepare(split(chunks(), value_of), extract_nothing))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 12_001
    assert peak < 64 << 20


def _parts(name: str, event: bytes) -> tuple[bytes, bytes, bytes]:
    """Part what a transport makes of two events into head, element and tail."""
    alone, two = TRANSPORTS[name]([event]), TRANSPORTS[name]([event, event])
    added = two[len(alone) - 2 : -2] if alone.endswith(b"]}") else two[len(alone) - 1 : -1]
    element = added.removeprefix(b",").strip()
    head, tail = alone.split(element)
    return head, element + b",", tail


def test_pretty_objects_behind_the_prefix_of_a_log() -> None:
    """The object is taken, the prefix is ignored; what is no event is whole in quarantine, with its line."""
    pretty = json.dumps(orjson.loads(EVENTS[0]), indent=4)
    other = json.dumps({"hello": [{"a": 1}]}, indent=4)
    cut = "\n".join(pretty.splitlines()[:6])
    log = "\n".join(
        [
            "[2026-02-02 10:00:00] [203.0.113.9] Processing event",
            f"[2026-02-02 10:00:00] [203.0.113.9] DATA: {pretty}",
            f"[2026-02-02 10:00:01] [203.0.113.9] DATA: {other}",
            f"[2026-02-02 10:00:02] [203.0.113.9] DATA: {cut}",
            f"[2026-02-02 10:00:03] [203.0.113.9] DATA: {pretty}",
        ]
    ).encode()
    got, refused = read(log)
    assert got == [pretty.encode()] * 2
    assert [raw.decode() for raw, _ in refused] == [
        "[2026-02-02 10:00:00] [203.0.113.9] Processing event",
        f"[2026-02-02 10:00:01] [203.0.113.9] DATA: {other}",
        f"[2026-02-02 10:00:02] [203.0.113.9] DATA: {cut}",
    ]


def test_a_mark_or_blanks_between_values_are_nothing() -> None:
    """Files with a byte order mark that were put one behind the other."""
    mark = b"\xef\xbb\xbf"
    gaps = [mark, b"\r\n" + mark, mark, b"\n" + mark + b"\n \n" + mark + mark]
    data = b"".join(gap + event for gap, event in zip(gaps, EVENTS, strict=False))
    assert read(data) == (EVENTS[:4], [])


NAMED = {
    b'{"sensor":"s","sendTime":"t","dataVersion":"http://purl.imsglobal.org/ctx/caliper/v1p1","data":[{"@context":'
    b'"http://purl.imsglobal.org/ctx/caliper/v1p1","type":"Event"}]}': "choose the Canvas format",
    b'{"@context":"http://purl.imsglobal.org/ctx/caliper/v1p1","type":"GradeEvent"}': "choose the Canvas format",
    b"eyJhbGciOiJSUzI1NiJ9.eyJtZXRhZGF0YSI6e319.c2lnbmF0dXJl": "a signed body (JWT)",
    b'"eyJhbGciOiJSUzI1NiJ9.eyJtZXRhZGF0YSI6e319.c2lnbmF0dXJl"': "a signed body (JWT)",
    b'{"body":"eyJhbGciOiJSUzI1NiJ9.eyJtZXRhZGF0YSI6e319.c2lnbmF0dXJl","messageId":"1"}': "a signed body (JWT)",
    b'{"id":1,"title":"t","vendor_guid":"v","mastery_points":3}': "an answer of Canvas's API",
    b'{"rollups":[{"scores":[]}],"linked":{}}': "an answer of Canvas's API",
    b'[{"id":1,"context_id":2,"mastery_points":3,"ratings":[]}]': "an answer of Canvas's API",
    b'{"Type":"SubscriptionConfirmation","Message":"You have chosen to subscribe","Token":"t"}': "nothing need be done",
}


@pytest.mark.parametrize("data", NAMED, ids=lambda data: repr(data[:30]))
def test_what_is_known_and_of_no_use_is_named(data: bytes) -> None:
    """The reason says what it is and what to do, and the bytes are kept whole."""
    got, refused = read(data)
    assert got == []
    assert [NAMED[data] in reason for _, reason in refused] == [True]


def test_a_wrapper_around_no_event_is_kept_whole(world: World) -> None:
    """Its own members tell where it came from; in a list each element stands for itself."""
    one = b'{"MessageId": "7", "Body": "{\\"a\\": 1}"}'
    (refused,) = read(one)[1]
    assert refused == (one, 'inside its wrapper: not an event: no object under "metadata" or "attributes"')
    got, several = read(b'{"Records": [%s, %s, %s]}' % (EVENTS[0], one, EVENTS[1]))
    assert got == EVENTS[:2]
    assert [raw for raw, _ in several] == [one]
    assert world.take(one, EVENTS[0]).as_json() | {"seconds": 0, "head": 0} == {
        "read": 2,
        "appended": 1,
        "duplicates": 0,
        "quarantined": 1,
        "unprojected": 0,
        "head": 0,
        "seconds": 0,
    }
