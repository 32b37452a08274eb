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


def test_four_times_the_outcomes_cost_four_times_as_much(world: World) -> None:
    """What an edit flipped is found without reading the other outcomes of its course.

    Counted in steps of SQLite, which nothing else on the machine changes: they were fifteen times as many.
    """
    world.take(*_edited("200", range(30)), *_edited("300", range(1_000, 1_120)))
    few, many = (_steps_of_impact(world, course) for course in ("200", "300"))
    assert many < 6 * few


def _edited(course: str, numbers: range) -> list[dict[str, Any]]:
    """Return outcomes linked in a course, with a result each, and an edit by which Ann loses each."""
    found = []
    for name in map(str, numbers):
        found += [
            outcome(name, "2025-01-01", mastery=3),
            link(name, "2025-01-02", outcome=name, group="1", context=f"Course:{course}"),
            result(name, "2025-02-01", outcome=name, score=3, student="ann", course=course),
            outcome(name, f"2025-03-01T00:00:00.{name:0>6}Z", mastery=4, updated="2025-03-01"),
        ]
    return found


def _steps_of_impact(world: World, course: str) -> int:
    """Ask who flipped in a course, and count: a hundred steps of SQLite as one."""
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    with world.at() as (log, connection, at):
        connection.set_progress_handler(count, 100)
        flipped = [row["flipped"] for row in impact_in_course(connection, log, at, Context("Course", course))]
        connection.set_progress_handler(None, 0)
    assert set(flipped) == {1}
    return steps
