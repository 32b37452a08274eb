"""Points: what `--as-of`, `--known-at` and `--tenant` mean, and when they are refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes.domain.errors import SeveralTenants, UsageError
from outcomes.domain.times import parse_argument
from outcomes.projections.as_of.point import PointInTime, PointQuery, RecordedTimes, resolve, resolve_cut
from tests.support.given import OTHER_TENANT, TENANT, outcome
from tests.support.histories import POINTS, histories
from tests.support.world import World, fresh_world

MORNING, NOON, EVENING = "2026-01-10T08:00:00Z", "2026-01-10T12:00:00Z", "2026-01-10T18:00:00Z"


def point(
    world: World, tenant: str | None = None, as_of: str | None = None, known_at: str | None = None
) -> PointInTime:
    """Resolve what was asked."""
    with world.at(as_of, known_at, tenant) as (_, _, at):
        return at


def known_at(world: World, text: str | None) -> int:
    """Return the position that a `--known-at` means."""
    return point(world, known_at=text).known_at


def mastery(world: World, **asked: Any) -> Any:
    """Return the mastery points of outcome 7 in the tree of Account:1, None if it is not there."""
    return next((node["mastery_points"] for node in world.tree(**asked)["unlinked"] if node["id"] == "7"), None)


@pytest.fixture
def two_takes(world: World) -> World:
    """Three events in the morning (positions 1 to 3), two in the evening (4 and 5)."""
    world.clock = parse_argument(MORNING)
    world.take(*(outcome(str(number), "2025-01-01") for number in (7, 8, 9)))
    world.clock = parse_argument(EVENING)
    world.take(outcome("7", "2025-02-01", mastery=4, updated="2025-02-01"), outcome("10", "2025-01-01"))
    return world


class TestKnownAt:
    """A position, or what the clock said."""

    def test_a_time_between_two_takes_is_the_end_of_the_first(self, two_takes: World) -> None:
        """What was known at noon is what was recorded in the morning."""
        assert known_at(two_takes, NOON) == 3
        assert (mastery(two_takes, known_at=NOON), mastery(two_takes)) == (3, 4)
        assert two_takes.digest(known_at=NOON) == two_takes.digest(known_at="3")

    @pytest.mark.parametrize(
        ("text", "position"),
        [
            ("2026-01-10T07:59:59.999Z", 0),
            (MORNING, 3),
            ("2026-01-10T17:59:59.999999Z", 3),
            (EVENING, 5),
            ("2026-01-10T19:00:00+01:00", 5),
            ("2026-01-10T18:59:59+01:00", 3),
            ("2026-01-10", 0),
            ("2026-01-11", 5),
            ("2099-01-01", 5),
        ],
    )
    def test_the_instant_of_recording_is_included(self, two_takes: World, text: str, position: int) -> None:
        """In any offset; a date is its midnight; before the first nothing was known."""
        assert known_at(two_takes, text) == position

    @pytest.mark.parametrize(("text", "position"), [("0", 0), ("1", 1), ("4", 4), (" 5 ", 5), ("99", 5), ("9" * 30, 5)])
    def test_a_position_beyond_the_head_is_the_head(self, two_takes: World, text: str, position: int) -> None:
        """Nothing more is known than there is."""
        assert known_at(two_takes, text) == position

    def test_nothing_asked_is_the_head(self, two_takes: World) -> None:
        """And goes on being it as the log grows."""
        assert known_at(two_takes, None) == 5
        two_takes.take(outcome("11", "2025-01-01"))
        assert known_at(two_takes, None) == 6
        assert known_at(two_takes, "99") == 6

    @pytest.mark.parametrize("text", ["-1", "head", "1.5", "", "2026-13-01"])
    def test_what_is_neither_is_refused(self, two_takes: World, text: str) -> None:
        """One line that shows it."""
        with pytest.raises(UsageError, match="not a time"):
            known_at(two_takes, text)

    def test_a_take_without_news_is_no_point(self, two_takes: World) -> None:
        """Repeats at midnight record nothing: what was known in the evening is still all."""
        two_takes.clock = parse_argument("2026-01-11")
        two_takes.take(outcome("7", "2025-01-01"))
        assert known_at(two_takes, None) == known_at(two_takes, "2026-01-12") == 5
        with two_takes.at() as (_, connection, _):
            assert RecordedTimes(connection).at(5) == parse_argument(EVENING)

    def test_a_clock_that_steps_back_does_not_reorder_the_log(self, two_takes: World) -> None:
        """Recorded times never fall: what came after was not known before."""
        two_takes.clock = parse_argument(NOON)
        two_takes.take(outcome("11", "2025-01-01"))
        assert known_at(two_takes, NOON) == 3
        assert known_at(two_takes, EVENING) == 6
        recorded = {entry.position: entry.recorded_at for entry in two_takes.timeline()}
        assert [recorded[position] for position in range(1, 7)] == sorted(recorded.values())


class TestAsOf:
    """An instant of event time."""

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("2025-02-01", "2025-02-01T00:00:00.000Z"),
            ("2025-02-01T00:00:00-03:00", "2025-02-01T03:00:00.000Z"),
            ("2025-02-01 00:00:00 +0100", "2025-01-31T23:00:00.000Z"),
        ],
    )
    def test_the_answer_says_in_utc_what_was_asked(self, two_takes: World, text: str, said: str) -> None:
        """So that an answer on paper can be asked for again."""
        assert point(two_takes, as_of=text).heading() == {"tenant": TENANT, "as_of": said, "known_at": 5}

    def test_nothing_asked_is_all_event_times(self, two_takes: World) -> None:
        """The answer says that no time was named."""
        assert point(two_takes).heading() == {"tenant": TENANT, "as_of": None, "known_at": 5}

    def test_both_axes_are_independent(self, two_takes: World) -> None:
        """(T, P) for two of each: only after both the change is there."""
        seen = [
            [mastery(two_takes, as_of=as_of, known_at=position) for position in ("3", "5")]
            for as_of in ("2025-01-31", "2025-02-01", "2030-01-01")
        ]
        assert seen == [[3, 3], [3, 4], [3, 4]]

    def test_an_event_far_ahead_does_not_hide_the_others(self, two_takes: World) -> None:
        """As of now excludes what is dated tomorrow; without a time it counts."""
        two_takes.take(outcome("7", "2026-01-11T12:00:00Z", mastery=5, updated=NOON))
        assert [mastery(two_takes, as_of=time) for time in (EVENING, "2026-01-12")] == [4, 5]
        assert mastery(two_takes) == 5
        assert mastery(two_takes, known_at="5") == 4

    @pytest.mark.parametrize("text", ["tomorrow", "3", "2025-02-30", ""])
    def test_what_is_no_time_is_refused(self, two_takes: World, text: str) -> None:
        """A position is no event time either."""
        with pytest.raises(UsageError, match="not a time"):
            point(two_takes, as_of=text)


class TestTenants:
    """Whose log."""

    def test_the_only_one_need_not_be_named(self, two_takes: World) -> None:
        """But may be."""
        assert point(two_takes).tenant == point(two_takes, tenant=TENANT).tenant == TENANT

    def test_of_several_one_must_be(self, two_takes: World) -> None:
        """The refusal names them all and the option."""
        two_takes.take(outcome("7", "2025-01-01", meta={"tenant": OTHER_TENANT}))
        with pytest.raises(SeveralTenants, match=rf"{TENANT}.*{OTHER_TENANT}.*--tenant"):
            point(two_takes)
        assert point(two_takes, tenant=OTHER_TENANT).tenant == OTHER_TENANT

    def test_an_unknown_one_is_refused(self, two_takes: World) -> None:
        """With the ones there are."""
        with pytest.raises(UsageError, match=rf"'nobody'.*{TENANT}"):
            point(two_takes, tenant="nobody")

    def test_the_whole_log_needs_none(self, two_takes: World) -> None:
        """A digest is of everything."""
        two_takes.take(outcome("7", "2025-01-01", meta={"tenant": OTHER_TENANT}))
        with two_takes.opened() as (_, views), views.reading() as connection:
            assert resolve_cut(connection, PointQuery(known_at=NOON)).known_at == 3


def test_an_empty_home_has_an_empty_point(world: World) -> None:
    """Nothing was taken: nothing is known, and no question fails."""
    assert world.take().head == 0
    with world.opened() as (_, views), views.reading() as connection:
        assert resolve(connection, PointQuery(as_of=NOON, known_at="7")).known_at == 0
    assert world.tree() == {"roots": [], "detached": [], "unlinked": []}
    assert world.timeline() == []


@given(histories(), histories(), st.sampled_from([*POINTS, None]))
def test_what_was_known_at_a_position_never_changes(
    before: list[dict[str, Any]], after: list[dict[str, Any]], as_of: str | None
) -> None:
    """A report made at (T, P) can be made again, to the letter, whatever arrives later."""
    with fresh_world() as world:
        known_at = str(world.take(*before).head)
        then = world.everything_known(as_of, known_at)
        world.take(*after)
        now = world.everything_known(as_of, known_at)
        # Tenants that turned up since are empty at that point; those that were there answer as before.
        assert {name: now[name] for name in then} == then
