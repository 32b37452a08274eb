"""What each late event changed: found around the event, and equal to whole trees and classes compared."""

from typing import Any

import pytest
from hypothesis import given, settings

from outcomes.domain.identity import Context
from outcomes.domain.times import parse_argument
from outcomes.projections.as_of.tree import tree_at
from outcomes.projections.history.diff import nodes_of, places_changed
from outcomes.projections.history.effects import Effects
from outcomes.projections.history.late import late
from outcomes.projections.history.score_change import change_between
from outcomes.projections.history.score_history import score_history
from outcomes.projections.mastery.query import mastery_at
from outcomes.projections.mastery.results import Scope
from tests.support.given import (
    account,
    calculation_method,
    course,
    enrollment,
    group,
    link,
    observed,
    outcome,
    proficiency,
    result,
    rubric_assessed,
    setting,
)
from tests.support.histories import ACCOUNT_SCALES, exported_histories, histories
from tests.support.work import calls_of, counted_steps
from tests.support.world import World, fresh_world


def late_ones(world: World, over: int = 0, **point: Any) -> list[dict[str, Any]]:
    """Return what `late` tells."""
    with world.at(**point) as (log, connection, at):
        return [event.as_json() for event in late(connection, log, at, over)]


def _as_set(rows: list[dict[str, Any]]) -> set[str]:
    return {repr(sorted(row.items())) for row in rows}


class TestEffects:
    """The places and scores that an event changed when it arrived."""

    @given(histories(most=16) | exported_histories(most=12))
    @settings(max_examples=80, deadline=None)
    def test_they_are_what_comparing_everything_finds(self, events: list[dict[str, Any]]) -> None:
        """Every tree and every score, known just before each event and with it: slow, and beyond doubt."""
        with fresh_world() as world:
            world.take(*events)
            for tenant in {event["metadata"]["root_account_uuid"] for event in events}:
                with world.at(tenant=tenant) as (log, connection, at):
                    contexts = [
                        Context(*row)
                        for row in connection.execute("SELECT type, id FROM contexts WHERE tenant = ?", (at.number,))
                    ]
                    for entry in (event.as_json() for event in late(connection, log, at, 0)):
                        points = [at._replace(known_at=entry["position"] - back) for back in (1, 0)]
                        places: dict[str, list[dict[str, Any]]] = {"added": [], "removed": [], "moved": []}
                        for context in contexts:
                            trees = [nodes_of(tree_at(connection, point, context)) for point in points]
                            for name, rows in places_changed(context, *trees).items():
                                places[name] += rows
                        for name, rows in places.items():
                            assert _as_set(entry["tree"][name]) == _as_set(rows)
                        old, new = (
                            {row.sort_key: row for row in mastery_at(connection, point, Scope(), include_removed=True)}
                            for point in points
                        )
                        changes = [change_between(old.get(key), new.get(key)) for key in old.keys() | new.keys()]
                        assert _as_set(entry["scores"]) == _as_set([change for change in changes if change])

    @given(histories(most=24) | exported_histories(most=16))
    @settings(max_examples=40, deadline=None)
    def test_one_after_the_other_they_are_the_same(self, events: list[dict[str, Any]]) -> None:
        """What is read ahead, for events to come, tells of each what is found of it alone."""
        with fresh_world() as world:
            world.take(*events)
            for tenant in {event["metadata"]["root_account_uuid"] for event in events}:
                with world.at(tenant=tenant) as (log, connection, at):
                    entries = [event.entry for event in late(connection, log, at, 0)]
                    ahead = Effects(connection, at)
                    for entry in entries:
                        assert list(ahead.of([entry])) == list(Effects(connection, at).of([entry]))

    def test_a_late_result_tells_whose_score_it_moved(self, world: World) -> None:
        """The student had 2 of 5; the result of January, which came last, is the higher one."""
        world.take(outcome("7", "2025-01-01"), result("11", "2025-03-01", score=2))
        world.clock = parse_argument("2026-02-01")
        world.take(result("10", "2025-01-15", score=4))
        found = late_ones(world)[1]
        assert found["position"] == 3
        assert found["scores"] == [
            {
                "course_id": "200",
                "student": "studentAda",
                "outcome_id": "7",
                "outcome_title": "Outcome 7",
                "score": [2.0, 4.0],
                "mastered": [False, True],
                "enrollment": "unknown",
            }
        ]

    def test_when_work_was_handed_in_may_come_late_and_count(self, world: World) -> None:
        """The latest result counts: an assessment that came last says which that is."""
        world.take(
            outcome("7", "2025-01-01", calculation_method="latest"),
            result("11", "2025-03-01", score=2),
            result("10", "2025-03-02", score=4),
            rubric_assessed("910", "2025-03-03", submitted="2025-02-01"),
        )
        found = next(entry for entry in late_ones(world) if entry["kind"] == "assessment")
        assert [row["score"] for row in found["scores"]] == [[4.0, 2.0]]

    def test_what_only_an_export_tells_is_listed_with_the_scores_that_it_changed(self, world: World) -> None:
        """One result turns out hidden, the alignment of the other deleted; a grade that waits counts all the same."""
        world.take(outcome("7", "2025-01-01"), result("10", "2025-02-01", score=4), result("11", "2025-03-01", score=2))
        known = {"course_id": "200", "user_uuid": "studentAda", "assignment_id": "80"}
        world.take(
            observed("result_detail", "2025-03-02", result_id="10", hidden=True, **known),
            observed("result_detail", "2025-03-02", result_id="11", alignment_id="70", **known),
            observed("alignment", "2025-03-03", alignment_id="70", learning_outcome_id="7", workflow_state="deleted"),
            observed("submission", "2025-03-04", submission_id="90", **known),
            observed("post_policy", "2025-03-04", post_policy_id="91", course_id="200", post_manually=True),
        )
        found = {(entry["kind"], entry["id"]): [row["score"] for row in entry["scores"]] for entry in late_ones(world)}
        assert {key: scores for key, scores in found.items() if key[0] not in {"outcome", "result"}} == {
            ("result_detail", "10"): [[4.0, 2.0]],
            ("result_detail", "11"): [],
            ("alignment", "70"): [[2.0, None]],
            ("submission", "90"): [],
            ("post_policy", "91"): [],
        }

    def test_a_new_quiz_counts_until_a_rubric_of_its_assignment_is_known(self, world: World) -> None:
        """Its 4 gives way to the rubric's 2 as an export tells that both are of one assignment, and counts again."""
        of_rubric = {"course_id": "200", "user_uuid": "studentAda", "result_id": "11"}
        world.take(
            outcome("7", "2025-01-01"),
            result("10", "2025-02-01", score=4, artifact_type="NewQuiz", artifact_id="80"),
            result("11", "2025-02-02", score=2),
            observed("result_detail", "2025-03-01", assignment_id="80", **of_rubric),
            observed("result_detail", "2025-03-02", assignment_id="81", **of_rubric),
        )
        told = [[row["score"] for row in entry["scores"]] for entry in late_ones(world)]
        assert told == [[], [[None, 4.0]], [], [[4.0, 2.0]], [[2.0, 4.0]]]
        with world.at() as (log, connection, at):
            assert [move.score for move in score_history(connection, log, at, "200", "studentAda", "7")] == [4, 2, 4]

    def test_where_a_course_hangs_may_come_late_and_count(self, world: World) -> None:
        """Scales of accounts count: below the one the latest result does, below the other the highest."""
        world.take(
            setting("account_level_mastery_scales", "2025-01-01", value=True),
            *(account(number, "2025-01-01", parent=parent) for number, parent in (("1", None), ("2", "1"), ("3", "1"))),
            proficiency("8", "2025-01-01", context="Account:1"),
            calculation_method("1", "2025-01-01", method="highest", context="Account:2"),
            calculation_method("2", "2025-01-01", method="latest", context="Account:3"),
            course("200", "2025-01-02", account="2"),
            result("10", "2025-02-01", score=4),
            result("11", "2025-03-01", score=2),
            observed("course_account", "2025-01-03", course_account_id="5", course_id="200", account_id="3"),
        )
        (found,) = [entry for entry in late_ones(world) if entry["kind"] == "course_account"]
        # Shares of a scale of 4 points: 4 of 5 and 2 of 5.
        assert [row["score"] for row in found["scores"]] == [[3.2, 1.6]]

    @pytest.mark.parametrize("kind", ["result", "link", "group", "enrollment", "rubric_assessed"])
    def test_so_may_an_envelope_of_anything_that_tells_where_the_course_hangs(self, world: World, kind: str) -> None:
        """An event of Bo's moves the course below Account:2, whose scale has 10 points: Ada's 4 of 5 are 8 there."""
        move = {"context_type": "Course", "context_id": "200", "context_account_id": "2"}
        event = {
            "result": lambda: result("11", "2025-03-01", student="studentBo", score=5, meta=move),
            "link": lambda: link("5", "2025-03-01", outcome="9", group="1", context="Course:200", meta=move),
            "group": lambda: group("1", "2025-03-01", context="Course:200", meta=move),
            "enrollment": lambda: enrollment("31", "2025-03-01", student="studentBo", meta=move),
            "rubric_assessed": lambda: rubric_assessed("91", "2025-03-01", submitted="2025-02-01", meta=move),
        }[kind]()
        world.take(
            setting(ACCOUNT_SCALES, "2025-01-01", value=True),
            account("1", "2025-01-01", parent=None),
            account("2", "2025-01-01", parent="1"),
            proficiency("8", "2025-01-01", points=(5, 3), mastery=3, context="Account:1"),
            proficiency("9", "2025-01-01", points=(10, 3), mastery=3, context="Account:2"),
            calculation_method("1", "2025-01-01", method="highest", context="Account:1"),
            course("200", "2025-01-02", account="1"),
            result("10", "2025-02-01", student="studentAda", score=4),
            event,
        )
        scores = {row["student"]: row["score"] for row in late_ones(world)[-1]["scores"]}
        expected = {"studentAda": [4.0, 8.0]}
        assert scores == ({**expected, "studentBo": [None, 10.0]} if kind == "result" else expected)


class TestSize:
    """Work for one event does not grow with what is around it."""

    @pytest.mark.parametrize("shape", ["tree", "links", "pair", "moved", "in no order", "scales", "edits"])
    def test_four_times_the_events_take_less_than_six_times_the_work(self, world: World, shape: str) -> None:
        """In one context, and of one student's results, steps of SQLite and calls stay in proportion."""
        few, many = (self._work(fresh, shape, size) for fresh, size in ((world, 60), (self._other(world), 240)))
        assert all(much < 6 * little for little, much in zip(few, many, strict=True))

    @staticmethod
    def _other(world: World) -> World:
        return World(world.home.folder / "other")

    @staticmethod
    def _work(world: World, shape: str, size: int) -> tuple[int, int]:
        """Return how many hundreds of SQLite's instructions, and calls, it takes to tell what was late."""
        times = [f"2025-01-01T08:{number // 60:02d}:{number % 60:02d}Z" for number in range(size)]
        if shape == "tree":
            events = [group("1", "2025-01-01")]
            for number, time in enumerate(times):
                events += [outcome(str(number), time), link(str(number), time, outcome=str(number), group="1")]
        elif shape == "links":
            events = [group("1", "2025-01-01"), outcome("7", "2025-01-01")]
            for number, time in enumerate(times):
                events += [group(str(number + 2), time, parent="1")]
                events += [link(str(number), time, outcome="7", group=str(number + 2))]
        elif shape == "scales":
            events = [account("1", "2025-01-01", parent=None), setting(ACCOUNT_SCALES, "2025-01-01", value=True)]
            for number, time in enumerate(times):
                place, taught = f"5{number}", f"6{number}"
                events += [account(place, time), course(taught, time, account=place)]
                events += [result(str(number), time, course=taught)]
                events += [proficiency(str(number), "2025-03-01", context=f"Account:{place}")]
        else:
            results = [result(str(n + 1), time, score=n % 5) for n, time in enumerate(times)]
            if shape == "moved":
                results += [
                    result(str(n + 1), time, score=n % 5, student="studentBo", updated="2025-02-01")
                    for n, time in enumerate(times[::10])
                ]
            elif shape == "in no order":
                results.sort(key=lambda event: int(event["body"]["id"]) * 37 % size)
            events = [outcome("7", "2025-01-01", calculation_method="decaying_average"), *results]
            if shape == "edits":
                # Results are walked once for all edits of where mastery begins, not read for each.
                saved = [f"2025-02-{number // 60 + 1:02d}T08:{number % 60:02d}:00Z" for number in range(size // 2)]
                events += [outcome("7", time, mastery=2 + n % 2, updated=time) for n, time in enumerate(saved)]
        world.take(*events)
        with world.at() as (log, connection, at), counted_steps(connection) as steps:
            told = []
            calls = calls_of(lambda: told.extend(late(connection, log, at, 0)))
        assert len(told) == len(events)
        return calls, steps.hundreds
