"""Keys: streams in the order of ids, versions in the order of time, and the bound of "as of" between them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes.domain.catalog import parse_event
from outcomes.domain.identity import Kind
from outcomes.domain.times import Micros, micros
from outcomes.store.encoding.stream_keys import (
    HASH_BITS,
    entity_of_stream,
    in_tenant,
    last_version,
    local_stream,
    next_free_version,
    stream_of_entity,
    version_of,
)
from tests.support.given import event, group, link, outcome, proficiency, result

LAST_INSTANT = micros(datetime(2108, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC))

instants = st.integers(0, LAST_INSTANT)
digests = st.binary(min_size=16, max_size=16)
ids = (
    st.integers(0, 10**20 - 1).map(str)
    | st.text(min_size=1, max_size=25)
    | st.sampled_from(["0", "00", "7", "07", "~7"])
)


def entity_stream(number: int, kind: str, local_id: str) -> str:
    """Return the whole name of an entity's stream."""
    return in_tenant(number, stream_of_entity(kind, local_id))


def test_streams_sort_as_ids_do() -> None:
    """Tenant, then kind, then ids as numbers; ids that are none come after them."""
    in_order = ["2", "9", "10", "41230000000000017", "99999999999999999999", "007", "114340E"]
    streams = [entity_stream(number, kind, i) for number in (1, 2, 10) for kind in ("group", "link") for i in in_order]
    assert sorted(streams) == streams


@given(
    st.tuples(st.integers(1, 10**6), st.sampled_from(Kind), ids),
    st.tuples(st.integers(1, 10**6), st.sampled_from(Kind), ids),
)
def test_every_entity_has_a_stream_of_its_own(one: tuple[int, Kind, str], other: tuple[int, Kind, str]) -> None:
    """Two streams are the same only if tenant, kind and id are."""
    assert (entity_stream(*one) == entity_stream(*other)) is (one == other)


@given(st.integers(1, 10**6), st.sampled_from(Kind), ids)
def test_a_stream_says_whose_it_is(number: int, kind: Kind, local_id: str) -> None:
    """Tenant, kind and id can be read back from its name."""
    assert entity_of_stream(entity_stream(number, kind, local_id)) == (number, kind, local_id)


@given(ids, ids)
def test_no_two_ids_share_a_stream(one: str, other: str) -> None:
    """Not even ids that are equal as numbers."""
    assert (entity_stream(1, Kind.RESULT, one) == entity_stream(1, Kind.RESULT, other)) is (one == other)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (outcome("7", "2025-01-01"), Kind.OUTCOME),
        (group("7", "2025-01-01", updated="2025-01-01"), Kind.GROUP),
        (link("7", "2025-01-01", outcome="1", group="2"), Kind.LINK),
        (proficiency("7", "2025-01-01"), Kind.PROFICIENCY),
        (result("7", "2025-01-01"), Kind.RESULT),
    ],
)
def test_an_event_goes_where_its_entity_is_looked_up(value: dict[str, object], kind: Kind) -> None:
    """The stream of a creation and of an update is the stream of the entity that they name."""
    assert in_tenant(3, local_stream(parse_event(value))) == entity_stream(3, kind, "7")


def test_what_nothing_projects_has_streams_too() -> None:
    """By entity where the body names one, else by event name; never in the stream of something else."""
    values = [
        event("course_created", "2025-01-01", {"course_id": "7"}),
        event("course_created", "2025-01-01", {"course_id": "8"}),
        event("asset_accessed", "2025-01-01", {"course_id": "7"}),
        event("asset_accessed", "2025-01-01", None),  # type: ignore[arg-type]
        event("outcome", "2025-01-01", {}),
        group("7", "2025-01-01"),
    ]
    streams = [local_stream(parse_event(value)) for value in values]
    assert streams[2] == streams[3]
    assert len(set(streams)) == len(streams) - 1
    assert local_stream(parse_event(event("course_updated", "2025-02-02", {"course_id": "7"}))) == streams[0]


@given(instants, digests, instants, digests)
def test_versions_are_in_the_order_of_time(one: Micros, its: bytes, other: Micros, others: bytes) -> None:
    """Whatever the digests, a later millisecond is a greater version; all fit the 63 bits that SQLite has."""
    first, second = version_of(one, its), version_of(other, others)
    assert 0 <= first < 1 << 63
    if one // 1000 != other // 1000:
        assert (first < second) is (one < other)


@given(instants, digests, instants)
def test_as_of_takes_in_what_happened_by_then(happened: Micros, digest: bytes, as_of: Micros) -> None:
    """The bound leaves out no event up to that instant, and none of a later millisecond gets in."""
    is_in = version_of(happened, digest) <= last_version(as_of)
    assert is_in is (happened // 1000 <= as_of // 1000)


@given(instants, digests)
def test_the_next_version_is_of_the_same_millisecond(happened: Micros, digest: bytes) -> None:
    """A collision never moves an event in time, also where the hash is the greatest there is."""
    version = version_of(happened, digest)
    other = next_free_version(version)
    assert other != version
    assert other >> HASH_BITS == version >> HASH_BITS == happened // 1000
