"""Mastery at a point: worked by hand from Canvas's rules, and held to the same laws as everything else."""

import gzip
import random
from typing import Any, NamedTuple

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes.domain.identity import Kind
from outcomes.domain.mastery import QUIZ_SUBMISSION
from outcomes.domain.times import parse_argument
from outcomes.projections.as_of.names import student_name
from outcomes.projections.as_of.point import tenants
from outcomes.projections.history.policy_impact import impact
from outcomes.projections.mastery.class_figures import class_figures
from outcomes.projections.mastery.explanation import explanation
from outcomes.projections.mastery.query import mastery_at
from outcomes.projections.mastery.results import Scope
from outcomes.projections.mastery.row import MasteryRow
from tests.support.given import (
    ASKER,
    account,
    calculation_method,
    course,
    event,
    link,
    outcome,
    proficiency,
    result,
    rubric_assessed,
    setting,
)
from tests.support.histories import POINTS, histories
from tests.support.world import World, fresh_world

ON = "account_level_mastery_scales"


def rows(world: World, scope: Scope | None = None, **point: Any) -> list[MasteryRow]:
    """Compute the rows of a scope at a point."""
    with world.at(**point) as (_, connection, at):
        return list(mastery_at(connection, at, scope or Scope()))


class Standing(NamedTuple):
    """One score, and whether it is mastery."""

    score: float | None
    mastered: bool | None


def score(world: World, **point: Any) -> Standing:
    """Return the one score that there is, and whether it is mastery."""
    (row,) = rows(world, **point)
    return Standing(row.score, row.mastered)


def test_results_that_name_no_student_make_no_score(world: World) -> None:
    """Nobody knows whose they are: together they would be one student with the work of many. Once named, they count."""
    world.take(
        outcome("7", "2025-01-01"),
        result("50", "2025-02-01", score=5, user_uuid=None),
        result("51", "2025-02-01", score=2, user_uuid=None),
        result("52", "2025-02-01", score=3),
        result("51", "2025-03-01", score=2, student="studentBo", updated="2025-03-01"),
    )
    assert [(row.student, row.score) for row in rows(world, as_of="2025-02-15")] == [("studentAda", 3.0)]
    assert [(row.student, row.score) for row in rows(world)] == [("studentAda", 3.0), ("studentBo", 2.0)]
    assert rows(world, Scope(student="")) == []
    with world.at() as (_, connection, at):
        assert [figures.students for figures in class_figures(connection, at, "200")] == [2]


@given(histories(), st.randoms(use_true_random=False), st.sampled_from([*POINTS, None]))
def test_scores_do_not_depend_on_arrival(
    history: list[dict[str, Any]], chance: random.Random, as_of: str | None
) -> None:
    """However the events arrived, every student's mastery at every time is the same."""
    shuffled = [*history, *chance.choices(history, k=2)]
    chance.shuffle(shuffled)
    with fresh_world() as one, fresh_world() as other:
        one.take(*history)
        for start in range(0, len(shuffled), 5):
            other.take(*shuffled[start : start + 5])
        with one.opened() as (_, views), views.reading() as connection:
            known = list(tenants(connection))
        for tenant in known:
            assert rows(one, as_of=as_of, tenant=tenant) == rows(other, as_of=as_of, tenant=tenant)


def test_a_new_scale_rescales_old_results(world: World) -> None:
    """Percents are stored, not points: 3 of 5 becomes 2.4 when the outcome's scale is of 4 (DOMAIN.md 5.4)."""
    four = {"description": "x", "mastery_points": 2, "points_possible": 4, "ratings": []}
    world.take(
        outcome("7", "2025-01-01"),
        link("3", "2025-01-01", outcome="7", group="1", context="Course:200"),
        result("50", "2025-02-01", score=3),
        outcome("7", "2025-06-01", updated="2025-06-01", rubric_criterion=four),
    )
    assert score(world, as_of="2025-03-01") == (3.0, True)
    assert score(world) == (2.4, True)


def test_late_remarked_deleted_and_revived_results_count_at_their_event_time(world: World) -> None:
    """Each version of a result counts from its event time on; what was known before it arrived stays answered."""
    world.take(outcome("7", "2025-01-01"), result("50", "2025-02-01", score=2))
    before = str(world.take(result("51", "2025-04-01", score=4, updated="2025-04-01")).head)
    world.take(
        result("50", "2025-03-01", score=5, updated="2025-03-01"),
        result("50", "2025-05-01", score=5, updated="2025-05-01", workflow_state="deleted"),
        result("50", "2025-06-01", score=1, updated="2025-06-01"),
        result("52", "2025-01-15", score=3, workflow_state="deleted"),
    )
    known = [
        score(world, as_of=day).score for day in ("2025-02-15", "2025-03-15", "2025-04-15", "2025-05-15", "2025-06-15")
    ]
    assert known == [2.0, 5.0, 5.0, 4.0, 4.0]
    assert score(world, as_of="2025-03-15", known_at=before) == (2.0, False)


def test_results_of_other_courses_never_mix(world: World) -> None:
    """One number per course, student and outcome."""
    world.take(
        outcome("7", "2025-01-01", calculation_method="average"),
        result("50", "2025-02-01", score=2),
        result("51", "2025-02-01", score=4, course="201"),
        result("52", "2025-02-01", score=5, student="studentBo"),
    )
    found = {(row.course_id, row.student): row.score for row in rows(world)}
    assert found == {("200", "studentAda"): 2.0, ("200", "studentBo"): 5.0, ("201", "studentAda"): 4.0}


def test_an_outcome_whose_links_are_all_deleted_is_left_out(world: World) -> None:
    """No link in the course any more: no score, and a note that says so. No link ever seen: counted, with a note."""
    world.take(outcome("7", "2025-01-01"), result("50", "2025-02-01"))
    assert "no link of this outcome in this course was seen" in rows(world)[0].notes[0]
    place = {"outcome": "7", "group": "1", "context": "Course:200"}
    world.take(
        link("3", "2025-01-02", **place),
        link("3", "2025-03-01", **place, updated="2025-03-01", workflow_state="deleted"),
    )
    assert score(world, as_of="2025-02-15") == (4.0, True)
    (gone,) = rows(world)
    assert (gone.score, gone.mastered, gone.results_counted) == (None, None, 0)
    assert gone.notes[0].startswith("left out")


def test_a_deleted_outcome_takes_its_links_along(world: World) -> None:
    """The deletion of an outcome deletes its links without an event: it is left out from then on (DOMAIN.md 6)."""
    world.take(
        outcome("7", "2025-01-01"),
        link("3", "2025-01-02", outcome="7", group="1", context="Course:200"),
        result("50", "2025-02-01"),
        outcome("7", "2025-03-01", updated="2025-03-01", workflow_state="deleted"),
    )
    assert score(world, as_of="2025-02-15") == (4.0, True)
    assert score(world) == (None, None)


def test_decay_follows_the_time_of_handing_in_where_it_is_told(world: World) -> None:
    """Handed in earlier counts as earlier, even if graded later; without that event the order is approximate."""
    world.take(
        outcome("7", "2025-01-01", calculation_method="decaying_average", calculation_int=65),
        result("50", "2025-02-10", score=5, artifact_id="640"),
        result("51", "2025-02-20", score=1, artifact_id="641"),
    )
    (graded,) = rows(world)
    assert (graded.score, graded.order) == (2.4, "approximate")  # 0.65 × 1 + 0.35 × 5
    world.take(
        rubric_assessed("640", "2025-02-10", submitted="2025-02-05T08:00:00Z", meta=ASKER),
        rubric_assessed("641", "2025-02-20", submitted="2025-02-01T08:00:00Z", meta=ASKER),
    )
    (handed_in,) = rows(world)
    assert (handed_in.score, handed_in.order) == (3.6, "exact")  # 0.65 × 5 + 0.35 × 1


def test_without_a_submission_the_grading_time_is_used(world: World) -> None:
    """rubric_assessed repeats updated_at as submitted_at where nothing was handed in: then assessed_at orders."""
    world.take(
        outcome("7", "2025-01-01", calculation_method="latest"),
        result("50", "2025-02-10", score=5, artifact_id="640"),
        result("51", "2025-02-20", score=1, artifact_id="641"),
        rubric_assessed("640", "2025-03-10", submitted="2025-03-10T00:00:00Z", graded="2025-03-10T00:00:00Z"),
        rubric_assessed("641", "2025-02-20", submitted="2025-02-19T00:00:00Z"),
    )
    (row,) = rows(world)
    assert (row.score, row.order) == (1.0, "exact")


CHAIN = (
    account("1", "2025-01-01", parent=None, meta={"root_account_id": "41230000000000001"}),
    account("2", "2025-01-01"),
    course("200", "2025-01-01"),
    outcome("7", "2025-01-01"),
    result("50", "2025-02-01", score=3),
    setting(ON, "2025-03-01", value=True),
)


def test_scale_and_method_come_from_the_chain_each_on_its_own(world: World) -> None:
    """With the feature on, the sub-account's scale and the root's method are in force; before that, the outcome's."""
    world.take(
        *CHAIN,
        proficiency("9", "2025-01-05", context="Account:2", points=(10, 7, 0), mastery=7),
        proficiency("8", "2025-01-05", context="Account:1", points=(4, 3, 0), mastery=3),
        calculation_method("4", "2025-01-05", method="latest", context="Account:1"),
    )
    (before,) = rows(world, as_of="2025-02-15")
    assert (before.score, before.scale_source, before.calculation_method) == (3.0, "outcome", "highest")
    (after,) = rows(world)
    assert (after.score, after.mastered, after.scale_source) == (6.0, False, "Account:2")
    assert (after.calculation_method, after.method_source) == ("latest", "Account:1")
    assert (after.mastery_points, after.points_possible) == (7.0, 10.0)


def test_a_deleted_scale_is_as_if_absent(world: World) -> None:
    """The next account up the chain takes over when a scale is deleted."""
    world.take(
        *CHAIN,
        proficiency("9", "2025-01-05", context="Account:2", points=(10, 7, 0), mastery=7),
        proficiency("8", "2025-01-05", context="Account:1", points=(4, 3, 0), mastery=3),
        proficiency("9", "2025-04-01", context="Account:2", updated="2025-04-01", workflow_state="deleted"),
    )
    assert [rows(world, as_of=day)[0].scale_source for day in ("2025-03-15", "2025-04-15")] == [
        "Account:2",
        "Account:1",
    ]


def test_the_default_is_only_told_where_the_whole_chain_is_known(world: World) -> None:
    """A chain known up to its root without a scale has Canvas's default; an incomplete one is unknown, no guess."""
    world.take(*CHAIN)
    (known,) = rows(world)
    assert (known.scale_source, known.method_source, known.mastery_points) == ("default", "default", 3.0)
    world.take(result("60", "2025-02-01", course="999"))
    (unknown,) = rows(world, Scope(course="999"))
    assert (unknown.scale_source, unknown.score, unknown.mastered) == ("unknown", None, None)
    assert any("not known" in note for note in unknown.notes)


def test_the_envelope_teaches_the_account_tree(world: World) -> None:
    """A request in a course names the course's account, and one in a sub-account its parent (DOMAIN.md 2)."""
    shard = {"root_account_id": "41230000000000001"}
    in_course = {
        **shard,
        "context_type": "Course",
        "context_id": "41230000000000200",
        "context_account_id": "41230000000000002",
    }
    in_account = {
        **shard,
        "context_type": "Account",
        "context_id": "41230000000000002",
        "context_account_id": "41230000000000001",
    }
    world.take(
        outcome("7", "2025-01-01", meta=in_account),
        result("50", "2025-02-01", score=3),
        link("3", "2025-01-02", outcome="7", group="1", context="Course:200", meta=in_course),
        proficiency("8", "2025-01-05", context="Account:1", points=(10, 7, 0), mastery=7, meta=shard),
        setting(ON, "2025-01-10", value=True),
    )
    (row,) = rows(world)
    assert (row.scale_source, row.score) == ("Account:1", 6.0)


def test_students_have_the_last_name_that_was_told(world: World) -> None:
    """Users and enrollments name people; the last by event time is right, at any point."""
    named = {"uuid": "studentAda", "user_id": "41230000000000009"}
    world.take(
        outcome("7", "2025-01-01"),
        event("user_updated", "2025-06-01", {**named, "name": "Ada Quist"}),
        event("user_created", "2025-01-01", {**named, "name": "Ada Berg"}),
        event("enrollment_created", "2025-02-01", {"enrollment_id": "5", "user_uuid": "studentBo", "user_name": "Bo"}),
    )
    for as_of, ada in (("2025-03-01", "Ada Berg"), (None, "Ada Quist")):
        with world.at(as_of=as_of) as (_, connection, at):
            found = {uuid: student_name(connection, at, uuid) for uuid in ("studentAda", "studentBo", "nobody")}
        assert found == {"studentAda": ada, "studentBo": "Bo", "nobody": None}


def test_explain_adds_up(world: World) -> None:
    """Each result has a value, a weight and a reason; weights times values are the score; the grader is named."""
    world.take(
        outcome("7", "2025-01-01", calculation_method="decaying_average", calculation_int=75, meta=ASKER),
        result("50", "2025-02-01", score=2),
        result("51", "2025-02-02", score=4),
        result("52", "2025-02-03", score=5, artifact_id="640"),
        result("53", "2025-02-04", score=5, workflow_state="deleted"),
        result("54", "2025-02-05", score=None),
        rubric_assessed("640", "2025-02-03", submitted="2025-02-03T01:00:00Z", meta=ASKER),
    )
    with world.at() as (_, connection, at):
        found = explanation(connection, at, "200", "studentAda", "7")
    assert found is not None
    assert found["score"] == 4.5  # 0.75 × 5 + 0.25 × (2 + 4) / 2
    assert [result["used"] for result in found["results"]] == [True, True, True, False, False]
    assert sum(result["value"] * result["weight"] for result in found["results"][:3]) == pytest.approx(4.5)
    assert [result["why_not"] for result in found["results"][3:]] == [
        "the result is deleted",
        "the result has no score",
    ]
    assert found["results"][2]["graded_by"] == "r.okafor@plover.example"
    assert any("0.75 × 5 + 0.25 × 3 = 4.5" in step for step in found["steps"])
    assert found["method"] == {"source": "outcome", "position": 1}
    assert any("order" in remark for remark in found["approximate"])


def test_a_cleared_mark_is_not_assessed(world: World) -> None:
    """Canvas keeps the percent of a mark that was cleared: neither the class nor the student alone counts it."""
    world.take(
        outcome("7", "2025-01-01"),
        result("50", "2025-02-01", student="studentAda", score=4),
        result("50", "2025-02-02", student="studentAda", score=None, percent=0.8, updated="2025-02-02"),
        result("51", "2025-02-01", student="studentBo", score=2),
    )
    with world.at() as (_, connection, at):
        whole = list(mastery_at(connection, at, Scope(course="200")))
        alone = list(mastery_at(connection, at, Scope(student="studentAda")))
        [figures] = class_figures(connection, at, "200")
    assert [(row.student, row.score, row.mastered, row.results_counted) for row in whole] == [
        ("studentAda", None, None, 0),
        ("studentBo", 2.0, False, 1),
    ]
    assert alone == whole[:1]
    assert (figures.assessed, figures.mean) == (1, 2.0)
    with world.at(as_of="2025-02-01") as (_, connection, at):
        assert next(mastery_at(connection, at, Scope(course="200"))).score == 4.0


def test_a_quiz_that_cannot_be_aggregated_is_named(world: World) -> None:
    """Under an average Canvas fails where a quiz has nothing possible; the row left out is named, in every answer."""
    world.take(
        outcome("7", "2025-01-01", calculation_method="average"),
        result("60", "2025-02-01", possible=None, artifact_type=QUIZ_SUBMISSION, artifact_id="1"),
        result("61", "2025-02-01", score=2, possible=2, percent=0.4, artifact_type=QUIZ_SUBMISSION, artifact_id="2"),
        result("62", "2025-02-01", score=2, student="studentBo", artifact_type=QUIZ_SUBMISSION, artifact_id="3"),
    )
    whole = rows(world)
    assert [row.score for row in whole] == [2.0, 2.0]
    assert [[note for note in row.notes if note.startswith("quiz")] for row in whole] == [
        ["quiz 1: result 60 left out, nothing was possible on it (Canvas fails on such a quiz)"],
        [],
    ]
    assert rows(world, Scope(student="studentAda")) == whole[:1]


@pytest.mark.parametrize(
    ("method", "stored", "score"),
    [
        ("standard_decaying_average", 30, 2.2),  # 0.7 × 1 + 0.3 × 5
        ("decaying_average", 150, 7.0),  # 1.5 × 5 - 0.5 × 1
        ("n_mastery", 0, 5.0),
    ],
)
def test_a_calculation_int_out_of_range_is_followed(world: World, method: str, stored: int, score: float) -> None:
    """Canvas never replaces the stored number; a note says that its own validation would have refused it."""
    world.take(
        outcome("7", "2025-01-01", calculation_method=method, calculation_int=stored),
        result("70", "2025-02-01", score=1),
        result("71", "2025-02-02", score=5),
    )
    (row,) = whole = rows(world)
    assert (row.score, row.calculation_int) == (score, stored)
    assert any(f"calculation_int {stored} is outside what Canvas accepts for {method}" in note for note in row.notes)
    assert rows(world, Scope(student="studentAda")) == whole


def test_impact_counts_flips_without_new_work(world: World) -> None:
    """A change of mastery points flips those between the two; a result of the same day does not count to it."""
    world.take(
        outcome("7", "2025-01-01", mastery=3),
        result("50", "2025-02-01", score=3.5),
        result("51", "2025-02-01", score=5, student="studentBo"),
        outcome("7", "2025-03-01", mastery=4, updated="2025-03-01", meta=ASKER),
        result("52", "2025-03-01", score=1, student="studentCy"),
        outcome("7", "2025-04-01", mastery=4, title="Same points, new title", updated="2025-04-01"),
    )
    with world.at() as (log, connection, at):
        (change,) = list(impact(connection, log, at, Kind.OUTCOME, "7"))
    assert (change["flipped"], change["lost"], change["gained"]) == (1, 1, 0)
    assert change["students"][0]["student"] == "studentAda"
    assert change["actor"]["login"] == "r.okafor@plover.example"


def test_impact_of_what_a_course_inherits(world: World) -> None:
    """A scale or method that an account is given flips students of its courses, from its first moment on."""
    world.take(
        *CHAIN,
        result("51", "2025-02-05", score=1, assessed_at="2025-02-05"),
        proficiency("9", "2025-04-01", context="Account:2", points=(10, 5, 0), mastery=5),
        proficiency("9", "2025-05-01", context="Account:2", points=(10, 7, 0), mastery=7, updated="2025-05-01"),
        proficiency("9", "2025-05-15", context="Account:2", points=(10, 6, 0), mastery=6, updated="2025-05-15"),
        calculation_method("4", "2025-06-01", method="latest", context="Account:2"),
    )
    with world.at() as (log, connection, at):
        scale = list(impact(connection, log, at, Kind.PROFICIENCY, "9"))
        method = list(impact(connection, log, at, Kind.CALCULATION_METHOD, "4"))
    assert [(change["event_time"][:10], change["gained"], change["lost"]) for change in scale + method] == [
        ("2025-04-01", 1, 0),  # 0.6 of Canvas's own 4 points is below its 3; of 10 points it is above 5
        ("2025-05-01", 0, 1),
        ("2025-05-15", 1, 0),
        ("2025-06-01", 0, 1),  # the latest is 1 of 5
    ]


def test_events_stored_as_unprojected_are_picked_up_by_a_rebuild(world: World) -> None:
    """A neighbour that a version does not know is in the log all the same, where a later version finds it."""
    report = world.take(event("learning_pathway_opened", "2025-01-01", {"id": "1"}), outcome("7", "2025-01-01"))
    assert (report.appended, report.unprojected) == (2, 1)
    assert world.verify()["ok"]


def test_oulad_at_its_two_policy_changes(world: World, shared: Any) -> None:
    """Real results: who has mastery at 40 of 100 and at 50 of 100, in both runs of the module."""
    world.clock = parse_argument("2026-01-10")
    world.take(*gzip.decompress(shared("data/oulad_aaa.jsonl.gz").read_bytes()).splitlines())
    with world.at() as (log, connection, at):
        changes = list(impact(connection, log, at, Kind.OUTCOME, "501"))
        final = list(mastery_at(connection, at, Scope()))
    assert [(change["event_time"][:10], change["gained"]) for change in changes] == [("2014-05-05", 0)]
    assert len(final) == 704
    # An independent count over the file: n_mastery of 3 is the mean of all at or above 50, if there are three.
    best = _oulad_by_hand(shared("data/oulad_aaa.jsonl.gz"))
    assert {(row.course_id, row.student): row.score for row in final} == best


def _oulad_by_hand(path: Any) -> dict[tuple[str, str], float | None]:
    percents: dict[tuple[str, str], dict[str, float]] = {}
    for line in gzip.decompress(path.read_bytes()).splitlines():
        value = orjson.loads(line)
        if value["metadata"]["event_name"] == "learning_outcome_result_created":
            body = value["body"]
            percents.setdefault((body["result_context_id"], body["user_uuid"]), {})[body["id"]] = body["percent"]
    scores = {}
    for key, found in percents.items():
        reached = [share * 100 for share in found.values() if share * 100 >= 50]
        scores[key] = float(f"{sum(reached) / len(reached) + 1e-9:.2f}") if len(reached) >= 3 else None
    return scores
