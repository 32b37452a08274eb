"""Events as they arrive: the ten of the contract, the shapes of past years, and why something is no event."""

from typing import Any

import orjson
import pytest

from outcomes.domain.catalog import AGGREGATES, EVENT_TYPES, parse_event
from outcomes.domain.errors import NotAnEvent
from outcomes.domain.event import Event, OtherEvent
from outcomes.domain.identity import Kind
from tests.support.given import ASKER, TENANT, event, group, link, outcome, proficiency, result

TIME, LATER = "2025-01-01T08:00:00.000Z", "2025-02-01T08:00:00.000Z"
TEN = {
    "learning_outcome_created": (outcome("7", TIME), Kind.OUTCOME),
    "learning_outcome_updated": (outcome("7", TIME, updated=LATER), Kind.OUTCOME),
    "learning_outcome_group_created": (group("7", TIME), Kind.GROUP),
    "learning_outcome_group_updated": (group("7", TIME, updated=LATER), Kind.GROUP),
    "learning_outcome_link_created": (link("7", TIME, outcome="1", group="2"), Kind.LINK),
    "learning_outcome_link_updated": (link("7", TIME, outcome="1", group="2", updated=LATER), Kind.LINK),
    "learning_outcome_result_created": (result("7", TIME), Kind.RESULT),
    "learning_outcome_result_updated": (result("7", TIME, updated=LATER), Kind.RESULT),
    "outcome_proficiency_created": (proficiency("7", TIME), Kind.PROFICIENCY),
    "outcome_proficiency_updated": (proficiency("7", TIME, updated=LATER), Kind.PROFICIENCY),
}


def parsed(value: Any) -> Event:
    """Return the event of a known name."""
    found = parse_event(value)
    assert isinstance(found, Event)
    return found


def without(value: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return an event whose body lacks some fields."""
    return {**value, "body": {name: field for name, field in value["body"].items() if name not in names}}


def with_body(value: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return an event with other values in its body."""
    return {**value, "body": {**value["body"], **fields}}


class TestTheTen:
    """The events that the contract is about."""

    @pytest.mark.parametrize("name", TEN)
    def test_each_is_read_with_its_kind_id_and_time(self, name: str) -> None:
        """Name, kind, tenant, id and event time come out as they went in."""
        value, kind = TEN[name]
        found = parsed(value)
        assert type(found) is EVENT_TYPES[name]
        assert found.ref == (TENANT, kind, "7")
        assert found.event_time == 1_735_718_400_000_000
        assert found.is_update is name.endswith("_updated")
        assert AGGREGATES[kind].kind is kind

    @pytest.mark.parametrize("name", TEN)
    def test_the_state_is_what_was_sent(self, name: str) -> None:
        """Every field under Canvas's own name, equal as JSON: nothing invented, nothing lost."""
        value, _ = TEN[name]
        assert orjson.loads(orjson.dumps(parsed(value).body.state())) == value["body"]

    @pytest.mark.parametrize("name", TEN)
    def test_the_envelope_may_be_called_attributes(self, name: str) -> None:
        """Canvas's own stream says `attributes`, the hosted service `metadata`: the same event."""
        value, _ = TEN[name]
        assert parsed({"attributes": value["metadata"], "body": value["body"]}) == parsed(value)

    @pytest.mark.parametrize("name", TEN)
    def test_an_explicit_null_is_an_absent_field(self, name: str) -> None:
        """Older Canvas sent nulls that newer Canvas leaves out."""
        value, _ = TEN[name]
        nulls = dict.fromkeys(("description", "vendor_guid", "workflow_state", "something_new"))
        bare = without(value, *nulls)
        assert parsed(with_body(bare, **nulls)).body.state() == parsed(bare).body.state()

    @pytest.mark.parametrize("name", TEN)
    def test_unknown_fields_are_kept(self, name: str) -> None:
        """A field that Canvas adds next year is in the state today, nested or not."""
        added = {"added_in_2031": "yes", "nested": {"list": [1, None, {"deep": True}]}}
        value, _ = TEN[name]
        state = parsed(with_body(value, **added)).body.state()
        assert {field: state[field] for field in added} == added

    def test_unknown_fields_inside_ratings_are_kept(self) -> None:
        """Ratings have had colours and ids in some years."""
        criterion = {
            "mastery_points": 3,
            "ratings": [{"points": 5, "id": "blank_2", "colour": "red"}],
            "ignored": False,
        }
        state = parsed(outcome("7", TIME, rubric_criterion=criterion)).body.state()["rubric_criterion"]
        assert state["ratings"][0] == {"points": 5, "id": "blank_2", "colour": "red"}
        assert state["ignored"] is False


class TestHistoricShapes:
    """What archives hold, and the public examples show."""

    def test_a_result_without_its_student(self) -> None:
        """The student may be missing: the result is still a result."""
        found = parsed(without(result("7", TIME), "user_uuid"))
        assert found.ref.id == "7"
        assert "user_uuid" not in found.body.state()

    def test_a_result_without_its_course(self) -> None:
        """No result_context fields at all, as in archives before 2020."""
        found = parsed(without(result("7", TIME), "result_context_id", "result_context_type", "result_context_uuid"))
        assert not any(name.startswith("result_context") for name in found.body.state())

    def test_a_result_without_a_state(self) -> None:
        """No public example has a workflow_state for results: absent is active."""
        assert not parsed(without(result("7", TIME), "workflow_state")).body.is_deleted

    def test_a_blank_criterion_has_no_score(self) -> None:
        """Score absent is not a score of 0."""
        state = parsed(result("7", TIME, score=None)).body.state()
        assert "score" not in state
        assert state["possible"] == 5

    def test_a_result_without_an_id_cannot_have_a_history(self) -> None:
        """Archives before about 2023: refused in words, so that it waits in quarantine."""
        with pytest.raises(NotAnEvent, match=r"learning_outcome_result_created: body\.id is absent"):
            parse_event(without(result("7", TIME), "id"))

    def test_an_account_outcome_may_have_only_a_short_description(self) -> None:
        """Title and short_description are the same value twice; one is enough for a label."""
        assert parsed(without(outcome("7", TIME, title="Reads maps"), "title")).body.label == "Reads maps"  # type: ignore[attr-defined]

    def test_a_job_names_no_user(self) -> None:
        """Job-made events have job_id and job_tag and nobody's name."""
        metadata = parsed(
            outcome("7", TIME, meta={"job_id": 1020020528469291, "job_tag": "OutcomeImport#run"})
        ).metadata
        assert (metadata.user_id, metadata.user_login) == (None, None)
        assert (metadata.job_id, metadata.job_tag) == ("1020020528469291", "OutcomeImport#run")

    def test_nulls_in_the_envelope_are_absent_fields(self) -> None:
        """The docs show `referrer: null`; metadata is never compacted."""
        nulls = {**dict.fromkeys(ASKER), "context_id": None, "referrer": None}
        assert parsed(outcome("7", TIME, meta=nulls)).metadata == parsed(outcome("7", TIME)).metadata

    def test_percent_above_one_is_real(self) -> None:
        """A rescaled percent may exceed 1."""
        assert parsed(result("7", TIME, percent=1.25)).body.state()["percent"] == 1.25

    def test_deleted_is_said_by_the_state_alone(self) -> None:
        """Archived and retired are not deleted."""
        states = {state: parsed(outcome("7", TIME, workflow_state=state)).body.is_deleted
                  for state in ("active", "archived", "retired", "deleted")}  # fmt: skip
        assert states == {"active": False, "archived": False, "retired": False, "deleted": True}


class TestOthers:
    """Names that are not ours to project."""

    @pytest.mark.parametrize(
        "name", ["outcomes.retry_outcome_alignment_clone", "grade_change", "learning_outcome_merged"]
    )
    @pytest.mark.parametrize("body", [{}, {"id": None}, None, [1], "text"])
    def test_an_unknown_name_is_kept_whole(self, name: str, body: Any) -> None:
        """Not an error: stored, and skipped by the views, whatever its body."""
        found = parse_event(event(name, TIME, body))
        assert isinstance(found, OtherEvent)
        assert (found.metadata.event_name, found.body, found.tenant) == (name, body, TENANT)

    def test_a_neighbour_that_cannot_be_read_is_kept_too(self) -> None:
        """Nothing of an outcome is lost with a course without an id: it waits, unprojected, for a later version."""
        assert isinstance(parse_event(event("course_created", TIME, {"name": "No id"})), OtherEvent)


class TestNoEvents:
    """Reasons in words: they name what is missing or show what is wrong."""

    @pytest.mark.parametrize(
        ("value", "words"),
        [
            (None, "null"),
            ("text", "text"),
            (7, "number"),
            (7.5, "number"),
            (True, "true or false"),
            ([], "array"),
            ({}, '"metadata" or "attributes"'),
            ({"body": {}}, '"metadata" or "attributes"'),
            ({"metadata": [], "body": {}}, '"metadata" or "attributes"'),
            ({"metadata": {}, "body": {}}, "event_name"),
            ({"metadata": {"event_name": "  "}, "body": {}}, "event_name"),
            ({"metadata": {"event_name": 7}, "body": {}}, "event_name"),
            ({"metadata": {"event_name": "learning_outcome_created"}, "body": {}}, "root_account_uuid"),
        ],
    )
    def test_no_envelope(self, value: Any, words: str) -> None:
        """Whatever JSON there is: what was expected, and what came instead."""
        with pytest.raises(NotAnEvent, match=words):
            parse_event(value)

    @pytest.mark.parametrize("tenant", [None, "", "  ", 7])
    def test_no_tenant(self, tenant: Any) -> None:
        """Ids are local to a tenant: without it nobody can say who is meant."""
        value = outcome("7", TIME)
        value["metadata"]["root_account_uuid"] = tenant
        with pytest.raises(NotAnEvent, match="root_account_uuid"):
            parse_event(value)

    def test_no_time(self) -> None:
        """Without event_time an event has no place in any history."""
        value = outcome("7", TIME)
        del value["metadata"]["event_time"]
        with pytest.raises(NotAnEvent, match=r"learning_outcome_created: metadata\.event_time is absent"):
            parse_event(value)

    @pytest.mark.parametrize("body", [None, [], "text", 7])
    def test_no_body(self, body: Any) -> None:
        """A known event with no object under "body" says nothing."""
        with pytest.raises(NotAnEvent, match=r'learning_outcome_created: .*"body"'):
            parse_event({**outcome("7", TIME), "body": body})

    def test_no_body_at_all(self) -> None:
        """The same where the key itself is absent."""
        with pytest.raises(NotAnEvent, match='"body"'):
            parse_event({"metadata": outcome("7", TIME)["metadata"]})

    @pytest.mark.parametrize(
        ("value", "field"),
        [
            (without(outcome("7", TIME), "learning_outcome_id"), "learning_outcome_id"),
            (without(group("7", TIME), "learning_outcome_group_id"), "learning_outcome_group_id"),
            (without(link("7", TIME, outcome="1", group="2"), "learning_outcome_link_id"), "learning_outcome_link_id"),
            (without(link("7", TIME, outcome="1", group="2"), "learning_outcome_id"), "learning_outcome_id"),
            (without(result("7", TIME), "learning_outcome_id"), "learning_outcome_id"),
            (without(proficiency("7", TIME), "outcome_proficiency_id"), "outcome_proficiency_id"),
        ],
    )
    def test_no_identity(self, value: dict[str, Any], field: str) -> None:
        """The field that is absent is named."""
        with pytest.raises(NotAnEvent, match=rf"body\.{field} is absent"):
            parse_event(value)

    @pytest.mark.parametrize(
        ("value", "field", "shown"),
        [
            (outcome("7", TIME, title=["a"]), "title", r"\['a'\]"),
            (outcome("7", TIME, calculation_int="many"), "calculation_int", "many"),
            (outcome("7", TIME, calculation_int=2**63), "calculation_int", "9223372036854775808"),
            (outcome("7", TIME, rubric_criterion="text"), "rubric_criterion", "text"),
            (outcome("7", TIME, rubric_criterion={"ratings": [{}, {"points": "lots"}]}), r"ratings\.1\.points", "lots"),
            (outcome("7", TIME, updated="soon"), "updated_at", "soon"),
            (result("7", TIME, assessed_at="soon"), "assessed_at", "soon"),
            (result("7", TIME, possible="five"), "possible", "five"),
            (result("7", TIME, mastery="perhaps"), "mastery", "perhaps"),
            (group("7", TIME, parent_outcome_group_id={}), "parent_outcome_group_id", r"\{\}"),
            (proficiency("7", TIME, outcome_proficiency_ratings=[{"points": "x"}]), r"ratings\.0\.points", "x"),
            (outcome("7", TIME, meta={"user_id": [1]}), r"metadata\.user_id", r"\[1\]"),
        ],
    )
    def test_a_field_that_cannot_be_read(self, value: dict[str, Any], field: str, shown: str) -> None:
        """The reason names the event, the field, down to the part of it, and shows the value."""
        with pytest.raises(NotAnEvent, match=rf"{value['metadata']['event_name']}: .*{field} .*{shown}"):
            parse_event(value)

    def test_a_long_value_is_shown_short(self) -> None:
        """A reason stays one readable line; the bytes themselves are in the quarantine."""
        with pytest.raises(NotAnEvent) as refusal:
            parse_event(outcome("7", TIME, calculation_int="9" * 100_000 + "x"))
        assert len(str(refusal.value)) < 300
        assert "\n" not in str(refusal.value)


def test_a_null_metadata_is_as_if_absent() -> None:
    """Null means absent, in the envelope's own name, too: then `attributes` is read."""
    value = group("1", TIME)
    assert parsed({"metadata": None, "attributes": value["metadata"], "body": value["body"]}).ref.id == "1"
