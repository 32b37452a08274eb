"""One short text for a whole state: equal where the histories are equal, different where anything differs."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes.domain.times import parse_argument
from outcomes.projections.as_of.fingerprint import fingerprint_of
from tests.support.given import OTHER_TENANT, group, link, outcome, proficiency, result
from tests.support.histories import POINTS, histories
from tests.support.shared_files import COMMON_CORE, DOCUMENTED, OPEN_UNIVERSITY, Shared, lines_of
from tests.support.world import World, fresh_world

JAN, FEB, MAR = "2025-01-01", "2025-02-01", "2025-03-01"
SCHOOL = [
    group("1", JAN),
    outcome("7", JAN),
    link("70", JAN, outcome="7", group="1"),
    result("50", FEB, score=3),
    proficiency("1", JAN),
    outcome("7", MAR, mastery=4, updated=MAR),
]


def digest_of(*events: Any) -> str:
    """Return the digest of a fresh home with these events."""
    with fresh_world() as world:
        world.take(*events)
        return world.digest().digest


class TestEqual:
    """What does not make a state another one."""

    def test_the_same_events_give_the_same_digest(self) -> None:
        """In any order, in another home, recorded at another time."""
        with fresh_world() as world:
            world.clock = parse_argument("2031-01-01")
            world.take(*reversed(SCHOOL))
            assert world.digest().digest == digest_of(*SCHOOL)

    def test_repeats_change_nothing(self, world: World) -> None:
        """Delivered twice is delivered once."""
        world.take(*SCHOOL)
        before = world.digest()
        report = world.take(*SCHOOL, *SCHOOL)
        assert (report.appended, report.duplicates) == (0, 12)
        assert world.digest() == before

    def test_the_spelling_of_json_changes_nothing(self) -> None:
        """White space, the order of keys, 3.0 for 3, escaped letters: one event."""
        value = outcome("7", JAN, title="Élan")
        respelled = json.dumps(
            {"body": dict(reversed(value["body"].items())), "metadata": value["metadata"]}, ensure_ascii=True, indent=1
        ).replace('"mastery_points": 3', '"mastery_points": 3.0')
        assert digest_of(respelled.replace("\n", " ")) == digest_of(value)

    def test_what_nobody_projects_is_no_part_of_the_state(self) -> None:
        """An unknown event is in the log, and not in any state."""
        value = outcome("7", JAN)
        unknown = {**value, "metadata": {**value["metadata"], "event_name": "learning_outcome_merged"}}
        assert digest_of(*SCHOOL, unknown) == digest_of(*SCHOOL)

    def test_what_is_in_quarantine_is_no_part_of_the_state(self) -> None:
        """Nor does it hide anything that is."""
        assert digest_of(SCHOOL[0], "{broken", *SCHOOL[1:]) == digest_of(*SCHOOL)


class TestDifferent:
    """What makes a state another one: any one of these."""

    @pytest.mark.parametrize(
        "other",
        [
            outcome("7", JAN, title="Outcome 7 "),
            outcome("7", JAN, mastery=3.0000001),
            outcome("7", JAN, description=""),
            outcome("7", JAN, calculation_int=True),
            outcome("7", JAN, added_in_2031=None),
            outcome("8", JAN, title="Outcome 7"),
            outcome("7", "2025-01-01T00:00:00.001Z"),
            outcome("7", JAN, updated=JAN),
            outcome("7", JAN, meta={"tenant": OTHER_TENANT}),
            outcome("7", JAN, meta={"user_login": "r.okafor@plover.example"}),
        ],
    )
    def test_one_difference_in_the_event_in_force(self, other: dict[str, Any]) -> None:
        """A space, a digit, an empty text, another id, instant, name, tenant or actor."""
        assert digest_of(other) != digest_of(outcome("7", JAN))

    def test_one_entity_more(self) -> None:
        """A group, or the same id as another kind."""
        assert digest_of(*SCHOOL, group("2", JAN)) != digest_of(*SCHOOL) != digest_of(*SCHOOL[:-2])

    def test_a_deleted_entity_is_a_state_too(self) -> None:
        """Deleted is not the same as never seen."""
        gone = outcome("7", MAR, updated=MAR, workflow_state="deleted")
        assert digest_of(outcome("7", JAN), gone) != digest_of()

    def test_values_that_change_places(self) -> None:
        """Two students with exchanged scores are another state, though every score is still there."""
        straight = [result("50", JAN, score=2), result("51", JAN, score=5)]
        crossed = [result("50", JAN, score=5), result("51", JAN, score=2)]
        assert digest_of(*straight) != digest_of(*crossed)

    def test_the_same_entity_twice_is_not_cancelled(self) -> None:
        """A sum, not an exclusive or: pairs leave a trace."""
        one = ("t", "outcome", "7", b"\1" * 16)
        assert fingerprint_of([one, one]).digest != fingerprint_of([]).digest

    def test_parts_do_not_run_into_one_another(self) -> None:
        """Tenant, kind and id are told apart, however they are cut."""
        cuts = [("ab", "c", "d"), ("a", "bc", "d"), ("a", "b", "cd"), ("abc", "", "d")]
        assert len({fingerprint_of([(*cut, b"\1" * 16)]).digest for cut in cuts}) == len(cuts)


class TestEntities:
    """How many entities the state is of."""

    def test_each_counts_once(self, world: World) -> None:
        """Six events, five entities; another tenant's are others."""
        world.take(*SCHOOL)
        assert world.digest().entities == 5
        world.take(outcome("7", JAN, meta={"tenant": OTHER_TENANT}))
        assert world.digest().entities == 6

    def test_at_a_time_those_that_were_there(self, world: World) -> None:
        """And none before the first, or before anything was known."""
        world.take(*SCHOOL)
        counted = [world.digest(time).entities for time in ("2024-12-31", JAN, FEB, MAR)]
        assert counted == [0, 4, 5, 5]
        assert [world.digest(known_at=str(position)).entities for position in range(8)] == [0, 1, 2, 3, 4, 5, 5, 5]

    def test_of_nothing_there_is_a_digest_too(self, world: World) -> None:
        """The same wherever there is nothing."""
        world.take(*SCHOOL)
        assert world.digest("2024-12-31") == world.digest(known_at="0")
        assert world.digest("2024-12-31").digest == digest_of()


def instant(value: dict[str, Any]) -> int:
    """Return the event time."""
    return parse_argument(value["metadata"]["event_time"])


@given(histories(), st.sampled_from(POINTS), st.integers(0, 14))
def test_a_point_is_a_home_that_heard_no_more(history: list[dict[str, Any]], as_of: str, known_at: int) -> None:
    """State at (T, P) is the state of a home that got only those of the first P events that happened up to T."""
    with fresh_world() as world, fresh_world() as shorter:
        world.take(*history)
        # Repeats take no position.
        first = [json.loads(raw) for raw in world.raw_log()[:known_at]]
        heard = [value for value in first if instant(value) <= parse_argument(as_of)]
        shorter.take(*heard)
        assert shorter.digest() == world.digest(as_of, str(known_at))


@given(histories(), st.randoms(use_true_random=False))
def test_any_order_of_arrival_and_any_repeats_give_the_same_state(
    history: list[dict[str, Any]], chance: random.Random
) -> None:
    """However events arrive, late, shuffled or twice, the state at every time is the same."""
    shuffled = [*history, *chance.choices(history, k=3)]
    chance.shuffle(shuffled)
    with fresh_world() as in_order, fresh_world() as disordered:
        in_order.take(*history)
        for start in range(0, len(shuffled), 4):
            disordered.take(*shuffled[start : start + 4])
        assert disordered.digests() == in_order.digests()


@pytest.mark.parametrize("name", [DOCUMENTED, COMMON_CORE, OPEN_UNIVERSITY])
def test_shuffled_and_in_several_takes_it_is_the_same_state(shared: Shared, tmp_path: Path, name: str) -> None:
    """Now and in the middle of the story, and the proof holds."""
    events = lines_of(shared(name))
    middle = sorted(json.loads(event)["metadata"]["event_time"] for event in events)[len(events) // 2]
    straight, shuffled = World(tmp_path / "straight"), World(tmp_path / "shuffled")
    straight.take(*events)
    mixed = random.Random(20121127).sample(events, len(events))  # noqa: S311 - not a secret
    third = len(mixed) // 3 + 1
    for start in range(0, len(mixed), third):
        shuffled.take(*mixed[start : start + third], *mixed[:3])
    assert [shuffled.digest(at) for at in (middle, None)] == [straight.digest(at) for at in (middle, None)]


def test_two_runs_of_a_course(shared: Shared, world: World) -> None:
    """3,194 deliveries: 3,161 events and 33 repeats; taken again, all are repeats."""
    deliveries = lines_of(shared(OPEN_UNIVERSITY))
    report = world.take(*deliveries)
    assert (report.read, report.appended, report.duplicates, report.quarantined) == (3_194, 3_161, 33, 0)
    digest = world.digest()
    again = world.take(*deliveries)
    assert (again.appended, again.duplicates, again.head) == (0, 3_194, 3_161)
    assert world.digest() == digest
    assert world.verify()["problems"] == []
