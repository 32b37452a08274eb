"""The list in a wrapper is found as its lines come, where a look at all that came would find it."""

from hypothesis import example, given
from hypothesis import strategies as st

from outcomes.store.sources.json_patterns import LIST_OF_VALUES
from outcomes.store.sources.wrapper_head import WrapperHead

TOKENS = st.sampled_from(
    [
        b'"a"', b'"Records"', b'"data"', b'"metadata"', b'"x{y[z"', b":", b",", b"[", b"]", b"{", b"}", b" ", b"\n",
        b"1", b"null", b'"', b"\\", b'"a": 1,', b'"b": {"c": "d"},', b'"e": [1, 2],', b'"n": {"o": {}},',
        b'"Records": [', b'"l": [{"metadata": ',
    ]
)  # fmt: skip
PARTS = st.lists(st.lists(TOKENS, min_size=1, max_size=6).map(b"".join), max_size=12)


@given(PARTS)
@example([b'"a": 1,', b'"b": {"c": "d"},', b'"Records": ', b"[", b"\n"])
@example([b'"a": {', b'"b": "c"}', b",", b'"l": [', b"{", b'"metadata"', b": "])
@example([b'"a": [{', b"}", b'], "Records": ['])
@example([b'"a": "{', b'{{", "Records": ['])
def test_what_came_is_looked_at_as_if_anew(parts: list[bytes]) -> None:
    """Part by part the answer is that of all parts together."""
    head, came = WrapperHead(), b""
    for part in [b"{", *parts]:
        came += part
        found = LIST_OF_VALUES.match(came)
        assert head.values_begin(part) == (None if found is None else found.end()), came
        if found is not None and found.end() < len(came):
            return  # what comes now is a value of the list
