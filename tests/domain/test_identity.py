"""Who is meant: ids however they are spelled, the order of ids, contexts, and what people type."""

import random
from typing import Any

import pytest

from outcomes.domain.catalog import parse_event
from outcomes.domain.errors import NotAnEvent, UsageError
from outcomes.domain.event import Event
from outcomes.domain.identity import (
    GLOBAL,
    Context,
    EntityRef,
    Kind,
    id_sort_key,
    parse_context,
    parse_entity,
    parse_kind,
)
from tests.support.given import OTHER_TENANT, TENANT, calculation_method, group, link, outcome, proficiency


def parsed(value: dict[str, Any]) -> Event:
    """Return the event of a known name."""
    event = parse_event(value)
    assert isinstance(event, Event)
    return event


class TestIds:
    """Local ids: text, whatever the JSON type in which they arrive."""

    @pytest.mark.parametrize("spelled", ["7", 7, 7.0])
    def test_text_and_whole_numbers_are_the_same_id(self, spelled: object) -> None:
        """Canvas sends text, archives numbers, spreadsheets 7.0: one entity."""
        event = outcome("7", "2025-01-01")
        event["body"]["learning_outcome_id"] = spelled
        assert parsed(event).ref == EntityRef(TENANT, Kind.OUTCOME, "7")

    @pytest.mark.parametrize("spelled", ["114340E", "11435BC", "a-b_c.d", "é"])
    def test_an_id_need_not_be_a_number(self, spelled: str) -> None:
        """Imported standards have ids like 114340E: an E is no exponent."""
        event = parsed(outcome(spelled, "2025-01-01"))
        assert event.ref.id == spelled
        assert event.body.state()["learning_outcome_id"] == spelled

    def test_a_global_id_keeps_all_its_digits(self) -> None:
        """Seventeen digits are more than a double holds exactly."""
        event = outcome("7", "2025-01-01")
        event["body"]["learning_outcome_id"] = 21_070_000_000_000_001
        assert parsed(event).ref.id == "21070000000000001"

    def test_ids_of_others_become_text_too(self) -> None:
        """A link names its outcome and its group by number or text alike."""
        event = link("70", "2025-01-01", outcome="7", group="2")
        event["body"].update(learning_outcome_id=7, learning_outcome_group_id=2.0, context_id=1)
        state = parsed(event).body.state()
        assert (state["learning_outcome_id"], state["learning_outcome_group_id"], state["context_id"]) == (
            "7",
            "2",
            "1",
        )

    @pytest.mark.parametrize("spelled", [None, "", " ", "7 8", "7\n", "\x00", True, 7.5, ["7"], {"id": "7"}])
    def test_what_can_be_no_id_is_refused_by_name(self, spelled: object) -> None:
        """An entity without an identity is no entity; the reason names the field."""
        event = outcome("7", "2025-01-01")
        event["body"]["learning_outcome_id"] = spelled
        with pytest.raises(NotAnEvent, match="learning_outcome_id"):
            parse_event(event)

    def test_ids_sort_as_numbers_and_others_after_them(self) -> None:
        """2 stands before 10, and 114340E after every number."""
        wanted = ["0", "2", "10", "21070000000000001", "114340E", "11435BC", "x"]
        mixed = random.Random(7).sample(wanted, len(wanted))  # noqa: S311 - not a secret
        assert sorted(mixed, key=id_sort_key) == wanted

    def test_the_same_number_elsewhere_is_someone_else(self) -> None:
        """Ids are local: another tenant's 7, or group 7, is not outcome 7."""
        refs = {
            parsed(outcome("7", "2025-01-01")).ref,
            parsed(group("7", "2025-01-01")).ref,
            parsed(outcome("7", "2025-01-01", meta={"tenant": OTHER_TENANT})).ref,
        }
        assert len(refs) == 3


class TestContexts:
    """Where a tree hangs."""

    @pytest.mark.parametrize(
        ("event", "expected"),
        [
            (outcome("7", "2025-01-01"), Context("Account", "1")),
            (outcome("7", "2025-01-01", context_type=None, context_id=None), GLOBAL),
            (group("2", "2025-01-01", context="Course:200"), Context("Course", "200")),
            (group("2", "2025-01-01", context="Global"), GLOBAL),
            (link("70", "2025-01-01", outcome="7", group="2", context="Course:200"), Context("Course", "200")),
            (link("70", "2025-01-01", outcome="7", group="2", context="LearningOutcomeGroup:2"), GLOBAL),
            (proficiency("1", "2025-01-01", context="Course:200"), Context("Course", "200")),
            (calculation_method("1", "2025-01-01"), Context("Account", "1")),
        ],
    )
    def test_a_body_says_where_it_belongs(self, event: dict[str, Any], expected: Context) -> None:
        """No context is the global one, and so is that of a link inside a global group."""
        assert parsed(event).body.context == expected  # type: ignore[attr-defined]

    @pytest.mark.parametrize(
        ("typed", "expected"),
        [
            ("Account:1", "Account:1"),
            ("Course:1234", "Course:1234"),
            ("course:1234", "Course:1234"),
            (" ACCOUNT: 1 ", "Account:1"),
            ("Global", "Global"),
            ("global", "Global"),
            ("LearningOutcomeGroup:5", "Global"),
        ],
    )
    def test_contexts_as_people_type_them(self, typed: str, expected: str) -> None:
        """Capitals do not matter; the answer is spelled as in the contract."""
        assert str(parse_context(typed)) == expected

    @pytest.mark.parametrize("typed", ["", "Course", "Course:", "1234", "Group:5", ":5"])
    def test_what_is_no_context_is_refused_with_examples(self, typed: str) -> None:
        """The refusal shows what was typed and what to write."""
        with pytest.raises(UsageError, match="Account:1, Course:1234") as refusal:
            parse_context(typed)
        assert repr(typed) in str(refusal.value)


class TestTyped:
    """Kinds and entities on the command line."""

    @pytest.mark.parametrize(
        "kind",
        ["outcome", "group", "link", "proficiency", "result", "calculation_method", "friendly_description"],
    )
    def test_the_kinds_of_the_contract_are_known(self, kind: str) -> None:
        """Each under the name that the contract gives it, in capitals too."""
        assert parse_kind(kind) == parse_kind(kind.upper()) == kind

    def test_an_unknown_kind_is_answered_with_the_known_ones(self) -> None:
        """Nobody has to look up how a kind is called."""
        with pytest.raises(UsageError, match=r"'rubric'.*outcome.*group.*link.*proficiency.*result"):
            parse_kind("rubric")

    def test_an_entity_is_a_kind_and_an_id(self) -> None:
        """`outcome:12345`; the id may be no number, and may contain a colon."""
        assert parse_entity("outcome:12345") == (Kind.OUTCOME, "12345")
        assert parse_entity(" Link : 114340E ") == (Kind.LINK, "114340E")
        assert parse_entity("outcome:a:b") == (Kind.OUTCOME, "a:b")

    @pytest.mark.parametrize("typed", ["outcome", "outcome:", ":5", "", "rubric:5"])
    def test_what_is_no_entity_is_refused(self, typed: str) -> None:
        """One line that says how to write it."""
        with pytest.raises(UsageError, match="outcome"):
            parse_entity(typed)


def test_an_entity_is_written_as_it_is_read() -> None:
    """What tables and messages print can be typed: `outcome:12345`."""
    ref = EntityRef("tenant", Kind.OUTCOME, "114340E")
    assert (str(ref), parse_entity(str(ref))) == ("outcome:114340E", (ref.kind, ref.id))
