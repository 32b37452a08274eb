"""One score through time: worked by hand, and between any two moves what `mastery` tells there."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes.domain.times import parse_argument, to_text
from outcomes.projections.as_of.point import tenants
from outcomes.projections.history.score_history import ScoreMove, score_history
from outcomes.projections.mastery.query import mastery_at
from outcomes.projections.mastery.results import Scope
from tests.support.given import (
    ASKER,
    TENANT,
    account,
    course,
    enrollment,
    event,
    link,
    outcome,
    proficiency,
    result,
    rubric_assessed,
    setting,
)
from tests.support.histories import ACCOUNT_SCALES, class_histories, exported_histories, histories
from tests.support.work import calls_of, counted_steps
from tests.support.world import World, fresh_world


def moves(world: World, student: str = "studentAda", **point: Any) -> list[ScoreMove]:
    """Return the moves of a student's score of outcome 7 in Course:200."""
    with world.at(**point) as (log, connection, at):
        return score_history(connection, log, at, "200", student, "7")


def told(found: list[ScoreMove]) -> list[tuple[Any, ...]]:
    """Return what of each move is to be checked by hand."""
    return [(to_text(move.at)[:10], *move[1:5]) for move in found]


def test_each_move_has_its_cause(world: World) -> None:
    """Mastery from 3 of 5 points on, the highest result counts: first mastered, lost, left out, back, gone, and on."""
    world.take(
        outcome("7", "2025-01-01"),
        link("11", "2025-01-01", outcome="7", group="1", context="Course:200"),
        enrollment("31", "2025-01-02"),
        result("50", "2025-02-01", score=2),
        result("51", "2025-02-02", score=4),
        result("52", "2025-02-03", score=3),
        outcome("7", "2025-03-01", mastery=4.5, updated="2025-03-01", meta=ASKER),
        link(
            "11",
            "2025-03-02",
            outcome="7",
            group="1",
            context="Course:200",
            workflow_state="deleted",
            updated="2025-03-02",
        ),
        link("11", "2025-03-03", outcome="7", group="1", context="Course:200", updated="2025-03-03"),
        enrollment("31", "2025-03-04", state="deleted", updated="2025-03-04"),
        enrollment("31", "2025-03-05", updated="2025-03-05"),
        outcome("7", "2025-03-06", mastery=4, updated="2025-03-06", meta=ASKER),
    )
    assert told(moves(world)) == [
        ("2025-02-01", 2.0, False, 3.0, "work"),
        ("2025-02-02", 4.0, True, 3.0, "work"),
        ("2025-03-01", 4.0, False, 4.5, "policy"),
        ("2025-03-02", None, None, 4.5, "link"),
        ("2025-03-03", 4.0, False, 4.5, "link"),
        ("2025-03-04", None, None, 4.5, "enrollment"),
        ("2025-03-05", 4.0, False, 4.5, "enrollment"),
        ("2025-03-06", 4.0, True, 4.0, "policy"),
    ]
    assert [move.position for move in moves(world)] == [4, 5, 7, 8, 9, 10, 11, 12]
    edit = moves(world)[2].entry
    assert edit is not None
    assert edit.actor["login"] == ASKER["user_login"]
    assert edit.fields["rubric_criterion.mastery_points"] == (3, 4.5)
    assert told(moves(world, as_of="2025-02-28")) == told(moves(world))[:2]
    assert moves(world, student="nobody") == []


def test_a_setting_and_the_scale_of_the_account_above(world: World) -> None:
    """4 of 5 is 3.2 of 4 points by the account's scale, mastery at 3; at 3.5 it is lost. Elsewhere nothing happens."""
    world.take(
        account("1", "2025-01-01", parent=None),
        course("200", "2025-01-01", account="1"),
        outcome("7", "2025-01-01"),
        proficiency("8", "2025-01-02"),
        result("50", "2025-02-01", score=4),
        setting(ACCOUNT_SCALES, "2025-03-01", value=True),
        proficiency("8", "2025-04-01", points=(4, 3.5, 2, 0), mastery=3.5, updated="2025-04-01", meta=ASKER),
        proficiency("9", "2025-05-01", points=(9, 8), mastery=8, context="Account:77"),
    )
    assert told(moves(world)) == [
        ("2025-02-01", 4.0, True, 3.0, "work"),
        ("2025-03-01", 3.2, True, 3.0, "setting"),
        ("2025-04-01", 3.2, False, 3.5, "policy"),
    ]


def test_a_course_that_moves_takes_the_scale_of_its_new_account(world: World) -> None:
    """4 of 5 is mastery by the scale of Account:1 (3 of 4), not by that of Account:2 (9 of 10)."""
    move = course("200", "2025-03-01", account="2")
    move["metadata"]["event_name"] = "course_updated"
    world.take(
        account("1", "2025-01-01", parent=None),
        account("2", "2025-01-01", parent="1"),
        course("200", "2025-01-01", account="1"),
        outcome("7", "2025-01-01"),
        setting(ACCOUNT_SCALES, "2025-01-01", value=True),
        proficiency("8", "2025-01-02"),
        proficiency("9", "2025-01-02", points=(10, 9), mastery=9, context="Account:2"),
        result("50", "2025-02-01", score=4),
        move,
    )
    assert told(moves(world)) == [
        ("2025-02-01", 3.2, True, 3.0, "work"),
        ("2025-03-01", 8.0, False, 9.0, "policy"),
    ]
    assert moves(world)[1].position == 9


def test_the_deletion_of_an_outcome_takes_its_links(world: World) -> None:
    """Canvas says nothing of the links that it deletes then: the event of the outcome is what moved the score."""
    world.take(
        outcome("7", "2025-01-01"),
        link("11", "2025-01-01", outcome="7", group="1", context="Course:200"),
        result("50", "2025-02-01", score=4),
        outcome("7", "2025-03-01", workflow_state="deleted", updated="2025-03-01"),
    )
    assert told(moves(world))[1:] == [("2025-03-01", None, None, 3.0, "link")]
    assert moves(world)[1].position == 4


def test_so_it_does_if_a_method_changes_at_the_same_instant(world: World) -> None:
    """The scale's event came last, but took no link away."""
    world.take(
        setting(ACCOUNT_SCALES, "2025-01-01", value=True),
        account("1", "2025-01-01", parent=None),
        course("200", "2025-01-01", account="1"),
        proficiency("8", "2025-01-01"),
        outcome("7", "2025-01-01"),
        link("11", "2025-01-01", outcome="7", group="1", context="Course:200"),
        result("50", "2025-02-01", score=4),
        outcome("7", "2025-03-01", workflow_state="deleted", updated="2025-03-01"),
        proficiency("8", "2025-03-01", points=(10, 9), mastery=9, updated="2025-03-01"),
    )
    last = moves(world)[-1]
    assert (last.score, last.cause, last.position) == (None, "link", 8)


def test_what_came_after_something_later_is_late(world: World) -> None:
    """The result of February is told in a batch after that of March: it is a move of February, and late.

    As the log knew it before, there is none.
    """
    world.take(outcome("7", "2025-01-01"), result("51", "2025-03-01", score=4))
    world.clock = parse_argument("2026-01-11")
    world.take(result("50", "2025-02-01", score=2))
    assert told(moves(world)) == [
        ("2025-02-01", 2.0, False, 3.0, "late"),
        ("2025-03-01", 4.0, True, 3.0, "work"),
    ]
    assert told(moves(world, known_at="2")) == [("2025-03-01", 4.0, True, 3.0, "work")]


def test_a_backdated_setting_is_a_setting(world: World) -> None:
    """Settings are recorded by people, most of them afterwards: they are no late arrivals."""
    world.take(outcome("7", "2025-01-01"), result("50", "2025-03-01", score=4))
    world.clock = parse_argument("2026-01-11")
    world.take(setting(ACCOUNT_SCALES, "2025-04-01", value=True), outcome("7", "2025-05-01", updated="2025-05-01"))
    world.clock = parse_argument("2026-01-12")
    world.take(setting(ACCOUNT_SCALES, "2025-04-02", value=False))
    assert [move[4] for move in told(moves(world))] == ["work", "setting", "setting"]


def test_the_time_of_handing_in_is_work(world: World) -> None:
    """`latest` takes 5 until it is told that this was handed in before the 2."""
    world.take(
        outcome("7", "2025-01-01", calculation_method="latest"),
        result("50", "2025-02-01", score=2),
        result("51", "2025-02-02", score=5),
        rubric_assessed("951", "2025-02-03", submitted="2025-01-15", graded="2025-02-02"),
    )
    assert told(moves(world)) == [
        ("2025-02-01", 2.0, False, 3.0, "work"),
        ("2025-02-02", 5.0, True, 3.0, "work"),
        ("2025-02-03", 2.0, False, 3.0, "work"),
    ]


def test_an_enrollment_of_old_names_the_user_alone(world: World) -> None:
    """Whose it is, the user tells: from then on the deleted enrollment is Ada's."""
    user = {"user_id": "41230000000000090", "uuid": "studentAda", "name": "Ada"}
    world.take(
        outcome("7", "2025-01-01"),
        enrollment("31", "2025-01-02", student=None, state="deleted"),
        result("50", "2025-02-01", score=4),
        event("user_created", "2025-03-01", user),
    )
    assert told(moves(world))[1:] == [("2025-03-01", None, None, 3.0, "enrollment")]


def _holds(world: World, known_at: str) -> None:
    """Compare the history of every pair with `mastery`, at each event time, just before it and just after it."""
    with world.at(known_at=known_at, tenant=TENANT) as (log, connection, at):
        known = [log.parse(record) for record in log.records()]
        times = {event.event_time for event in known if hasattr(event, "event_time")}
        instants = sorted({at for time in times for at in (time - 1, time, time + 1)})
        histories_of: dict[tuple[str, str, str], list[ScoreMove]] = {}
        seen: dict[tuple[str, str, str], list[Any]] = {}
        for place, instant in enumerate(instants):
            here = at._replace(as_of=instant, until=min(instant, at.until))
            for row in mastery_at(connection, here, Scope()):
                key = (row.course_id, row.student, row.outcome_id)
                seen.setdefault(key, [(None, None)] * len(instants))[place] = (row.score, row.mastered)
        for key, scores in seen.items():
            found = histories_of[key] = score_history(connection, log, at, *key)
            assert [
                next(((move.score, move.mastered) for move in reversed(found) if move.at <= instant), (None, None))
                for instant in instants
            ] == scores
            pairs = [(None, None), *((move.score, move.mastered) for move in found)]
            assert all(one != other for one, other in pairwise(pairs))
            assert all(move.entry is not None and move.entry.position == move.position for move in found)


@given(histories(most=24) | exported_histories(most=16), st.integers(1, 24))
def test_between_the_moves_stands_what_mastery_tells(events: list[dict[str, Any]], known_at: int) -> None:
    """Whatever happened, in whatever order it came, as known at any position."""
    with fresh_world() as world:
        world.take(*events)
        with world.at(tenant=events[0]["metadata"]["root_account_uuid"]) as (_, connection, _at):
            has_tenant = TENANT in tenants(connection)
        if has_tenant:
            _holds(world, str(known_at))


@given(class_histories())
def test_so_it_does_of_a_class(events: list[dict[str, Any]]) -> None:
    """Many results, under every method, with scales, settings, enrollments and gradings that change."""
    with fresh_world() as world:
        world.take(*events)
        _holds(world, "1000000")


@pytest.mark.parametrize("method", ["decaying_average", "standard_decaying_average", "n_mastery"])
def test_four_times_the_results_take_about_four_times_the_work(world: World, method: str) -> None:
    """Counted in steps of SQLite and in calls: of one student's results, a tenth of which became another's."""
    few, many = (_work_of_history(world, method, course, size) for course, size in (("200", 60), ("300", 240)))
    assert all(much < 5 * little for little, much in zip(few, many, strict=True))


def _work_of_history(world: World, method: str, course: str, size: int) -> tuple[int, int]:
    name = course[0]
    events = [outcome(name, "2025-01-01", calculation_method=method), enrollment(name, "2025-01-01", course=course)]
    for number in range(size):
        told = {"outcome": name, "course": course, "score": number % 6}
        time = f"2025-01-{number // 60 + 2:02d}T08:{number % 60:02d}:00Z"
        events.append(result(f"{name}{number}", time, **told))
        if number % 10 == 0:
            merged = time.replace("T08", "T09")
            events.append(result(f"{name}{number}", merged, student="studentBo", updated=merged, **told))
    world.take(*events)
    with world.at() as (log, connection, at), counted_steps(connection) as steps:
        calls = calls_of(lambda: score_history(connection, log, at, course, "studentAda", name))
    return calls, steps.hundreds
