"""Whom edits flipped in one course: by policies, links and settings, and never by work."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outcomes.domain.identity import Context, Kind, id_sort_key
from outcomes.domain.times import parse_argument
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.history.policy_impact import Edit, PolicyFlips, impact, impact_in_course
from outcomes.projections.mastery.flips import Flip
from outcomes.projections.mastery.policy import ACCOUNT_SCALES, PolicyBook
from outcomes.projections.mastery.query import rows_by_pair
from outcomes.projections.mastery.results import Scope, courses_of
from outcomes.projections.mastery.row import Basis
from tests.support.given import link, outcome, result, setting
from tests.support.histories import class_histories, exported_histories, histories
from tests.support.work import calls_of, counted_steps
from tests.support.world import World, fresh_world


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


def test_a_link_that_went_with_its_outcome_is_told_when_it_comes_back(world: World) -> None:
    """Canvas deletes the links of an outcome silently; restored, the link's event says what it said before: active."""
    world.take(
        outcome("7", "2025-01-01", mastery=3),
        link("3", "2025-01-02", outcome="7", group="1", context="Course:200"),
        result("1", "2025-02-01", score=4, student="ann"),
        outcome("7", "2025-03-01", mastery=3, workflow_state="deleted", updated="2025-03-01"),
        outcome("7", "2025-04-01", mastery=3, updated="2025-04-01"),
        link("3", "2025-04-02", outcome="7", group="1", context="Course:200", updated="2025-04-02"),
        link("3", "2025-05-01", outcome="7", group="1", context="Course:200", updated="2025-05-01"),
    )
    assert asked(world) == [("outcome", ["ann"], []), ("outcome", [], []), ("link", [], ["ann"])]
    with world.at() as (log, connection, at):
        told = list(impact_in_course(connection, log, at, Context("Course", "200")))[-1]
    assert (told["event_time"], told["fields"]) == (
        "2025-04-02T00:00:00.000Z",
        {"workflow_state": ["deleted", "active"]},
    )


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
    with world.at() as (log, connection, at), counted_steps(connection) as steps:
        flipped = [row["flipped"] for row in impact_in_course(connection, log, at, Context("Course", course))]
    assert set(flipped) == {1}
    return steps.hundreds


@pytest.mark.parametrize("is_moved", [False, True], ids=["results", "moved results"])
def test_four_times_the_results_and_edits_cost_less_than_six_times_as_much(world: World, *, is_moved: bool) -> None:
    """Of one student, all results became another's, or none: results are read for many edits at once, not for each."""
    few, many = (
        _work_of_edits(fresh, size, is_moved=is_moved)
        for fresh, size in ((world, 60), (World(world.home.folder / "other"), 240))
    )
    assert all(much < 6 * little for little, much in zip(few, many, strict=True))


def _work_of_edits(world: World, size: int, *, is_moved: bool) -> tuple[int, int]:
    day, decays = "2025-{:02d}-01T08:{:02d}:{:02d}.{}Z", {"calculation_method": "decaying_average"}
    events = [outcome("7", "2025-01-01", **decays)]
    for number in range(size):
        time = day.format(2, number // 60, number % 60, 0)
        events.append(result(str(number + 1), time, score=number % 6))
        if is_moved:
            moved = day.format(3, number // 60, number % 60, 0)
            events.append(result(str(number + 1), moved, score=number % 6, student="studentBo", updated=moved))
    for number in range(size // 2):
        edited = day.format(2 if number % 2 else 3, number // 60, number % 60, 5)
        events.append(
            outcome("7", edited, mastery=2 + number % 3, updated=edited, calculation_method="decaying_average")
        )
    world.take(*events)
    found: list[Any] = []
    with world.at() as (log, connection, at), counted_steps(connection) as steps:
        calls = calls_of(lambda: found.extend(impact(connection, log, at, Kind.OUTCOME, "7")))
    assert len(found) > size // 4
    return calls, steps.hundreds


@given(class_histories() | histories(most=24) | exported_histories(most=16), st.integers(1, 60))
@settings(deadline=None)
def test_at_any_instant_they_are_who_differs_pair_by_pair(events: list[dict[str, Any]], known_at: int) -> None:
    """Whatever happened, in whatever order it came, as known at any position: each student alone, for each instant."""
    with fresh_world() as world:
        world.take(*events)
        point = {"known_at": str(known_at), "tenant": events[0]["metadata"]["root_account_uuid"]}
        with world.at(**point) as (_, connection, at):
            instants = sorted({parse_argument(event["metadata"]["event_time"]) for event in events})
            edits = [Edit(kind, name, instant) for instant in instants for kind, name in _EDITED]
            for edit, found in zip(edits, PolicyFlips(connection, at).of(edits), strict=True):
                assert found == _one_by_one(connection, at, edit)


_EDITED = [(Kind.SETTING, ACCOUNT_SCALES), (Kind.OUTCOME, "1"), (Kind.OUTCOME, "2")]


def _one_by_one(connection: Any, at: PointInTime, edit: Edit) -> list[Flip]:
    before, after = (
        at._replace(as_of=moment, until=min(moment, at.until)) for moment in (edit.event_time - 1, edit.event_time)
    )
    scope = Scope(outcome=edit.id if edit.kind is Kind.OUTCOME else None)
    found = []
    for course in sorted(courses_of(connection, before, scope), key=id_sort_key):
        old, new = (
            rows_by_pair(basis, course, scope)
            for basis in (
                Basis.at(connection, before),
                Basis.at(connection, before)._replace(book=PolicyBook(connection, after)),
            )
        )
        pairs = [pair for pair in zip(old, new, strict=True) if not pair[0].is_removed]
        found += [Flip.between(*pair) for pair in pairs if pair[0].mastered != pair[1].mastered]
    return found
