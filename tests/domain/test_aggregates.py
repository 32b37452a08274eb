"""One entity rebuilt from its events: which event wins, what replaces what, and what comes back."""

from dataclasses import FrozenInstanceError
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes.domain.aggregate import Aggregate, in_order
from outcomes.domain.catalog import AGGREGATES, parse_event
from outcomes.domain.entities.group import OutcomeGroup
from outcomes.domain.entities.link import OutcomeLink
from outcomes.domain.entities.outcome import Outcome
from outcomes.domain.entities.proficiency import OutcomeProficiency
from outcomes.domain.entities.result import OutcomeResult
from outcomes.domain.event import Event, Recorded
from outcomes.domain.identity import Kind
from outcomes.domain.times import parse_argument
from tests.support.given import group, link, outcome, proficiency, result

JAN, FEB, MAR = "2025-01-01", "2025-02-01", "2025-03-01"
ONE_OF_EACH = {
    Outcome: outcome("7", JAN),
    OutcomeGroup: group("7", JAN),
    OutcomeLink: link("7", JAN, outcome="1", group="2"),
    OutcomeResult: result("7", JAN),
    OutcomeProficiency: proficiency("7", JAN),
}


def recorded(value: dict[str, Any], position: int = 1, digest: bytes = b"\0") -> Recorded:
    """Return an event as the log would give it."""
    event = parse_event(value)
    assert isinstance(event, Event)
    return Recorded(position, digest, event)


def replayed(*values: dict[str, Any], **point: Any) -> Aggregate[Any] | None:
    """Fold events that arrived in this order, at positions 1, 2, 3."""
    history = [recorded(value, position) for position, value in enumerate(values, 1)]
    return AGGREGATES[history[0].event.kind].replay(history, **point)


def title(*values: dict[str, Any], **point: Any) -> Any:
    """Return the title in force."""
    state = replayed(*values, **point)
    return None if state is None else state.state()["title"]


def last_of(*history: Recorded) -> set[Any]:
    """Return the titles that win, over every order of arrival."""
    winners = set()
    for arrival in permutations(history):
        state = Outcome.replay(arrival)
        assert state is not None
        winners.add(state.state()["title"])
    return winners


class TestFold:
    """What an event does to the state before it."""

    @pytest.mark.parametrize("aggregate", ONE_OF_EACH)
    def test_a_first_event_creates(self, aggregate: type[Aggregate[Any]]) -> None:
        """The state is that body; it says at which position and after how many events."""
        state = aggregate.evolve(None, recorded(ONE_OF_EACH[aggregate], 9))
        assert (state.id, state.position, state.events) == ("7", 9, 1)
        assert state.event_time == parse_argument(JAN)
        assert not state.is_deleted

    @pytest.mark.parametrize("aggregate", ONE_OF_EACH)
    @pytest.mark.parametrize("other", ONE_OF_EACH)
    def test_only_its_own_kind_evolves_it(self, aggregate: type[Aggregate[Any]], other: type[Aggregate[Any]]) -> None:
        """An event of another kind, under the same id, is a mistake of the caller and is said so."""
        if aggregate is other:
            assert aggregate.evolve(None, recorded(ONE_OF_EACH[other])).id == "7"
            return
        with pytest.raises(TypeError, match=aggregate.__name__):
            aggregate.evolve(None, recorded(ONE_OF_EACH[other]))

    def test_an_update_of_the_unknown_creates_it(self) -> None:
        """Events before the subscription are never sent: the first that is seen starts the history."""
        state = replayed(outcome("7", FEB, updated=FEB, title="Seen late"))
        assert state is not None
        assert (state.state()["title"], state.events) == ("Seen late", 1)

    def test_a_body_replaces_and_never_merges(self) -> None:
        """What the later body leaves out is null now, not what it was."""
        state = replayed(
            outcome("7", JAN, description="Long", vendor_guid="V", calculation_int=65),
            outcome("7", FEB, description="Longer", updated=FEB),
        )
        assert state is not None
        assert state.state()["description"] == "Longer"
        assert state.state().keys().isdisjoint({"vendor_guid", "calculation_int"})

    def test_a_criterion_is_replaced_whole(self) -> None:
        """Not even its parts are merged."""
        state = replayed(outcome("7", JAN), outcome("7", FEB, rubric_criterion={"mastery_points": 2}, updated=FEB))
        assert state is not None
        assert state.state()["rubric_criterion"] == {"mastery_points": 2}

    def test_deleted_is_not_the_end(self) -> None:
        """A package import brings a deleted outcome back under its own id."""
        history = [
            outcome("7", JAN),
            outcome("7", FEB, updated=FEB, workflow_state="deleted"),
            outcome("7", MAR, updated=MAR, title="Back"),
        ]
        states = [replayed(*history, as_of=parse_argument(time)) for time in (JAN, FEB, MAR)]
        assert [state.is_deleted for state in states if state] == [False, True, False]
        assert [state.events for state in states if state] == [1, 2, 3]

    def test_a_state_cannot_be_changed_by_hand(self) -> None:
        """It is what the events say."""
        state = replayed(outcome("7", JAN))
        with pytest.raises(FrozenInstanceError):
            state.position = 2  # type: ignore[union-attr, misc]


class TestPoint:
    """Which events count at (T, P)."""

    HISTORY = (
        outcome("7", MAR, title="third", updated=MAR),
        outcome("7", JAN, title="first"),
        outcome("7", FEB, title="second", updated=FEB),
    )

    @pytest.mark.parametrize(
        ("as_of", "known_at", "expected"),
        [
            (None, None, "third"),
            (MAR, None, "third"),
            ("2025-02-28T23:59:59.999999Z", None, "second"),
            (FEB, None, "second"),
            (JAN, None, "first"),
            ("2024-12-31", None, None),
            (None, 1, "third"),
            (None, 0, None),
            (FEB, 1, None),
            (FEB, 2, "first"),
            (FEB, 3, "second"),
            (None, 99, "third"),
        ],
    )
    def test_event_time_up_to_t_and_position_up_to_p(self, as_of: Any, known_at: Any, expected: Any) -> None:
        """Both ends are included; what was recorded later is not known, what happened later has not happened."""
        moment = None if as_of is None else parse_argument(as_of)
        assert title(*self.HISTORY, as_of=moment, known_at=known_at) == expected

    def test_the_position_is_that_of_the_event_in_force(self) -> None:
        """Not that of the last to arrive."""
        state = replayed(*self.HISTORY)
        assert state is not None
        assert (state.position, state.events) == (1, 3)


class TestOrder:
    """The total order of the events of one entity, one rule after the other."""

    def test_event_time_comes_first(self) -> None:
        """Whatever the row's own clock says."""
        early = recorded(outcome("7", JAN, updated="2025-12-01", title="early"), digest=b"\xff")
        late = recorded(outcome("7", FEB, title="late"), digest=b"\x00")
        assert last_of(early, late) == {"late"}

    def test_event_times_are_instants_and_not_text(self) -> None:
        """Nine in the morning in Denver is after three in the afternoon in London."""
        london = recorded(outcome("7", "2025-01-01T15:00:00Z", title="London"), digest=b"\xff")
        denver = recorded(outcome("7", "2025-01-01T09:00:00-07:00", title="Denver"), digest=b"\x00")
        assert last_of(london, denver) == {"Denver"}

    def test_a_microsecond_counts(self) -> None:
        """Precision is kept where there is some."""
        plain = recorded(outcome("7", "2025-01-01T15:00:00Z", title="plain"), digest=b"\xff")
        finer = recorded(outcome("7", "2025-01-01T15:00:00.000001Z", title="finer"), digest=b"\x00")
        assert last_of(plain, finer) == {"finer"}

    def test_then_updated_at(self) -> None:
        """Of two events at one instant the row's own clock tells, in its own offset."""
        earlier = recorded(outcome("7", JAN, updated="2025-01-01T12:00:00Z", title="earlier"), digest=b"\xff")
        later = recorded(outcome("7", JAN, updated="2025-01-01T08:00:00-06:00", title="later"), digest=b"\x00")
        assert last_of(earlier, later) == {"later"}

    def test_an_absent_updated_at_is_first(self) -> None:
        """Even before a clock that stands at the beginning of 1970."""
        absent = recorded(outcome("7", JAN, title="absent"), digest=b"\xff")
        update = outcome("7", JAN, updated="1970-01-01T00:00:00Z", title="present")
        update["metadata"]["event_name"] = "learning_outcome_created"
        assert last_of(absent, recorded(update, digest=b"\x00")) == {"present"}

    def test_then_created_before_updated(self) -> None:
        """With equal clocks an update comes after the creation."""
        update = recorded(outcome("7", JAN, updated=JAN, title="update"), digest=b"\x00")
        creation = outcome("7", JAN, updated_at=JAN, title="creation")
        assert last_of(update, recorded(creation, digest=b"\xff")) == {"update"}

    def test_an_update_without_a_clock_still_follows_a_creation_without_one(self) -> None:
        """Both absent is a tie, and the names decide."""
        update = outcome("7", JAN, title="update")
        update["metadata"]["event_name"] = "learning_outcome_updated"
        creation = recorded(outcome("7", JAN, title="creation"), digest=b"\xff")
        assert last_of(recorded(update, digest=b"\x00"), creation) == {"update"}

    def test_updated_at_weighs_more_than_the_name(self) -> None:
        """A creation with a later clock follows an update with an earlier one, at one event time."""
        creation = recorded(outcome("7", JAN, updated_at="2025-01-03", title="creation"), digest=b"\x00")
        update = recorded(outcome("7", JAN, updated="2025-01-02", title="update"), digest=b"\xff")
        assert last_of(creation, update) == {"creation"}

    def test_and_at_last_the_digest(self) -> None:
        """What nothing else settles, the content does: every replica agrees."""
        low = recorded(outcome("7", JAN, title="low"), digest=b"\x01\xff")
        high = recorded(outcome("7", JAN, title="high"), digest=b"\x02\x00")
        assert last_of(low, high) == {"high"}

    def test_the_position_never_decides(self) -> None:
        """Equal events at other positions stand in the same order."""
        orders = []
        for first, second in ((1, 2), (2, 1)):
            history = [
                recorded(outcome("7", JAN, title="a"), first, b"a"),
                recorded(outcome("7", JAN, title="b"), second, b"b"),
            ]
            orders.append([item.digest for item in in_order(history)])
        assert orders == [[b"a", b"b"], [b"a", b"b"]]

    @given(st.permutations(range(6)))
    def test_any_arrival_gives_the_same_order(self, arrival: list[int]) -> None:
        """Six events at one instant, told apart by one rule each."""
        history = [
            recorded(outcome("7", JAN, title="0"), digest=b"\x01"),
            recorded(outcome("7", JAN, title="1"), digest=b"\x02"),
            recorded(outcome("7", JAN, title="2", updated=JAN), digest=b"\x01"),
            recorded(outcome("7", JAN, title="3", updated=JAN), digest=b"\x02"),
            recorded(outcome("7", JAN, title="4", updated=FEB), digest=b"\x01"),
            recorded(outcome("7", "2025-01-01T00:00:00.001Z", title="5"), digest=b"\x00"),
        ]
        found = [item.event.body.state()["title"] for item in in_order(history[index] for index in arrival)]
        assert found == ["0", "1", "2", "3", "4", "5"]


def test_every_known_kind_has_its_aggregate() -> None:
    """Whatever has a state can be replayed."""
    assert set(AGGREGATES) == set(Kind)
