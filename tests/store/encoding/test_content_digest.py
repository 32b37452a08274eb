"""The content digest: one for all spellings of an event, another for every other event."""

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes.domain.errors import NotAnEvent
from outcomes.store.encoding.content_digest import DIGEST_BYTES, content_digest
from outcomes.store.sources.json_values import decode


def digest(text: str) -> bytes:
    """Return the digest of an event written like this."""
    raw = text.encode()
    return content_digest(decode(raw), raw)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"a":4}', '{"a":4.0}'),
        ('{"a":4}', '{"a":4e0}'),
        ('{"a":400}', '{"a":4.00E+2}'),
        ('{"a":0}', '{"a":-0.0}'),
        ('{"a":0}', '{"a":-0}'),
        ('{"a":0.5}', '{"a":5e-1}'),
        ('{"a":[1,{"b":2}]}', '{"a":[1.0,{"b":2.0}]}'),
        ('{"a":1,"b":2}', '{"b":2,"a":1}'),
        ('{"a":{"b":1,"c":2}}', ' {\r\n\t"a" : { "c" : 2, "b" : 1 } } '),
        ('{"a":"é/"}', '{"a":"\\u00e9\\/"}'),
        ('{"a":9007199254740993}', '{"a":9007199254740993.0}'),
        ('{"a":9007199254740993}', '{ "a": 9007199254740.993e3 }'),
    ],
)
def test_spelling_does_not_count(one: str, other: str) -> None:
    """Number form, key order, white space and escapes: the same event."""
    assert digest(one) == digest(other)
    assert len(digest(one)) == DIGEST_BYTES == 16


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"a":0.1}', '{"a":0.2}'),
        ('{"a":1}', '{"a":true}'),
        ('{"a":0}', '{"a":false}'),
        ('{"a":0}', '{"a":null}'),
        ('{"a":1}', '{"a":"1"}'),
        ('{"a":[1,2]}', '{"a":[2,1]}'),
        ('{"a":[[1],2]}', '{"a":[1,[2]]}'),
        ('{"a":null}', "{}"),
        ('{"a":""}', '{"a":null}'),
        ('{"a":{}}', '{"a":[]}'),
        ('{"a":"b"}', '{"a":"b "}'),
        ('{"a":"é"}', '{"a":"e\\u0301"}'),
        ('{"a":1,"b":2}', '{"a":2,"b":1}'),
        ('{"a":9007199254740992}', '{"a":9007199254740993}'),
        ('{"a":9007199254740992.0}', '{"a":9007199254740993.0}'),
        ('{"a":18446744073709551614}', '{"a":18446744073709551615}'),
        ('{"a":18446744073709551617}', '{"a":18446744073709551618}'),
        ('{"a":-9223372036854775809}', '{"a":-9223372036854775810}'),
        ('{"a":1e300}', '{"a":1.0000000000000001e300}'),
    ],
)
def test_anything_else_counts(one: str, other: str) -> None:
    """Even where a double could not hold the difference."""
    assert digest(one) != digest(other)


leaves = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=5)
halves = st.integers(-1000, 1000).map(lambda number: number / 2)
events = st.dictionaries(
    st.text(max_size=4),
    st.recursive(
        leaves | halves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner)
    ),
    max_size=4,
)


def respelled(value: Any, chance: random.Random) -> Any:
    """Return an equal value with its keys in another order and its small whole numbers as floats."""
    if isinstance(value, dict):
        items = [(key, respelled(item, chance)) for key, item in value.items()]
        return dict(chance.sample(items, len(items)))
    if isinstance(value, list):
        return [respelled(item, chance) for item in value]
    return float(value) if type(value) is int and abs(value) < 2**53 else value


@given(events, st.randoms(use_true_random=False))
def test_no_spelling_counts(event: dict[str, Any], chance: random.Random) -> None:
    """Any event, with its keys shuffled, its numbers written otherwise, indented and escaped: the same digest."""
    compact = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    assert digest(json.dumps(respelled(event, chance), indent=3)) == digest(compact)


def normal(value: Any) -> Any:
    """Return what JSON says, told apart by Python: 1 is 1.0, but not true."""
    if isinstance(value, dict):
        return frozenset((key, normal(item)) for key, item in value.items())
    if isinstance(value, list):
        return tuple(normal(item) for item in value)
    return (isinstance(value, bool), value)


@given(events, events)
def test_digests_differ_where_events_do(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Equal digests if and only if the events say the same."""
    assert (digest(json.dumps(one)) == digest(json.dumps(other))) is (normal(one) == normal(other))


@pytest.mark.parametrize("depth", [100, 300, 1000, 1020])
def test_deep_nesting_is_no_obstacle(depth: int) -> None:
    """Whatever can be decoded has a digest, and white space still does not matter around it."""
    deep = '{"a":' + "[" * depth + "1" + "]" * depth + "}"
    other = deep.replace("1", "2")
    assert digest(deep) == digest(f" {deep}\n")
    assert digest(deep) != digest(other)


@pytest.mark.parametrize(
    "text", ["", "{", '{"a":NaN}', '{"a":1e999}', '{"a":01}', '{"a":"\\ud800"}', "{'a':1}", "[" * 2000]
)
def test_what_is_not_json_says_so(text: str) -> None:
    """The verdict is one that quarantine can show, never another error."""
    with pytest.raises(NotAnEvent, match=r"^not JSON: "):
        decode(text.encode())
