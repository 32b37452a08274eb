"""A tree of keys: what is given up is gone for ever, and nothing else is."""

from hashlib import blake2b

from hypothesis import given
from hypothesis import strategies as st

from outcomes.store.privacy.key_tree import KeyTree

NUMBERS = st.integers(0, (1 << 32) - 1)


def by_hand(root: bytes, number: int) -> bytes:
    """Compute a leaf as the paper says: from the root, one keyed hash a bit."""
    for shift in range(31, -1, -1):
        bit = b"1" if number >> shift & 1 else b"0"
        root = blake2b(bit, key=root, digest_size=32, person=b"outcomes keytree").digest()
    return root


@given(st.binary(min_size=32, max_size=32), NUMBERS)
def test_a_key_is_the_leaf_that_its_number_spells(root: bytes, number: int) -> None:
    """Computed without the code under test."""
    assert KeyTree({"": root}).key(number) == by_hand(root, number)


@given(st.sets(NUMBERS, max_size=6), st.sets(NUMBERS, max_size=6))
def test_only_what_is_given_up_is_gone(gone: set[int], kept: set[int]) -> None:
    """Numbers given up have no key, one by one or together; neighbours and all others keep theirs."""
    whole = KeyTree.new()
    left = whole.without(gone)
    for number in gone:
        assert left.key(number) is None
    near = {one ^ bit for one in gone for bit in (1, 256)}
    for other in (kept | near) - gone:
        assert left.key(other) == whole.key(other)
    one_by_one = whole
    for number in gone:
        one_by_one = one_by_one.without([number])
    assert one_by_one.nodes == left.nodes
    assert left.without(gone).nodes == left.nodes


@given(st.sets(NUMBERS, min_size=1, max_size=6))
def test_nothing_kept_leads_to_what_was_given_up(gone: set[int]) -> None:
    """No node that is kept stands above a number given up, and none of them is a node on its way."""
    whole = KeyTree.new()
    left = whole.without(gone)
    for number in gone:
        path = format(number, "032b")
        assert not any(path.startswith(node) for node in left.nodes)


@given(st.sets(st.integers(0, 300), max_size=20))
def test_it_can_tell_what_was_given_up(gone: set[int]) -> None:
    """Up to a number, in order."""
    assert list(KeyTree.new().without(gone).given_up(300)) == sorted(gone)
