"""Timelines: each event compared with the one before it in event order, and told with its actor and its delay."""

import re
from collections import Counter
from itertools import permutations
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes.domain.identity import Context, Kind
from outcomes.domain.times import parse_argument
from outcomes.projections.history import version_steps
from outcomes.projections.history.timeline import TimelineEntry, timeline
from outcomes.projections.history.version_steps import Filters
from tests.support.given import ASKER, OTHER_TENANT, TENANT, group, link, outcome, proficiency, result, rubric_assessed
from tests.support.histories import DAYS, histories
from tests.support.shared_files import COMMON_CORE, DOCUMENTED, Shared, lines_of
from tests.support.world import World, fresh_world

JAN, FEB, MAR, APR, MAY = (f"2025-0{month}-01" for month in range(1, 6))
POINTS = "rubric_criterion.mastery_points"


def entries(world: World, filters: Filters | None = None, **point: Any) -> list[dict[str, Any]]:
    """Return the timeline as JSON values; without filters all of it, repeats too."""
    return [entry.as_json() for entry in world.timeline(filters or Filters(everything=True), **point)]


def fields(world: World, **point: Any) -> list[dict[str, Any]]:
    """Return what each entry of a timeline changed."""
    return [entry["fields"] for entry in entries(world, **point)]


def positions(world: World, **filters: Any) -> list[int]:
    """Return the positions of the entries that are asked for."""
    return [entry["position"] for entry in entries(world, Filters(**filters))]


class TestEntries:
    """One line of a timeline."""

    def test_an_entry_says_what_the_contract_says(self, world: World) -> None:
        """All of it, worked by hand."""
        world.clock = parse_argument("2025-03-01T00:00:02.500Z")
        world.take(
            outcome("7", JAN, title="Reads"), outcome("7", MAR, title="Reads", mastery=4, updated=MAR, meta=ASKER)
        )
        entry = entries(world)[1]
        assert (
            entry.pop("actor").items() >= {"user_id": "41230000000000017", "login": "r.okafor@plover.example"}.items()
        )
        assert entry == {
            "event_time": "2025-03-01T00:00:00.000Z",
            "recorded_at": "2025-03-01T00:00:02.500Z",
            "position": 2,
            "tenant": TENANT,
            "kind": "outcome",
            "id": "7",
            "title": "Reads",
            "event_name": "learning_outcome_updated",
            "change": "updated",
            "fields": {POINTS: [3, 4]},
            "late_by_seconds": 2.5,
            "order_conflict": False,
            "order_conflict_why": None,
        }

    def test_entries_stand_in_event_order(self, world: World) -> None:
        """Over all entities, whatever the order of arrival."""
        world.take(group("3", MAR), outcome("7", JAN), link("70", FEB, outcome="7", group="3"))
        assert [(entry["kind"], entry["position"]) for entry in entries(world)] == [
            ("outcome", 2),
            ("link", 3),
            ("group", 1),
        ]

    def test_a_creation_tells_every_field(self, world: World) -> None:
        """From nothing to what was sent, ratings part by part."""
        world.take(outcome("7", JAN, title="Reads"))
        (found,) = fields(world)
        assert found["title"] == [None, "Reads"]
        assert found["rubric_criterion.ratings[0].points"] == [None, 5]
        assert "updated_at" not in found

    def test_each_change_by_its_name(self, world: World) -> None:
        """Created, edited, saved without a change, deleted, restored."""
        world.take(
            group("1", JAN),
            group("1", FEB, title="New", updated=FEB),
            group("1", MAR, title="New", updated=MAR),
            group("1", APR, title="New", updated=APR, workflow_state="deleted"),
            group("1", MAY, title="New", updated=MAY),
        )
        assert [entry["change"] for entry in entries(world)] == ["created", "updated", "none", "deleted", "restored"]
        assert fields(world)[2:] == [
            {},
            {"workflow_state": ["active", "deleted"]},
            {"workflow_state": ["deleted", "active"]},
        ]

    def test_the_first_event_that_is_known_creates(self, world: World) -> None:
        """Even where Canvas calls it an update: before the subscription there was no log."""
        world.take(outcome("7", FEB, updated=FEB))
        assert [(entry["change"], entry["event_name"]) for entry in entries(world)] == [
            ("created", "learning_outcome_updated")
        ]

    def test_what_changed_nothing_is_told_only_when_asked(self, world: World) -> None:
        """A save without an edit is an event, but no news; it is in the log, and in the timeline with everything."""
        world.take(group("1", JAN), group("1", FEB, updated=FEB), group("1", MAR, title="New", updated=MAR))
        assert positions(world) == [1, 3]
        assert positions(world, everything=True) == [1, 2, 3]

    def test_two_updates_in_one_millisecond_are_two_entries(self, world: World) -> None:
        """In the order of their rows' clocks, whichever arrives first; no event hides another."""
        at = "2025-02-01T08:00:00.123Z"
        first, second = (
            outcome("7", at, mastery=mastery, updated=f"2025-02-01T08:00:0{mastery}Z") for mastery in (4, 5)
        )
        world.take(outcome("7", JAN), second, first)
        assert fields(world)[1:] == [{POINTS: [3, 4]}, {POINTS: [4, 5]}]
        assert [entry["event_time"] for entry in entries(world)[1:]] == [at, at]

    def test_two_updates_in_one_millisecond_without_clocks_have_one_order(self, tmp_path: Path) -> None:
        """Nothing but their content tells them apart; it puts them in the same order in every home."""
        at = "2025-02-01T08:00:00.123Z"
        saves = [outcome("7", at, mastery=mastery, updated=at) for mastery in (2, 4, 5)]
        orders = []
        for place, arrivals in enumerate(permutations(saves)):
            home = World(tmp_path / str(place))
            home.take(outcome("7", JAN), *arrivals)
            orders.append([entry["fields"][POINTS][1] for entry in entries(home)[1:]])
        assert orders == [orders[0]] * 6
        assert sorted(orders[0]) == [2, 4, 5]

    def test_a_field_left_out_is_null_now(self, world: World) -> None:
        """An update is the full state, never a patch."""
        world.take(outcome("7", JAN, description="Long"), outcome("7", FEB, updated=FEB))
        assert fields(world)[1] == {"description": ["Long", None]}

    def test_a_number_spelled_otherwise_is_no_change(self, world: World) -> None:
        """3 and 3.0, and a null and an absent field."""
        world.take(outcome("7", JAN, mastery=3, vendor_guid=None), outcome("7", FEB, mastery=3.0, updated=FEB))
        assert [entry["change"] for entry in entries(world)] == ["created", "none"]

    def test_a_scale_is_compared_rating_by_rating(self, world: World) -> None:
        """Which level is mastery has moved by one."""
        world.take(proficiency("1", JAN, mastery=3), proficiency("1", FEB, mastery=2, updated=FEB))
        assert fields(world)[1] == {
            "outcome_proficiency_ratings[1].mastery": [True, False],
            "outcome_proficiency_ratings[2].mastery": [False, True],
        }

    def test_links_and_results_are_called_by_their_outcomes_title(self, world: World) -> None:
        """The title at the point of the question."""
        world.take(
            outcome("7", JAN, title="Reads"),
            link("70", JAN, outcome="7", group="1"),
            result("50", FEB, outcome="7"),
            result("51", FEB, outcome="8"),
            outcome("7", MAR, title="Draws", updated=MAR),
        )
        called = {(entry["kind"], entry["id"]): entry["title"] for entry in entries(world)}
        assert called["link", "70"] == called["result", "50"] == "Draws"
        assert called["result", "51"] is None
        assert {entry["title"] for entry in entries(world, as_of=FEB)} == {"Reads", None}


class TestLateEvents:
    """An event that arrives late takes its place, and its successor is compared with it."""

    def test_a_late_event_changes_its_successors_entry(self, world: World) -> None:
        """First known as 3 to 5; with the 4 between them it is 3 to 4 and 4 to 5."""
        world.take(outcome("7", JAN, mastery=3), outcome("7", MAR, mastery=5, updated=MAR))
        assert fields(world)[1] == {POINTS: [3, 5]}
        world.take(outcome("7", FEB, mastery=4, updated=FEB))
        assert [entry["position"] for entry in entries(world)] == [1, 3, 2]
        assert fields(world)[1:] == [{POINTS: [3, 4]}, {POINTS: [4, 5]}]

    def test_as_known_before_it_the_timeline_is_as_it_was(self, world: World) -> None:
        """To the letter."""
        world.take(outcome("7", JAN, mastery=3), outcome("7", MAR, mastery=5, updated=MAR))
        then = entries(world)
        world.take(outcome("7", FEB, mastery=4, updated=FEB))
        assert entries(world, known_at="2") == then

    def test_a_late_creation_takes_the_name_from_an_update(self, world: World) -> None:
        """The update was the first that was known, until the creation came."""
        world.take(outcome("7", FEB, mastery=4, updated=FEB))
        world.take(outcome("7", JAN, mastery=3))
        assert [(entry["change"], entry["position"]) for entry in entries(world)] == [("created", 2), ("updated", 1)]
        assert fields(world)[1] == {POINTS: [3, 4]}

    def test_late_by_is_what_the_clock_says(self, world: World) -> None:
        """Recorded minus happened, in seconds; two takes at two times."""
        world.clock = parse_argument("2025-01-01T00:00:00.250Z")
        world.take(outcome("7", JAN))
        world.clock = parse_argument("2025-01-31T00:00:00Z")
        world.take(outcome("8", JAN))
        assert [entry["late_by_seconds"] for entry in entries(world)] == [0.25, 30 * 86_400]
        assert [entry["recorded_at"] for entry in entries(world)] == [
            "2025-01-01T00:00:00.250Z",
            "2025-01-31T00:00:00.000Z",
        ]

    def test_nothing_is_early(self, world: World) -> None:
        """A server whose clock is ahead makes an event of the future: late by 0, not by less."""
        world.clock = parse_argument(JAN)
        world.take(outcome("7", "2025-01-01T00:00:05Z"))
        assert entries(world)[0]["late_by_seconds"] == 0

    def test_only_late_ones_when_asked(self, world: World) -> None:
        """More than a day late; exactly a day is not more."""
        world.clock = parse_argument("2025-01-03")
        world.take(outcome("7", JAN), outcome("8", "2025-01-02"), outcome("9", "2025-01-02T23:00:00Z"))
        assert [entry["id"] for entry in entries(world, Filters(late_over=86_400_000_000))] == ["7"]


class TestOrderConflicts:
    """Event time wins; where the row's own clock says otherwise, the entry says so."""

    def marks(self, world: World, *events: dict[str, Any]) -> list[bool]:
        """Take events and return the marks of their entries, in event order."""
        world.take(*events)
        return [entry["order_conflict"] for entry in entries(world)]

    def test_clocks_that_agree(self, world: World) -> None:
        """Nothing to mark: a creation without a clock, then rising ones, then a repeat of the same."""
        history = [outcome("7", JAN), outcome("7", FEB, updated=FEB), outcome("7", MAR, updated=FEB, mastery=4)]
        assert self.marks(world, *history) == [False, False, False]

    def test_an_update_with_an_earlier_clock_than_the_one_before(self, world: World) -> None:
        """The state is the later by event time, and it is marked."""
        history = [outcome("7", FEB, updated=MAR, mastery=4), outcome("7", MAR, updated=FEB, mastery=5)]
        assert self.marks(world, *history) == [False, True]
        with world.at() as (log, _, _):
            (event,) = log.records_at([2])
            assert log.parse(event).body.rubric_criterion.mastery_points == 5  # type: ignore[union-attr]

    def test_every_one_that_is_behind_is_marked(self, world: World) -> None:
        """Compared with the newest clock so far, not only with the neighbour's."""
        history = [
            outcome("7", FEB, updated=MAY),
            outcome("7", MAR, updated=MAR),
            outcome("7", APR, updated=APR),
            outcome("7", MAY, updated=MAY, mastery=4),
        ]
        assert self.marks(world, *history) == [False, True, True, False]

    def test_a_creation_after_an_update(self, world: World) -> None:
        """As in the documentation's own examples: later in event time, but no creation follows an update."""
        assert self.marks(world, outcome("7", FEB, updated=FEB), outcome("7", MAR)) == [False, True]

    def test_ties_in_event_time_are_no_conflict(self, world: World) -> None:
        """There the row's clock decides the order, so it cannot contradict it."""
        assert self.marks(world, outcome("7", JAN, updated=FEB, mastery=4), outcome("7", JAN)) == [False, False]

    def test_arriving_late_is_no_conflict(self, world: World) -> None:
        """The order of arrival says nothing about the clocks."""
        assert self.marks(world, outcome("7", MAR, updated=MAR), outcome("7", FEB, updated=FEB)) == [False, False]

    def test_clocks_of_different_things_are_never_compared(self, world: World) -> None:
        """Each entity has its own."""
        assert self.marks(world, outcome("7", JAN, updated=MAY), outcome("8", FEB, updated=JAN)) == [False, False]


class TestActors:
    """Who did it."""

    def test_a_request_names_its_user(self, world: World) -> None:
        """The way is told without the query, which may hold tokens."""
        world.take(outcome("7", JAN, meta=ASKER))
        actor = entries(world)[0]["actor"]
        assert (
            actor
            | {
                "user_id": "41230000000000017",
                "login": "r.okafor@plover.example",
                "role": "AccountAdmin",
                "job": None,
                "via": "PUT /api/v1/outcomes/7",
            }
            == actor
        )

    def test_a_masquerade_names_both(self, world: World) -> None:
        """The person shown, and the person behind."""
        world.take(outcome("7", JAN, meta={**ASKER, "real_user_id": 41230000000000099}))
        actor = entries(world)[0]["actor"]
        assert (actor["user_id"], actor["real_user_id"]) == ("41230000000000017", "41230000000000099")
        assert positions(world, actor="41230000000000099") == [1]

    def test_a_job_names_itself_and_nobody(self, world: World) -> None:
        """Its tag where there is one, else its number."""
        world.take(
            outcome("7", JAN, meta={"job_tag": "OutcomeImport#run", "job_id": "77"}),
            outcome("8", JAN, meta={"job_id": "78"}),
        )
        actors = {entry["id"]: entry["actor"] for entry in entries(world)}
        assert [actors["7"][name] for name in ("user_id", "login", "role", "job", "via")] == [
            None, None, None, "OutcomeImport#run", None,
        ]  # fmt: skip
        assert actors["8"]["job"] == "78"
        assert [actors[name]["job_id"] for name in ("7", "8")] == ["77", "78"]

    def test_nobody_is_nobody(self, world: World) -> None:
        """Every part may be absent."""
        world.take(outcome("7", JAN))
        assert set(entries(world)[0]["actor"].values()) == {None}


class TestFilters:
    """What is asked for."""

    @pytest.fixture
    def world(self, world: World) -> World:
        """A small school: account 1, course 200, and another tenant."""
        world.take(
            group("1", JAN, meta={"job_tag": "OutcomeImport#run", "job_id": "77"}),
            outcome("7", FEB),
            group("2", FEB, context="Course:200"),
            link("70", MAR, outcome="7", group="2", context="Course:200"),
            outcome("7", APR, mastery=4, updated=APR, meta=ASKER),
            result("50", APR, course="200"),
            result("51", MAY, course="201"),
            rubric_assessed("950", APR, submitted=MAR),
        )
        return world

    def test_everything_but_the_background(self, world: World) -> None:
        """Without a filter all that is about outcomes; who was enrolled or assessed by rubric is not the story."""
        assert sorted(positions(world)) == [1, 2, 3, 4, 5, 6, 7]

    def test_the_background_when_named(self, world: World) -> None:
        """An entity that is asked for is told, whatever its kind."""
        assert positions(world, entities=[(Kind.ASSESSMENT, "950")]) == [8]

    def test_one_entity_or_several(self, world: World) -> None:
        """`--entity` may be given more than once; an unknown one adds nothing."""
        assert positions(world, entities=[(Kind.OUTCOME, "7")]) == [2, 5]
        two = [(Kind.OUTCOME, "7"), (Kind.GROUP, "1"), (Kind.GROUP, "404"), (Kind.GROUP, "1")]
        assert positions(world, entities=two) == [1, 2, 5]

    def test_a_window_of_time_includes_both_ends(self, world: World) -> None:
        """`--since` and `--until`; what came just before still explains the first entry."""
        assert sorted(positions(world, since=parse_argument(MAR), until=parse_argument(APR))) == [4, 5, 6]
        (entry,) = entries(world, Filters(since=parse_argument(APR), entities=[(Kind.OUTCOME, "7")]))
        assert entry["fields"] == {POINTS: [3, 4]}

    def test_a_window_and_a_point(self, world: World) -> None:
        """An earlier as-of ends the window early."""
        found = entries(world, Filters(since=parse_argument(FEB), until=parse_argument(MAY)), as_of=MAR)
        assert sorted(entry["position"] for entry in found) == [2, 3, 4]

    @pytest.mark.parametrize(
        "actor", ["okafor", "R.OKAFOR@PLOVER.EXAMPLE", "41230000000000017", "accountadmin", "outcomes/7"]
    )
    def test_by_actor(self, world: World, actor: str) -> None:
        """Any part of a login, an id, a role or a way, in any case."""
        assert positions(world, actor=actor) == [5]

    def test_by_job(self, world: World) -> None:
        """A job is an actor, too; nobody of that name is nobody."""
        assert positions(world, actor="outcomeimport") == [1]
        assert positions(world, actor="nobody@plover.example") == []

    @pytest.mark.parametrize("field", ["mastery_points", "rubric_criterion", POINTS])
    def test_by_field(self, world: World, field: str) -> None:
        """Entries that changed it, by its short name, its first part or in full."""
        assert positions(world, field=field) == [2, 5]

    def test_by_request(self, world: World) -> None:
        """All that one request did, to the letter of its id; a part of an id is another request's."""
        world.take(link("70", APR, outcome="7", group="2", context="Course:200", updated=APR, meta=ASKER, x="new"))
        assert sorted(positions(world, request=ASKER["request_id"])) == [5, 9]
        assert positions(world, request=ASKER["request_id"][:-1]) == []
        assert positions(world, request=ASKER["request_id"], entities=[(Kind.OUTCOME, "7")]) == [5]
        assert positions(world, request=ASKER["request_id"], until=parse_argument(MAR)) == []

    def test_by_job_id(self, world: World) -> None:
        """What one job did, whether its id came as text or as a number."""
        world.take(group("3", FEB, meta={"job_id": 77}), group("4", FEB, meta={"job_id": 770}))
        assert positions(world, request="77") == [1, 9]

    def test_by_request_as_known_before(self, world: World) -> None:
        """What the request did that had not arrived yet is not told."""
        world.take(group("3", APR, meta=ASKER))
        told = entries(world, Filters(request=ASKER["request_id"]), known_at="8")
        assert [entry["position"] for entry in told] == [5]

    @pytest.mark.parametrize("spelled", ["R\\u00e9n\\u00e9e \\u0141", "R\u00e9n\u00e9e \u0141"])
    @pytest.mark.parametrize("asked", ["r\u00e9n\u00e9e", "\u0142", "n\u00c9e \u0142", "R"])
    def test_an_actor_is_found_however_the_name_is_spelled(self, world: World, spelled: str, asked: str) -> None:
        """Escaped or not, in capitals or not."""
        raw = orjson.dumps(group("3", MAY, meta={"user_login": "NAME", "http_method": "PUT"})).decode()
        world.take(raw.replace("NAME", spelled))
        assert positions(world, actor=asked)[-1] == 9

    def test_by_method_and_path(self, world: World) -> None:
        """As the entry shows them, together."""
        assert positions(world, actor="put /api/v1/outcomes") == [5]
        assert positions(world, actor="get /api/v1/outcomes") == []

    def test_by_field_what_emptied_it(self, world: World) -> None:
        """The event in which it is missing, since the one before had it; a numbered part, too."""
        world.take(
            group("5", MAR, description="Long", hue="red"),
            group("5", APR, updated=APR),
            proficiency("6", MAR),
            proficiency("6", APR, points=(4, 3, 2), updated=APR),
        )
        emptied = positions(world, field="description", since=parse_argument(APR))
        assert sorted(emptied) == [10, 12]
        assert positions(world, field="description", entities=[(Kind.GROUP, "5")]) == [9, 10]
        assert positions(world, field="hue") == [9, 10]
        assert positions(world, field="outcome_proficiency_ratings[3]") == [11, 12]

    def test_by_field_only_what_changed_it(self, world: World) -> None:
        """An event that merely repeats a field does not count."""
        assert positions(world, field="calculation_method") == [2]

    def test_by_context(self, world: World) -> None:
        """A course: its groups, its links, the outcomes linked in it, its results."""
        assert sorted(positions(world, context=Context("Course", "200"))) == [2, 3, 4, 5, 6]
        assert sorted(positions(world, context=Context("Account", "1"))) == [1, 2, 5]
        assert positions(world, context=Context("Course", "404")) == []

    def test_filters_are_all_to_be_met(self, world: World) -> None:
        """Context, field and time together."""
        course = Context("Course", "200")
        assert positions(world, context=course, field="mastery_points", since=parse_argument(MAR)) == [5]

    def test_another_tenant_is_another_story(self, world: World) -> None:
        """Nothing of it is told."""
        world.take(*(make("7", MAY, meta={"tenant": OTHER_TENANT}) for make in (outcome, group, result, proficiency)))
        assert [entry["tenant"] for entry in entries(world, tenant=OTHER_TENANT)] == [OTHER_TENANT] * 4
        assert {entry["tenant"] for entry in entries(world, tenant=TENANT)} == {TENANT}


def test_a_result_that_changed_course_has_one_history(world: World) -> None:
    """The whole of it, wherever its versions lie; months apart, too."""
    world.take(
        result("50", JAN, course="200", score=2),
        result("50", APR, course="201", score=3, updated=APR),
        result("50", MAY, course="201", student="studentBo", score=3, updated=MAY),
    )
    found = entries(world, Filters(entities=[(Kind.RESULT, "50")]))
    assert [entry["change"] for entry in found] == ["created", "updated", "updated"]
    assert found[1]["fields"]["result_context_id"] == ["200", "201"]
    assert found[2]["fields"]["user_uuid"] == ["studentAda", "studentBo"]


@pytest.mark.parametrize("course", ["200", "201"])
@pytest.mark.parametrize("newest_first", [False, True])
def test_the_parts_of_a_courses_timeline_are_the_whole_though_a_result_changed_course(
    world: World, course: str, newest_first: bool
) -> None:
    """Whichever part is asked for, the result belongs to both courses."""
    world.take(
        result("50", JAN, course="200", score=2),
        *(result(str(number), FEB, course=place) for number, place in ((60, "200"), (61, "201"))),
        result("50", APR, course="201", score=3, updated=APR),
    )
    wanted = Filters(context=Context("Course", course), newest_first=newest_first)
    with world.at() as (log, connection, at):
        whole = list(timeline(connection, log, at, wanted))
        parts = [next(iter(timeline(connection, log, at, wanted._replace(after=one.key))), None) for one in whole]
    assert [one.ref.id for one in whole] == (["50", "60" if course == "200" else "61", "50"])
    assert parts == [*whole[1:], None]


ASKED = (
    Filters(actor="OKAFOR"),
    Filters(actor="outcomeimport", field="score"),
    Filters(request="b6a2f1d0-req"),
    Filters(request="77", field="mastery_points"),
    Filters(field="rubric_criterion"),
    Filters(field="workflow_state", context=Context("Account", "1")),
    Filters(kinds=frozenset({Kind.GROUP, Kind.LINK})),
    Filters(kinds=frozenset({Kind.OUTCOME}), context=Context("Account", "1"), newest_first=False),
    Filters(actor="put", since=parse_argument("2025-01-15"), until=parse_argument("2025-02-15")),
)


def is_asked(entry: TimelineEntry, filters: Filters) -> bool:
    """Say whether an entry meets filters, of which context and time are met already: by all that it shows."""
    actor = entry.actor
    return (
        (filters.actor is None or any(filters.actor.lower() in (value or "").lower() for value in actor.values()))
        and (filters.request is None or filters.request in {actor["request_id"], actor["job_id"]})
        and (not filters.kinds or entry.kind in filters.kinds)
        and (filters.field is None or any(filters.field in re.split(r"[.\[]", name) for name in entry.fields))
    )


@given(histories(), st.sampled_from(ASKED), st.sampled_from([*DAYS, None]), st.sampled_from([None, "3", "9"]))
def test_a_filter_only_leaves_out(
    history: list[dict[str, Any]], filters: Filters, as_of: str | None, known_at: str | None
) -> None:
    """What a filter tells, found by a search of bytes, is what the whole timeline tells that meets it, in order."""
    point = {"as_of": as_of, "known_at": known_at, "tenant": history[0]["metadata"]["root_account_uuid"]}
    with fresh_world() as world:
        world.take(*history)
        whole = Filters(context=filters.context, since=filters.since, until=filters.until)
        told, everything = world.timeline(filters, **point), world.timeline(whole, **point)
    assert told == [entry for entry in everything if is_asked(entry, filters)]


def test_a_malformed_url_is_told_as_it_came(world: World) -> None:
    """What cannot be taken apart is shown whole."""
    world.take(outcome("7", "2025-01-01", meta={"url": "https://[bad/x", "http_method": "PUT"}))
    (entry,) = world.timeline()
    assert entry.actor["via"] == "PUT https://[bad/x"


@pytest.mark.parametrize("point", [{"known_at": "2"}, {"as_of": "2025-01-02"}])
def test_a_contexts_timeline_at_a_point_never_changes(world: World, point: dict[str, Any]) -> None:
    """A link that arrives later does not bring its outcome into an old report of the course."""
    world.take(group("1", "2025-01-01", context="Course:200"), outcome("7", "2025-01-02"))
    course = Filters(context=Context("Course", "200"))
    before = world.timeline(course, **point)
    world.take(link("70", "2025-01-03", outcome="7", group="1", context="Course:200"))
    assert world.timeline(course, **point) == before
    assert {entry.ref.kind for entry in world.timeline(course)} == {Kind.GROUP, Kind.LINK, Kind.OUTCOME}


def test_a_regrading_is_no_conflict(world: World) -> None:
    """rubric_assessed is never called an update; its rising clock says that all is in order."""
    world.take(
        rubric_assessed("9", "2025-01-01", submitted="2024-12-01", graded="2025-01-01"),
        rubric_assessed("9", "2025-01-02", submitted="2024-12-01", graded="2025-01-02"),
    )
    entries = world.timeline(Filters(entities=[(Kind.ASSESSMENT, "9")]))
    assert [entry.order_conflict for entry in entries] == [False, False]


class TestDocumentedExamples:
    """The ten examples of the public page."""

    @pytest.fixture
    def world(self, shared: Shared, world: World) -> World:
        """A home with the ten."""
        report = world.take(*lines_of(shared(DOCUMENTED)))
        assert (report.read, report.appended, report.quarantined, report.unprojected) == (10, 10, 0, 0)
        return world

    def test_the_timeline_marks_what_contradicts_itself(self, world: World) -> None:
        """The two creations after an update, and nothing else."""
        told = [entry.as_json() for entry in world.timeline(Filters(everything=True))]
        assert len(told) == 10
        assert [(entry["kind"], entry["id"]) for entry in told if entry["order_conflict"]] == [
            ("group", "75033"),
            ("outcome", "12345"),
        ]

    def test_the_timeline_says_what_the_documentation_shows(self, world: World) -> None:
        """The updates of group, result and scale change nothing but their clock; the outcome gets another scale."""
        told = {(entry.ref.kind, entry.event_name): entry for entry in world.timeline(Filters(everything=True))}
        for kind, name in [
            (Kind.GROUP, "learning_outcome_group_created"),
            (Kind.RESULT, "learning_outcome_result_updated"),
            (Kind.PROFICIENCY, "outcome_proficiency_updated"),
        ]:
            assert (told[kind, name].change, told[kind, name].fields) == ("none", {})
        outcome = told[Kind.OUTCOME, "learning_outcome_created"]
        assert outcome.change == "updated"
        assert outcome.fields["rubric_criterion.mastery_points"] == (3, 2)
        assert outcome.fields["rubric_criterion.ratings[5].points"] == (0, None)
        assert outcome.actor["job"] == "Canvas::Migration::Worker::CourseCopyWorker#perform"
        assert told[Kind.OUTCOME, "learning_outcome_updated"].actor["login"] == "oxana@example.com"


def test_the_revision_of_the_common_core(shared: Shared, world: World) -> None:
    """11 new groups, 24 moved links, 474 outcomes and 179 groups edited, on one day."""
    world.take(*lines_of(shared(COMMON_CORE)))
    revision = Filters(since=1_353_974_400_000_000, until=1_354_060_800_000_000)  # 2012-11-27 and its end
    told = Counter((entry.ref.kind.value, entry.change) for entry in world.timeline(revision))
    assert told == {
        ("group", "created"): 11,
        ("group", "updated"): 179,
        ("link", "updated"): 24,
        ("outcome", "updated"): 474,
    }


@given(histories())
def test_results_of_one_version_are_told_without_looking_for_others(events: list[dict[str, Any]]) -> None:
    """A long timeline reads most results once: it says the same as one of few, that looks each of them up."""
    told = []
    with fresh_world() as world, pytest.MonkeyPatch.context() as patch:
        world.take(*events)
        for few in (0, 1_000):
            patch.setattr(version_steps, "_FEW_RESULTS", few)
            for tenant in sorted({event["metadata"]["root_account_uuid"] for event in events}):
                with world.at(tenant=tenant) as (log, connection, at):
                    told.append([entry.as_json() for entry in timeline(connection, log, at, Filters(everything=True))])
    half = len(told) // 2
    assert told[:half] == told[half:]
