"""Members are cut out of JSON text, and nothing else of it is touched."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes.store.privacy.json_members import remove

NAMES = st.sampled_from(["metadata", "body", "attributes", "x", "client_ip", "a{b", 'q"uote', "é", ""])
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.sampled_from(["}", '{"', "\\", ",]"])
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3))
OBJECTS = st.dictionaries(NAMES, VALUES | st.dictionaries(NAMES, VALUES, max_size=4), max_size=4)


def expected(value: dict[str, Any], dropped: set[tuple[str, str]]) -> dict[str, Any]:
    """Take the members out of the decoded value."""
    return {
        outer: {name: inner for name, inner in member.items() if (outer, name) not in dropped}
        if isinstance(member, dict)
        else member
        for outer, member in value.items()
    }


@given(OBJECTS, st.sets(st.tuples(NAMES, NAMES), max_size=8), st.sampled_from([None, 1, "\t"]), st.booleans())
def test_what_is_dropped_is_gone_and_the_rest_is_the_same(
    value: dict[str, Any], dropped: set[tuple[str, str]], indent: Any, ascii_only: bool
) -> None:
    """However it is spelled: the result is valid JSON, and means the object without those members."""
    raw = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode()
    # An empty name is no name of Canvas's; members under it are left alone.
    found = remove(raw, lambda outer, name: (outer, name) in dropped)
    assert json.loads(found) == expected(value, dropped)


@pytest.mark.parametrize(
    ("raw", "rest"),
    [
        (
            b' {"metadata": {"ip": "}", "n": 1e2 ,"m":-0.0}, "body":{"ip":1}}',
            b' {"metadata": { "n": 1e2 ,"m":-0.0}, "body":{"ip":1}}',
        ),
        (b'{"metadata":{"\\u0069p":1,"ip":2,"n":4.0}}', b'{"metadata":{"n":4.0}}'),
        (b'{"metadata":{"ip":{"a":[1,{}]}}}', b'{"metadata":{}}'),
        (b'{"metadata":[{"ip":1}],"ip":3}', b'{"metadata":[{"ip":1}],"ip":3}'),
    ],
)
def test_every_other_byte_is_as_it_came(raw: bytes, rest: bytes) -> None:
    """Spaces, number forms and spellings stay; names spelled with escapes or given twice are found."""
    assert remove(raw, lambda outer, name: outer == "metadata" and name == "ip") == rest


def test_depth_does_not_matter() -> None:
    """Ten thousand brackets are stepped over without recursion."""
    deep = b"[" * 10_000 + b"]" * 10_000
    raw = b'{"metadata":{"ip":1,"n":' + deep + b'},"body":' + deep + b"}"
    assert remove(raw, lambda _, name: name == "ip") == raw.replace(b'"ip":1,', b"")
