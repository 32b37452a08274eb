"""Whom edits flipped in one course: by policies, links and settings, and never by work."""

from typing import Any

from outcomes.domain.identity import Context
from outcomes.projections.history.policy_impact import impact_in_course
from outcomes.projections.mastery.policy import ACCOUNT_SCALES
from tests.support.given import link, outcome, result, setting
from tests.support.world import World


def asked(world: World, course: str = "200", as_of: str | None = None) -> list[tuple[Any, ...]]:
    """Return the kind of each edit, who lost, and who gained mastery by it."""
    with world.at(as_of=as_of) as (log, connection, at):
        found = list(impact_in_course(connection, log, at, Context("Course", course)))
    return [
        (
            row["kind"],
            sorted(one["student"] for one in row["students"] if one["mastered"][0]),
            sorted(one["student"] for one in row["students"] if one["mastered"][1]),
        )
        for row in found
    ]


def test_edits_and_links_are_told_and_work_is_not(world: World) -> None:
    """Raised from 3 to 4, Bo loses; taken out, Ann loses; put back, Ann gains; new work tells nothing."""
    world.take(
        outcome("7", "2025-01-01", mastery=3),
        link("3", "2025-01-02", outcome="7", group="1", context="Course:200"),
        result("1", "2025-02-01", score=4, student="ann"),
        result("2", "2025-02-01", score=3, student="bo"),
        outcome("7", "2025-03-01", mastery=4, updated="2025-03-01"),
        link(
            "3",
            "2025-04-01",
            outcome="7",
            group="1",
            context="Course:200",
            workflow_state="deleted",
            updated="2025-04-01",
        ),
        link("4", "2025-05-01", outcome="7", group="1", context="Course:200"),
        result("3", "2025-06-01", score=1, student="ann"),
    )
    assert asked(world) == [("outcome", ["bo"], []), ("link", ["ann"], []), ("link", [], ["ann"])]
    assert asked(world, as_of="2025-03-15") == [("outcome", ["bo"], [])]


def test_only_students_of_the_course_count(world: World) -> None:
    """One outcome in two courses: each tells its own; a course with no result tells nothing."""
    world.take(
        outcome("7", "2025-01-01", mastery=3),
        result("1", "2025-02-01", score=3, student="ann"),
        result("2", "2025-02-01", score=3, student="bo", course="300"),
        outcome("7", "2025-03-01", mastery=4, updated="2025-03-01"),
    )
    assert asked(world) == [("outcome", ["ann"], [])]
    assert asked(world, "300") == [("outcome", ["bo"], [])]
    assert asked(world, "400") == []


def test_a_setting_that_makes_the_account_decide_is_an_edit(world: World) -> None:
    """3 of 5 is mastery by the outcome's own scale; by the default of accounts, 3 of 5 points, it is not."""
    world.take(
        outcome("7", "2025-01-01", mastery=2),
        result("1", "2025-02-01", score=2, student="ann"),
        setting(ACCOUNT_SCALES, "2025-03-03", value=True),
    )
    assert asked(world) == [("setting", ["ann"], [])]
