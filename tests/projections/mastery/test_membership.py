"""Who is in a class: Canvas lists every student whose enrollment is not deleted (DOMAIN.md 5.3), at any point."""

from typing import Any

import pytest

from outcomes.domain.identity import Kind
from outcomes.domain.mastery import Calculation
from outcomes.domain.times import parse_argument
from outcomes.projections.as_of.point import PointQuery, resolve
from outcomes.projections.history.diff import students_changed
from outcomes.projections.history.late import late
from outcomes.projections.history.policy_impact import impact, override
from outcomes.projections.mastery.class_figures import class_answer
from outcomes.projections.mastery.explanation import explanation
from outcomes.projections.mastery.query import mastery_at
from outcomes.projections.mastery.results import Scope
from tests.support.given import ASKER, enrollment, event, outcome, result
from tests.support.world import World

UNSEEN = "no enrollment of this student in this course was seen: counted all the same"


def states(world: World, *, include_removed: bool = False, **point: Any) -> dict[str, str]:
    """Return each student of a class with the state of their enrollment; alone and in the class it must be one."""
    with world.at(**point) as (_, connection, at):
        whole = list(mastery_at(connection, at, Scope(course="200"), include_removed=include_removed))
        for row in whole:
            alone = list(mastery_at(connection, at, Scope(student=row.student), include_removed=include_removed))
            assert alone == [row]
    return {row.student: row.enrollment for row in whole}


@pytest.fixture
def class_of_four(world: World) -> World:
    """Ada 5 and Bo 1 of 5; Bo drops out in March. Cy, 3, concludes; nobody enrolled Dee, 4, that we know of."""
    world.take(
        outcome("7", "2025-01-01"),
        enrollment("31", "2025-01-02"),
        enrollment("32", "2025-01-02", student="studentBo"),
        enrollment("33", "2025-01-02", student="studentCy"),
        result("50", "2025-02-01", score=5),
        result("51", "2025-02-01", score=1, student="studentBo"),
        result("52", "2025-02-01", score=3, student="studentCy"),
        result("53", "2025-02-01", score=4, student="studentDee"),
        enrollment("32", "2025-03-01", student="studentBo", state="deleted", updated="2025-03-01"),
        enrollment("33", "2025-03-01", student="studentCy", state="completed", updated="2025-03-01"),
    )
    return world


def test_a_student_who_was_removed_is_in_no_list_unless_asked_for(class_of_four: World) -> None:
    """Bo is gone from March on, and there before; who concluded stays, and who was never seen enrolled, with a note."""
    assert states(class_of_four) == {"studentAda": "active", "studentCy": "completed", "studentDee": "unknown"}
    assert states(class_of_four, include_removed=True)["studentBo"] == "deleted"
    assert states(class_of_four, as_of="2025-02-15")["studentBo"] == "active"
    assert states(class_of_four, known_at="8")["studentBo"] == "active"
    with class_of_four.at() as (_, connection, at):
        rows = list(mastery_at(connection, at, Scope(course="200"), include_removed=True))
    assert [UNSEEN in row.notes for row in rows] == [False, False, False, True]
    assert any("every known enrollment" in note for note in rows[1].notes)


def test_class_figures_follow_the_membership(class_of_four: World) -> None:
    """The mean of 5, 3 and 4 is 4; before Bo left it was 3.25."""
    for as_of, students, mean in ((None, 3, 4.0), ("2025-02-15", 4, 3.25)):
        with class_of_four.at(as_of=as_of) as (_, connection, at):
            [figures] = class_answer(connection, at, "200")
        assert (figures["students"], figures["mean"]) == (students, mean)


def test_what_if_and_impact_leave_the_removed_out(class_of_four: World) -> None:
    """By question and by edit: in April mastery begins at 1 point, which only Bo would flip by, and Bo is not there."""
    class_of_four.take(outcome("7", "2025-04-01", mastery=1, updated="2025-04-01", meta=ASKER))
    with class_of_four.at() as (log, connection, at):
        replaced = override(calculation=Calculation.of("latest", new_decaying_average=True), mastery_points=5)
        what_if = list(mastery_at(connection, at, Scope(course="200"), override=replaced))
        [change] = impact(connection, log, at, Kind.OUTCOME, "7")
    assert [(row.student, row.mastered) for row in what_if] == [
        ("studentAda", True),
        ("studentCy", False),
        ("studentDee", False),
    ]
    assert change["flipped"] == 0


def test_a_departure_is_a_change_of_students(class_of_four: World) -> None:
    """Between February and now Bo's score is gone, and the enrollment says why."""
    with class_of_four.opened() as (_, views), views.reading() as connection:
        points = (resolve(connection, PointQuery(None, as_of)) for as_of in ("2025-02-15", None))
        changed = list(students_changed(connection, *points, None))
    assert [(row["student"], row["score"], row["enrollment"]) for row in changed] == [
        ("studentBo", [1.0, None], "deleted")
    ]


def test_explain_says_that_a_student_was_removed(class_of_four: World) -> None:
    """The score is still explained, with the enrollment and what follows from it."""
    with class_of_four.at() as (_, connection, at):
        found = explanation(connection, at, "200", "studentBo", "7")
    assert found is not None
    assert (found["score"], found["enrollment"]) == (1.0, "deleted")
    assert any("every known enrollment" in note for note in found["notes"])


def test_a_late_departure_tells_whose_score_went(world: World) -> None:
    """An enrollment that arrives late changes who is in the class: `late` tells whose score is gone with it."""
    world.clock = parse_argument("2025-02-01T00:10:00Z")
    world.take(outcome("7", "2025-02-01"), enrollment("31", "2025-02-01"), result("50", "2025-02-01", score=4))
    world.clock = parse_argument("2025-02-20T00:00:00Z")
    world.take(enrollment("31", "2025-02-02", state="deleted", updated="2025-02-02"))
    with world.at() as (log, connection, at):
        [event] = late(connection, log, at, 3_600_000_000)
        entry = event.as_json()
    assert [(row["score"], row["enrollment"]) for row in entry["scores"]] == [([4.0, None], "deleted")]


@pytest.mark.parametrize(
    ("enrolled", "state"),
    [
        ([{"state": "inactive"}, {"state": "active"}], "active"),
        ([{"state": "completed"}, {"state": "invited"}], "invited"),
        ([{"state": "inactive"}, {"state": "completed"}], "completed"),
        ([{"state": "deleted"}, {"state": "inactive"}], "inactive"),
        ([{"state": "deleted"}, {"state": "creation_pending"}], "invited"),
        ([{"state": "rejected"}], "inactive"),
        ([{"state": None}], "active"),
        ([{"state": "suspended by a later Canvas"}], "unknown"),
        ([{"type": "StudentViewEnrollment"}], "active"),
        ([{"type": None, "state": "completed"}], "completed"),
        # What someone is besides says nothing of the student; nor does another course.
        ([{"state": "deleted"}, {"type": "TeacherEnrollment"}], "deleted"),
        ([{"type": "TeacherEnrollment"}], "unknown"),
        ([{"type": "ObserverEnrollment", "state": "deleted"}], "unknown"),
        ([{"course": "201", "state": "deleted"}], "unknown"),
        ([{"state": "deleted"}, {"state": "deleted"}], "deleted"),
    ],
)
def test_the_strongest_enrollment_counts(world: World, enrolled: list[dict[str, Any]], state: str) -> None:
    """Several enrollments of one student, mostly in several sections, rank as in Canvas; only a student's count."""
    world.take(
        outcome("7", "2025-01-01"),
        result("50", "2025-02-01"),
        *(enrollment(str(31 + place), "2025-01-02", **told) for place, told in enumerate(enrolled)),
    )
    assert states(world, include_removed=True) == {"studentAda": state}


def test_an_enrollment_without_uuid_is_found_by_the_users_id(world: World) -> None:
    """Older enrollments name only the id; whose it is, a user event tells, whichever comes first."""
    world.take(
        outcome("7", "2025-01-01"),
        result("50", "2025-02-01"),
        enrollment("31", "2025-01-02", student=None, state="deleted"),
    )
    assert states(world) == {"studentAda": "unknown"}
    world.take(event("user_created", "2025-01-01", {"user_id": "41230000000000090", "uuid": "studentAda"}))
    assert states(world) == {}
    assert states(world, include_removed=True) == {"studentAda": "deleted"}
    assert states(world, known_at="3") == {"studentAda": "unknown"}


def test_an_enrollment_that_moved_to_another_person_counts_for_that_one(world: World) -> None:
    """After a merge of users the enrollment is the other's, and says nothing of the first any more."""
    world.take(
        outcome("7", "2025-01-01"),
        result("50", "2025-02-01"),
        result("51", "2025-02-01", student="studentBo"),
        enrollment("31", "2025-01-02", state="deleted"),
        enrollment("31", "2025-03-01", student="studentBo", updated="2025-03-01"),
    )
    assert states(world) == {"studentAda": "unknown", "studentBo": "active"}
    assert states(world, as_of="2025-02-15") == {"studentBo": "unknown"}
