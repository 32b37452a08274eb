"""Splitting: every form comes back exactly, damage ends soon, nothing is dropped, and memory and time stay bounded."""

import json
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes.store.sources.json_splitter import split
from outcomes.store.sources.segment import Segment
from tests.support.given import outcome

Values = list[dict[str, Any]]

MARK = b"\xef\xbb\xbf"
BETWEEN = b" \t\r\n\x1e,[]"
FORMS: dict[str, Callable[[Values], bytes]] = {
    "lines": lambda values: b"".join(line(value) + b"\n" for value in values),
    "lines of Windows": lambda values: MARK + b"\r\n".join(map(line, values)),
    "lines with gaps": lambda values: b"\n \n\t\r\n".join(map(line, values)),
    "text sequence": lambda values: b"".join(b"\x1e" + line(value) + b"\n" for value in values),
    "glued": lambda values: b"".join(map(line, values)),
    "array": lambda values: json.dumps(values, ensure_ascii=False).encode(),
    "array by lines": lambda values: b"[\n" + b",\n".join(map(line, values)) + b"\n]\n",
    "array as databases print it": lambda values: b"[" + b", \n ".join(map(line, values)) + b"]",
    "commas first": lambda values: b"[" + b"\n,".join(map(line, values)) + b"\n]",
    "pretty": lambda values: b"\n".join(map(pretty, values)),
    "pretty and glued": lambda values: b"".join(map(pretty, values)),
    "pretty array": lambda values: json.dumps(values, indent=2).encode(),
    "pretty array by tabs": lambda values: json.dumps(values, indent="\t").replace("\n", "\r\n").encode(),
    "sorted pretty array": lambda values: json.dumps(values, indent=1, sort_keys=True).encode(),
}


def line(value: Any) -> bytes:
    """Write a value without line ends."""
    return json.dumps(value, ensure_ascii=False).encode()


def pretty(value: Any) -> bytes:
    """Write a value over many lines."""
    return json.dumps(value, indent=2).encode()


def event(local_id: str, **fields: Any) -> dict[str, Any]:
    """Return an event to find again by its id."""
    return outcome(local_id, "2025-01-01T08:00:00Z", **fields)


def segments(data: bytes, size: int = 1 << 20) -> list[Segment]:
    """Split bytes that come in reads of a size."""
    return list(split(data[at : at + size] for at in range(0, len(data), size)))


def ids(found: list[Segment]) -> list[str | None]:
    """Name the events found; None stands for what is none."""
    return [segment.value["body"]["learning_outcome_id"] if segment.reason is None else None for segment in found]


def content(found: list[Segment]) -> bytes:
    """Return the bytes of all segments, in order, and let the segments go."""
    parts = [part for segment in found for part in (segment.prefix, *segment.chunks())]
    for segment in found:
        segment.close()
    return b"".join(parts)


def core(data: bytes) -> bytes:
    """Leave out what may stand between values, everywhere."""
    return data.replace(MARK, b"").translate(None, BETWEEN)


# Words that look like parts of an envelope are where a splitter that guesses would guess wrong.
words = st.text(max_size=6) | st.sampled_from(
    ["metadata", "attributes", "body", '{"metadata":', "}{", "\n", '\\"', "["]
)
numbers = st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=12,
)


def is_wrapper(value: dict[str, Any]) -> bool:
    """Say whether an object has a list of what may be events in it: that list is what is read of it."""
    first = (inner[0] for inner in value.values() if isinstance(inner, list) and inner)
    return any(isinstance(inner, dict) and not inner.keys().isdisjoint({"metadata", "attributes"}) for inner in first)


objects = st.lists(st.dictionaries(words, values, max_size=4).filter(lambda value: not is_wrapper(value)), max_size=5)


@given(st.sampled_from(sorted(FORMS)), objects, st.integers(1, 60))
def test_any_objects_in_any_form_and_any_reads_come_back_exactly(form: str, given_values: Values, size: int) -> None:
    """Whatever the objects hold, however they are laid out and wherever the reads cut them, they come back."""
    found = segments(FORMS[form](given_values), size)
    assert [segment.reason for segment in found] == [None] * len(given_values)
    assert [segment.value for segment in found] == given_values


punctuation = [b"{", b"}", b"[", b"]", b'"', b",", b":", b"\n", b"\r\n", b"\\", b" ", b"\x1e", b"\xff", MARK]
phrases = [
    b'{"metadata":',
    b'{"metadata":{}}',
    b'{"a":1}',
    b"\n{\n",
    b"\n  {\n",
    b'"metadata": {',
    b'"body": {\n',
    b"null",
]
scraps = st.sampled_from(punctuation + phrases)


@given(st.lists(scraps | st.binary(max_size=4), max_size=30).map(b"".join), st.integers(1, 9))
def test_whatever_comes_nothing_is_dropped(data: bytes, size: int) -> None:
    """Any bytes at all: no error, and all but blanks and punctuation comes out again, once and in order."""
    found = segments(data, size)
    assert core(content(found)) == core(data)
    assert [segment.line for segment in found] == sorted(segment.line for segment in found)


@given(st.lists(scraps, max_size=30).map(b"".join), st.integers(1, 9))
def test_where_reads_end_makes_no_difference(data: bytes, size: int) -> None:
    """The same bytes give the same segments, in reads of any size."""
    assert segments(data, size) == segments(data)


@pytest.mark.parametrize(
    "data",
    [
        b"{\n" * 100_000,
        (b"{\n" * 12_500 + b'{"metadata":{},"body":{}}\n') * 8,
        b"[" * 100_000,
        b"{" * 100_000,
        b'{"' * 100_000,
        b'"' * 100_000,
        b'{"metadata":' * 20_000,
        b'{"metadata":\n' * 20_000,
        b'{"' + b"\\" * 100_001,
        b'{"a":1},x,' * 20_000,
        (b" " * 65_536 + b'{"a":\n') * 300,
        (b"{" + b" " * 999) * 3_000,
        b"{" + b"\n" * 1_000_000 + b"x",
    ],
    ids=lambda data: repr(data[:14]),
)
def test_nasty_bytes_take_no_more_time_than_others(data: bytes) -> None:
    """Where a careless splitter looks at everything again for each byte, the answer still comes, and is whole."""
    assert core(content(segments(data, 4096))) == core(data)


@pytest.mark.parametrize(
    "opened",
    [
        b'{"Records":[' * 20_000,
        b'{"Records":[' + b'],"Records":[' * 20_000,
        b'{"a":1,\n"Records":[\n' * 10_000,
        b'{"x":[{"metadata":' * 20_000,
    ],
    ids=lambda data: repr(data[:26]),
)
def test_lists_in_lists_without_end(opened: bytes) -> None:
    """However many wrappers begin and never end, what comes behind them is found."""
    assert ids(segments(opened + b"\n" + line(event("7")) + b"\n", 4096))[-1] == "7"


CUT = pretty(event("1")).splitlines()[:12]
REST = [event("2"), event("3")]
DAMAGED: dict[str, tuple[bytes, list[str | None]]] = {
    "a line cut off": (line(event("1"))[:-9] + b"\n" + FORMS["lines"](REST), [None, "2", "3"]),
    "a line cut in a string": (line(event("1"))[:40] + b"\n" + FORMS["lines"](REST), [None, "2", "3"]),
    "glued and cut off": (line(event("1"))[:-9] + FORMS["glued"](REST), [None, "2", "3"]),
    "glued and cut in a string": (line(event("1"))[:40] + FORMS["glued"](REST), [None, "2", "3"]),
    "an array, one cut off": (
        b"[" + line(event("1"))[:-9] + b", " + FORMS["array"](REST)[1:],
        [None, "2", "3"],
    ),
    "an array, one cut in a string": (
        b"[" + line(event("1"))[:40] + b", " + FORMS["array"](REST)[1:],
        [None, "2", "3"],
    ),
    "an array by lines, one cut off": (
        b"[\n  " + line(event("1"))[:-9] + b",\n  " + line(REST[0]) + b",\n  " + line(REST[1]) + b"\n]",
        [None, "2", "3"],
    ),
    "pretty, cut off": (b"\n".join([*CUT, FORMS["pretty"](REST)]), [None, "2", "3"]),
    "sorted and pretty, cut off": (
        b"\n".join([*CUT, *(json.dumps(value, indent=2, sort_keys=True).encode() for value in REST)]),
        [None, "2", "3"],
    ),
    "a pretty array, one cut off": (
        b"\n".join([b"[", *(b"  " + text for text in CUT), FORMS["pretty array"](REST)[2:]]),
        [None, "2", "3"],
    ),
    "the last line cut off": (FORMS["lines"](REST) + line(event("1"))[:-9], ["2", "3", None]),
    "an array that ends too soon": (FORMS["array"]([*REST, event("1")])[:-10], ["2", "3", None]),
    "words behind a value": (line(event("1")) + b" trash\n" + FORMS["lines"](REST), ["1", None, "2", "3"]),
    "a bracket too many": (line(event("1")) + b"}\n" + FORMS["lines"](REST), ["1", None, "2", "3"]),
    "an array of arrays": (b"[[1, 2], [3]]\n" + FORMS["lines"](REST), [None, "2", "3"]),
    "bytes that are no text": (b"\xff\xfe\x00\n" + FORMS["lines"](REST), [None, "2", "3"]),
    "a mark in the middle": (MARK * 2 + line(event("1")) + b"\n" + FORMS["lines"](REST), ["1", "2", "3"]),
}


@pytest.mark.parametrize("name", DAMAGED)
@pytest.mark.parametrize("size", [5, 1 << 20])
def test_damage_ends_at_the_next_event(name: str, size: int) -> None:
    """In every form, what is cut off or is no JSON costs itself only; the events around it are found."""
    data, expected = DAMAGED[name]
    found = segments(data, size)
    assert ids(found) == expected
    assert core(content(found)) == core(data)


def test_a_pretty_event_broken_in_a_string_costs_only_itself() -> None:
    """Its lines come out as damage, and the pretty-printed events after it are found."""
    broken = [*CUT[:6], b'    "title": "cut', *pretty(event("1")).splitlines()[8:]]
    found = segments(b"\n".join([*broken, FORMS["pretty"](REST)]))
    assert [segment.value for segment in found[-2:]] == REST
    assert all(not isinstance(segment.value, dict) or "metadata" not in segment.value for segment in found[:-2])


def test_pieces_say_where_they_began() -> None:
    """Lines count from 1, blank ones too; what spans lines is named by its first; glued values share theirs."""
    data = b"\n".join([b"", line({"a": 1}) * 2, b"", b"{", b'"b":', b"2}", b"nonsense\r", b"[3, 4]", b"{"])
    for size in (1, 1 << 20):
        assert [segment.line for segment in segments(data, size)] == [2, 2, 4, 7, 8, 9]


REFUSED = {
    b'{"metadata": {"event_name": "x"},': "the JSON value is cut off",
    b'{"metadata": {"event_na': "the JSON value is cut off",
    b"nonsense": "not JSON: ",
    b'{"a": tru}': "not JSON: ",
    b'{"a": NaN}': "not JSON: ",
    b'{"a": "\\ud800"}': "not JSON: ",
    b'"\xff"': "not JSON: ",
    b"[1, 2, 3]": "not an event: expected a JSON object, got an array",
    b"[" * 2000 + b"]" * 2000: "not JSON: ",
}


@pytest.mark.parametrize("damage", REFUSED, ids=lambda damage: repr(damage[:20]))
def test_damage_comes_verbatim_and_with_a_reason(damage: bytes) -> None:
    """One segment, byte for byte, with words that say what is wrong."""
    (found,) = segments(b"  " + damage + b" \r\n", 3)
    assert found.raw == damage
    assert found.reason is not None
    assert found.reason.startswith(REFUSED[damage])


@pytest.mark.parametrize("scalar", [b"5", b"null", b'"text"', b"true"])
def test_a_value_that_is_no_object_is_passed_on(scalar: bytes) -> None:
    """It is JSON: whoever reads the events says why it is none."""
    (found,) = segments(scalar)
    assert (found.raw, found.value, found.reason) == (scalar, json.loads(scalar), None)


@pytest.mark.parametrize("name", ["lines", "glued", "array", "pretty", "pretty array"])
@pytest.mark.parametrize("size", [1 << 12, 1 << 20])
def test_an_event_that_is_too_long_is_one_piece_and_ends_where_it_ends(name: str, size: int) -> None:
    """Over 8 MiB, in one string or in many lines: a short head at hand, every byte kept, the next events found."""
    notes = ["n" * 50_000] * 90
    long = event("2", title="a", description='\\"}{' * (1 << 20), notes=notes)
    data = FORMS[name]([event("1"), long, event("3"), event("4")])
    found = segments(data, size)
    assert ids(found) == ["1", None, "3", "4"]
    assert found[1].reason == "longer than 8 MiB"
    assert len(found[1].raw) <= 200
    kept = b"".join(found[1].chunks())
    assert json.loads(kept.strip(BETWEEN)) == long
    assert core(content(found)) == core(data)


def test_a_cut_in_a_line_of_megabytes_does_not_take_the_rest_of_it_along() -> None:
    """One array in one line, an event in it cut off: after 8 MiB it is clear that no end will come."""
    many = [event(str(number), title="t" * 5000) for number in range(2, 800)]
    data = b"[" + line(event("1"))[:-9] + b", " + FORMS["array"](many)[1:]
    found = segments(data, 1 << 16)
    assert ids(found) == [None, *(str(number) for number in range(2, 800))]


def peak_of(chunks: Iterator[bytes]) -> int:
    """Return the most memory held at once while splitting."""
    tracemalloc.start()
    try:
        for segment in split(chunks):
            segment.close()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.long
@pytest.mark.parametrize(
    ("chunk", "times"),
    [
        (line(event("1", title="t" * 20_000)) + b"\n", 3000),
        (line(event("1", title="t" * 20_000)) + b",", 3000),
        (pretty(event("1", title="t" * 20_000)), 3000),
        (b'{"a": "' + b"x" * 65_536, 1000),
        (b"x" * 65_536, 1000),
        (b'{"a":\n' + b" " * 65_536, 1000),
    ],
    ids=["lines", "one line", "pretty", "open strings", "damage", "blanks"],
)
def test_memory_does_not_grow_with_the_input(chunk: bytes, times: int) -> None:
    """Sixty megabytes of anything pass in less than 32: the longest event that is held, and what it is made of."""
    assert len(chunk) * times > 60_000_000
    assert peak_of(chunk for _ in range(times)) < 32 << 20
