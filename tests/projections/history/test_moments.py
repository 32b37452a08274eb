"""The moments of a context: who did what in one go, counted as `diff` counts, with whom it flipped."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes.domain.identity import Context, Kind, parse_context
from outcomes.domain.times import parse_argument, to_text
from outcomes.projections.as_of.point import tenants
from outcomes.projections.history.diff import diff, policies_changed
from outcomes.projections.history.moments import By, Moment, moments
from outcomes.projections.history.policy_impact import impact
from tests.support.given import (
    ASKER,
    TENANT,
    account,
    calculation_method,
    course,
    event,
    group,
    link,
    outcome,
    proficiency,
    result,
    setting,
)
from tests.support.histories import ACCOUNT_SCALES, CONTEXTS, histories
from tests.support.work import calls_of, counted_steps
from tests.support.world import World, fresh_world

JOB = {"job_id": "77", "job_tag": "OutcomeImport#run"}
OTHER = {**ASKER, "user_id": "41230000000000018", "user_login": "b.tan@plover.example", "request_id": "c7-req"}


def asked(world: World, context: str = "Account:1", by: By = By.MOMENT, **point: Any) -> list[Moment]:
    """Return the moments of a context, newest first."""
    with world.at(**point) as (log, connection, at):
        return list(moments(connection, log, at, parse_context(context), by))


def counted(found: list[Moment]) -> list[tuple[int, ...]]:
    """Return what was added, removed, moved and changed in each."""
    return [(one.added, one.removed, one.moved, one.changed) for one in found]


def test_what_one_request_did_is_one_moment(world: World) -> None:
    """An outcome and its link, saved in one request, are one thing added; another request is another moment."""
    world.take(
        group("1", "2025-01-01T08:00", meta=ASKER | {"request_id": "first"}),
        outcome("7", "2025-01-01T08:01", title="Ties a bowline", meta=ASKER),
        link("3", "2025-01-01T08:01:01", outcome="7", group="1", meta=ASKER),
        outcome("7", "2025-01-01T08:02", title="Ties a reef knot", updated="2025-01-01T08:02", meta=OTHER),
    )
    found = asked(world)
    assert counted(found) == [(0, 0, 0, 1), (1, 0, 0, 0), (1, 0, 0, 0)]
    assert [one.request for one in found] == ["c7-req", ASKER["request_id"], "first"]
    assert [one.title for one in found] == ["Ties a reef knot", "Ties a bowline", "Group 1"]
    assert [one.positions for one in found] == [(4, 4), (2, 3), (1, 1)]
    assert found[0].actor is not None
    assert found[0].actor["login"] == "b.tan@plover.example"
    assert (to_text(found[1].since), to_text(found[1].until)) == (
        "2025-01-01T08:01:00.000Z",
        "2025-01-01T08:01:01.000Z",
    )


def test_kinds_stand_in_the_same_order_in_every_process(world: World) -> None:
    """Equal answers are equal bytes: by what became of things, then by kind, not as a set happens to hold them."""
    world.take(
        *(made(number, "2025-01-01T08:00") for number in ("1", "2") for made in (group, outcome, proficiency)),
        calculation_method("1", "2025-01-01T08:00"),
        *(
            made(number, "2025-01-02T08:00", updated="2025-01-02T08:00", meta=ASKER, **{name: value})
            for number in ("1", "2")
            for made, name, value in (
                (proficiency, "mastery", 2),
                (outcome, "title", "Ties a reef knot"),
                (group, "title", "Knots"),
            )
        ),
        calculation_method("1", "2025-01-02T08:00", updated="2025-01-02T08:00", meta=ASKER, method="average"),
    )
    newest = asked(world)[0]
    assert [(kind, list(ways)) for kind, ways in newest.kinds.items()] == [
        (kind, ["changed"]) for kind in ("calculation_method", "group", "outcome", "proficiency")
    ]


def test_a_job_that_pauses_for_more_than_five_minutes_is_two_moments(world: World) -> None:
    """Five minutes to the microsecond are one moment still; somebody else's changes in between divide nothing."""
    world.take(
        group("1", "2025-01-01T08:00:00Z", meta=JOB),
        group("2", "2025-01-01T08:05:00Z", meta=JOB),
        group("9", "2025-01-01T08:06:00Z", meta=ASKER),
        group("3", "2025-01-01T08:10:00Z", meta=JOB),
        group("4", "2025-01-01T08:15:00.000001Z", meta=JOB),
    )
    found = asked(world)
    assert [(one.added, one.request, one.positions) for one in found] == [
        (1, "77", (5, 5)),
        (3, "77", (1, 4)),
        (1, ASKER["request_id"], (3, 3)),
    ]
    assert found[1].title == "Group 1 and 2 more"


def test_an_import_in_many_jobs_is_one_moment(world: World) -> None:
    """Jobs of one name that follow each other are one thing done, of no single job; of another name another."""
    jobs = [{"job_tag": tag, "job_id": number} for tag, number in (("Import", "1"), ("Import", "2"), ("Copy", "3"))]
    world.take(*(group(str(minute), f"2025-01-01T08:0{minute}", meta=job) for minute, job in enumerate(jobs, 1)))
    assert [(one.added, one.request) for one in asked(world)] == [(1, "3"), (2, None)]


def test_by_day_and_by_change(world: World) -> None:
    """A day has one moment, of nobody in particular if several took part; by change each event has its own."""
    world.take(
        group("1", "2025-01-01T23:59:59Z", meta=ASKER),
        group("2", "2025-01-02T00:00:00Z", meta=ASKER),
        group("2", "2025-01-02T09:00:00Z", parent="1", updated="2025-01-02T09:00:00Z", meta=ASKER),
        group("2", "2025-01-02T10:00:00Z", parent="1", title="Knots", updated="2025-01-02T10:00:00Z", meta=OTHER),
    )
    by_day = asked(world, by=By.DAY)
    assert counted(by_day) == [(1, 0, 0, 0), (1, 0, 0, 0)]
    assert [(one.actor is None, one.request) for one in by_day] == [(True, None), (False, ASKER["request_id"])]
    assert counted(asked(world, by=By.CHANGE)) == [(0, 0, 0, 1), (0, 0, 1, 0), (1, 0, 0, 0), (1, 0, 0, 0)]


def test_what_changed_nothing_is_no_moment(world: World) -> None:
    """A course copy saves everything anew, and Canvas tells of it; that a description changed is in no column."""
    world.take(
        outcome("7", "2025-01-01", description="Old"),
        outcome("7", "2025-01-02", description="Old", updated="2025-01-02"),
        outcome("7", "2025-01-03", description="New", updated="2025-01-03"),
    )
    assert [(one.changed, one.positions) for one in asked(world)] == [(1, (3, 3)), (0, (1, 1))]


def test_a_deleted_outcome_leaves_its_places_and_an_import_brings_it_back(world: World) -> None:
    """Canvas says nothing of its links: deleted with it, and whether they came back with the import is uncertain.

    Brought back by hand, the outcome is in no group; that its link is archived shows, and that it is edited.
    """
    again = {"updated": "2025-04-01", "meta": JOB}
    world.take(
        outcome("7", "2025-01-01", meta=ASKER),
        link("3", "2025-01-01", outcome="7", group="1", meta=ASKER),
        link("4", "2025-01-02", outcome="7", group="2", meta=ASKER),
        outcome("7", "2025-02-01", workflow_state="deleted", updated="2025-02-01", meta=ASKER),
        outcome("7", "2025-03-01", updated="2025-03-01", meta=ASKER),
        outcome("7", "2025-03-02", workflow_state="deleted", updated="2025-03-02", meta=ASKER),
        outcome("7", "2025-04-01", **again),
        link("3", "2025-05-01", outcome="7", group="1", updated="2025-05-01", workflow_state="archived", meta=ASKER),
    )
    assert counted(asked(world, by=By.CHANGE)) == [
        (0, 0, 0, 1),
        (2, 0, 0, 0),
        (0, 1, 0, 0),
        (1, 0, 0, 0),
        (0, 2, 0, 0),
        (1, 0, 0, 0),
        (1, 0, 0, 0),
        (1, 0, 0, 0),
    ]


def test_a_policy_tells_whom_it_flipped(world: World) -> None:
    """Mastery from 4 instead of 3: Bo's 3 is lost, Ada's 4 stays; the account's scale flips nobody until it counts."""
    world.take(
        account("1", "2025-01-01", parent=None),
        course("200", "2025-01-01", account="1"),
        outcome("7", "2025-01-01"),
        result("50", "2025-02-01", score=4),
        result("51", "2025-02-01", score=3, student="studentBo"),
        outcome("7", "2025-03-01", mastery=4, updated="2025-03-01", meta=ASKER),
        proficiency("8", "2025-03-02"),
        setting(ACCOUNT_SCALES, "2025-03-03", value=True),
        # 4 of 5 is 3.2 of 4 points, 3 of 5 is 2.4.
        proficiency("8", "2025-04-01", points=(4, 2, 0), mastery=2, updated="2025-04-01", meta=ASKER),
        calculation_method("4", "2025-05-01"),
    )
    found = asked(world)
    assert [(to_text(one.until)[:10], one.policy, one.flipped, one.changed) for one in found] == [
        ("2025-05-01", True, 0, 1),
        ("2025-04-01", True, 1, 1),
        ("2025-03-02", True, 0, 1),
        ("2025-03-01", True, 1, 1),
        ("2025-01-01", False, 0, 0),
    ]
    assert found[1].title == "Mastery scale of Account:1"
    with world.at() as (log, connection, at):
        of_impact = [
            change["flipped"]
            for kind, local_id in ((Kind.OUTCOME, "7"), (Kind.PROFICIENCY, "8"))
            for change in impact(connection, log, at, kind, local_id)
        ]
    assert of_impact == [1, 0, 1]


def test_whom_a_policy_flipped_is_split_in_gained_and_lost(world: World) -> None:
    """From 3 to 4 of 5 Bo loses mastery; from 4 to 2 both a student below it and Bo gain it."""
    world.take(
        outcome("7", "2025-01-01", mastery=3),
        *(result(str(score), "2025-02-01", score=score, student=f"student{score}") for score in (2, 3, 4)),
        outcome("7", "2025-03-01", mastery=4, updated="2025-03-01", meta=ASKER),
        outcome("7", "2025-04-01", mastery=2, updated="2025-04-01", meta=ASKER),
    )
    assert [(one.flipped, one.gained, one.lost) for one in asked(world)] == [(2, 2, 0), (1, 0, 1), (0, 0, 0)]


def test_a_scale_and_a_method_of_one_instant_flip_nobody_twice(world: World) -> None:
    """The scale's mastery falls from 3 to 2 of 4 as the method changes: Ada's 3 of 5 is 2.4 and gained, once."""
    world.take(
        account("1", "2025-01-01", parent=None),
        course("200", "2025-01-01", account="1"),
        setting(ACCOUNT_SCALES, "2025-01-01", value=True),
        proficiency("8", "2025-01-02", points=(4, 3, 0), mastery=3),
        outcome("7", "2025-01-03"),
        result("50", "2025-02-01", score=3),
        proficiency("8", "2025-03-01", points=(4, 2, 0), mastery=2, updated="2025-03-01", meta=ASKER),
        calculation_method("4", "2025-03-01", meta=ASKER),
    )
    newest = asked(world)[0]
    assert (newest.changed, newest.flipped, newest.gained, newest.lost) == (2, 1, 1, 0)


def test_things_are_counted_once_however_many_places_they_have(world: World) -> None:
    """Two outcomes come, one of them to two groups, and one is renamed in the same go: three places, two things."""
    world.take(
        group("1", "2025-01-01"),
        group("2", "2025-01-01"),
        outcome("7", "2025-02-01T08:00:00", title="Ties a bowline", meta=ASKER),
        outcome("8", "2025-02-01T08:00:01", title="Ties a reef knot", meta=ASKER),
        link("3", "2025-02-01T08:00:02", outcome="7", group="1", meta=ASKER),
        link("4", "2025-02-01T08:00:03", outcome="7", group="2", meta=ASKER),
        outcome("7", "2025-02-01T08:00:04", title="Ties a knot", updated="2025-02-01T08:00:04", meta=ASKER),
    )
    one = asked(world)[0]
    assert (one.added, one.things, one.kinds) == (3, 2, {"outcome": {"added": 2}})
    assert [tuple(thing) for thing in one.first] == [
        ("outcome", "7", "Ties a knot"),
        ("outcome", "8", "Ties a reef knot"),
    ]
    assert one.title == "Ties a knot and 1 more"


def test_a_late_event_changes_what_follows_it(world: World) -> None:
    """The move of February comes after the edit of March: known before, the edit moved the group; now it did not."""
    moved = {"parent": "1", "updated": "2025-03-01"}
    world.take(
        group("1", "2025-01-01"), group("2", "2025-01-01T01:00"), group("2", "2025-03-01", title="Knots", **moved)
    )
    world.clock = parse_argument("2026-01-11")
    world.take(group("2", "2025-02-01", parent="1", updated="2025-02-01"))
    assert counted(asked(world, known_at="3"))[0] == (0, 0, 1, 1)
    assert counted(asked(world))[:2] == [(0, 0, 0, 1), (0, 0, 1, 0)]
    assert counted(asked(world, as_of="2025-02-15"))[0] == (0, 0, 1, 0)


def test_a_friendly_description_and_a_linked_outcome_are_of_the_context(world: World) -> None:
    """An outcome of the account is edited where it is linked, too; elsewhere nothing happened."""
    body = {
        "outcome_friendly_description_id": "5", "learning_outcome_id": "7", "description": "I can tie it",
        "context_type": "Course", "context_id": "200", "workflow_state": "active",
    }  # fmt: skip
    world.take(
        outcome("7", "2025-01-01", title="Ties a bowline"),
        link("3", "2025-01-02", outcome="7", group="1", context="Course:200"),
        outcome("7", "2025-01-03", title="Ties a knot", updated="2025-01-03"),
        event("outcome_friendly_description_created", "2025-01-04", body),
    )
    found = asked(world, "Course:200")
    assert [(*counts, one.title) for counts, one in zip(counted(found), found, strict=True)] == [
        (0, 0, 0, 1, "Ties a knot"),
        (0, 0, 0, 1, "Ties a knot"),
        (1, 0, 0, 0, "Ties a bowline"),
    ]
    assert asked(world, "Course:999") == []


@given(histories(most=24), st.permutations(range(24)), st.integers(1, 24))
def test_each_change_is_counted_as_diff_counts_it(
    events: list[dict[str, Any]], minutes: list[int], known_at: int
) -> None:
    """Whatever happens, in whatever order it comes: the tree just before each instant, compared with that at it."""
    for item, minute in zip(events, minutes, strict=False):
        item["metadata"]["event_time"] = f"2025-03-01T08:{minute:02d}:00Z"
    with fresh_world() as world:
        world.take(*events)
        with world.at(tenant=events[0]["metadata"]["root_account_uuid"]) as (_, connection, _at):
            if TENANT not in tenants(connection):
                return
        with world.at(known_at=str(known_at), tenant=TENANT) as (log, connection, at):
            for context in map(parse_context, CONTEXTS):
                told = {one.until: one for one in moments(connection, log, at, context, By.CHANGE)}
                for minute in range(len(events)):
                    instant = parse_argument(f"2025-03-01T08:{minutes[minute]:02d}:00Z")
                    assert counted([told[instant]] if instant in told else []) == _by_diff(
                        connection, log, at, context, instant
                    )


def _by_diff(connection: Any, log: Any, at: Any, context: Context, instant: int) -> list[tuple[int, ...]]:
    before, after = (
        at._replace(as_of=moment, until=min(moment, at.until)) for moment in (instant - 1, instant)
    )  # fmt: skip
    found = diff(connection, log, before, after, context)
    policies = list(policies_changed(connection, log, before, after, context))
    counts = [len(found[name]) for name in ("added", "removed", "moved", "changed")]
    counts[3] += len(policies)
    return [tuple(counts)] if any(counts) else []


@pytest.mark.parametrize("what", ["links of one outcome", "edits of a scale"])
def test_four_times_the_changes_take_less_than_six_times_the_work(world: World, what: str) -> None:
    """In steps of SQLite and in calls: a change does not look at all places, nor an edit at all results anew."""
    few, many = (
        _work_of_changes(fresh, what, size) for fresh, size in ((world, 30), (World(world.home.folder / "other"), 120))
    )
    assert all(much < 6 * little for little, much in zip(few, many, strict=True))


def _work_of_changes(world: World, what: str, size: int) -> tuple[int, int]:
    times = [f"2025-02-01T08:{number // 60:02d}:{number % 60:02d}Z" for number in range(size)]
    events = [group("1", "2025-01-01"), outcome("7", "2025-01-01"), account("1", "2025-01-01", parent=None)]
    events += [course("200", "2025-01-01", account="1"), setting(ACCOUNT_SCALES, "2025-01-01", value=True)]
    for number, time in enumerate(times):
        if what == "edits of a scale":
            scale = {"mastery": (2, 3)[number % 2], "updated": f"{time[:-1]}.5Z", "context": "Account:1"}
            events += [result(str(number + 1), time, score=number % 6), proficiency("8", f"{time[:-1]}.5Z", **scale)]
        else:
            events += [group(str(number + 2), time, parent="1")]
            events += [link(str(number), time, outcome="7", group=str(number + 2))]
    world.take(*events)
    found: list[Any] = []
    with world.at() as (log, connection, at), counted_steps(connection) as steps:
        calls = calls_of(lambda: found.extend(moments(connection, log, at, Context("Account", "1"), By.CHANGE)))
    assert len(found) > size
    return calls, steps.hundreds
