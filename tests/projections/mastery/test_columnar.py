"""Whole courses in columns are what one pair after the other would be, to the last bit."""

import gzip
import math
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes.domain.identity import id_sort_key
from outcomes.domain.mastery import Calculation, MasteryScale, round2
from outcomes.domain.mastery.formulas import running_decay
from outcomes.domain.mastery.rounding import mean
from outcomes.projections.as_of.point import PointInTime, tenants
from outcomes.projections.history.policy_impact import override
from outcomes.projections.mastery.columnar.arithmetic import exact_sums, plain_sums, running_decays
from outcomes.projections.mastery.columnar.arithmetic import round2 as round_all
from outcomes.projections.mastery.columnar.policies import policies_of
from outcomes.projections.mastery.columnar.results import blocks
from outcomes.projections.mastery.columnar.scores import scores_of
from outcomes.projections.mastery.membership import Memberships
from outcomes.projections.mastery.policy import PolicyBook
from outcomes.projections.mastery.query import mastery_at, rows_by_pair
from outcomes.projections.mastery.results import Assessments, Scope, courses_of
from outcomes.projections.mastery.row import Basis, MasteryRow, Override
from tests.support import given as make
from tests.support.histories import POINTS, class_histories, exported_histories, histories
from tests.support.world import World, fresh_world

amounts = st.floats(0, 1e9) | st.integers(0, 400).map(lambda number: number / 40) | st.floats(0, 5)
_segment = st.lists(amounts, max_size=9)
segments = st.lists(_segment | _segment.map(lambda values: values * 20), min_size=1, max_size=12)


def laid_out(lists: list[list[float]]) -> tuple[Any, Any]:
    """Return lists side by side in one array, and how long each is."""
    flat = [value for values in lists for value in values]
    return np.array(flat, dtype=np.float64), np.array([len(values) for values in lists], dtype=np.int64)


def one_by_one(
    connection: sqlite3.Connection,
    point: PointInTime,
    scope: Scope,
    *,
    instead: Override | None = None,
    policy_point: PointInTime | None = None,
) -> Iterator[MasteryRow]:
    """Compute a scope pair by pair, by the reference."""
    book = PolicyBook(connection, policy_point or point)
    basis = Basis(connection, point, book, Memberships(connection, point), instead)
    for course in sorted(courses_of(connection, point, scope), key=id_sort_key):
        yield from (row for row in rows_by_pair(basis, course, scope) if not row.is_removed)


def in_full(rows: Any) -> list[str]:
    """Return rows as text that tells 3 from 3.0 and 0.0 from -0.0."""
    return list(map(repr, rows))


class TestArithmetic:
    """Each column holds what the function for one value or one list gives."""

    @given(st.lists(amounts | st.floats(0, 2.0**58), min_size=1))
    def test_rounding(self, values: list[float]) -> None:
        """Halves, near halves, tiny and huge values round as one alone does."""
        near = [math.nextafter(value, direction) for value in values for direction in (0.0, math.inf)]
        assert round_all(np.array(values + near)).tolist() == [round2(value) for value in values + near]

    def test_rounding_every_score_written_with_three_decimals(self) -> None:
        """All scores from 0 to 100 in thousandths."""
        values = [thousandths / 1000 for thousandths in range(100_000)]
        assert round_all(np.array(values)).tolist() == list(map(round2, values))

    @given(segments)
    def test_sums_are_rounded_once(self, lists: list[list[float]]) -> None:
        """A sum said to be exact is the exact sum, rounded; `math.fsum` is the judge."""
        sums = exact_sums(*laid_out(lists))
        for values, total, is_exact in zip(lists, sums.values.tolist(), sums.exact.tolist(), strict=True):
            assert not is_exact or total == math.fsum(values)

    @given(st.lists(st.lists(st.integers(1, 700).map(lambda number: number / 7 / 20), max_size=30), min_size=1))
    def test_sums_of_scores_are_always_exact(self, lists: list[list[float]]) -> None:
        """Scores as a school has them never need the way one by one."""
        assert exact_sums(*laid_out(lists)).exact.all()

    @given(segments)
    def test_plain_sums_go_from_left_to_right(self, lists: list[list[float]]) -> None:
        """As Canvas adds up the rows of a quiz."""
        expected = []
        for values in lists:
            total = 0.0
            for value in values:
                total += value
            expected.append(total)
        assert plain_sums(*laid_out(lists)).tolist() == expected

    @given(segments, st.integers(50, 99))
    def test_running_decay(self, lists: list[list[float]], weight: int) -> None:
        """Every step multiplies and adds in the same order."""
        some = [values for values in lists if values] or [[1.0]]
        kept_share, added = np.full(len(some), 0.01 * (100 - weight)), np.full(len(some), 0.01 * weight)
        found = running_decays(*laid_out(some), kept_share, added)
        assert found.tolist() == [running_decay(values, weight)[-1] for values in some]


METHODS = [
    ("highest", None),
    ("latest", None),
    ("average", None),
    ("n_mastery", 2),
    ("decaying_average", 65),
    ("weighted_average", 70),
    ("standard_decaying_average", 65),
]

WHAT_IFS = [
    None,
    override(calculation=Calculation.of("average", None, new_decaying_average=True)),
    override(calculation=Calculation.of("standard_decaying_average", 80, new_decaying_average=True)),
    override(calculation=Calculation.of("n_mastery", 2, new_decaying_average=True), mastery_points=1.5),
    override(scale=MasteryScale(3, 0, ())),
    override(mastery_points=1e7),  # larger than what is reckoned in columns, for all policies alike
]


class TestRows:
    """The law: in columns and one by one are the same rows."""

    @given(
        class_histories() | histories() | exported_histories(),
        st.sampled_from([*POINTS, None]),
        st.integers(0, 40) | st.none(),
    )
    def test_columns_equal_one_by_one(
        self, history: list[dict[str, Any]], as_of: str | None, known_at: int | None
    ) -> None:
        """For any history at any time as known at any time, of all courses, of one outcome, under any policy."""
        at = {"as_of": as_of, "known_at": None if known_at is None else str(known_at)}
        with fresh_world() as world:
            world.take(*history[: len(history) // 2])
            world.take(*history[len(history) // 2 :])
            with world.opened() as (_, views), views.reading() as connection:
                known = list(tenants(connection))
            for tenant in known:
                with world.at(tenant=tenant, **at) as (_, connection, point):
                    for scope in (Scope(), Scope(course="200"), Scope(outcome="1"), Scope("200", None, "2")):
                        expected = in_full(one_by_one(connection, point, scope))
                        assert in_full(mastery_at(connection, point, scope)) == expected
                    for instead in WHAT_IFS:
                        expected = in_full(one_by_one(connection, point, Scope(), instead=instead))
                        assert in_full(mastery_at(connection, point, Scope(), override=instead)) == expected

    @given(class_histories())
    def test_policies_of_another_moment(self, history: list[dict[str, Any]]) -> None:
        """The results of the end under the policies of every instant, as `impact` asks."""
        with fresh_world() as world:
            world.take(*history)
            with world.at() as (_, connection, point):
                for moment in range(point.until - 3, point.until + 1):
                    policies = point._replace(as_of=moment, until=moment)
                    expected = in_full(one_by_one(connection, point, Scope(), policy_point=policies))
                    assert in_full(mastery_at(connection, point, Scope(), policy_point=policies)) == expected

    def test_an_ordinary_class_is_computed_in_columns(self, world: World) -> None:
        """All methods, ties, quizzes, rubrics, deleted and re-marked results: nothing of it is left to the slow way."""
        world.take(*ordinary_class(students=14))
        with world.at() as (_, connection, point):
            (block,) = blocks(connection, point, ["200"], None)
            policies = policies_of(PolicyBook(connection, point), block, None)
            scores = scores_of(block, policies, Assessments(connection, point, ()).handed_in)
            assert len(scores.is_odd) == 14 * 7
            assert not scores.is_odd.any()
            rows = list(mastery_at(connection, point, Scope(course="200")))
            assert in_full(rows) == in_full(one_by_one(connection, point, Scope(course="200")))
        assert {row.order for row in rows} == {"exact", "approximate"}
        assert sum(row.score is not None for row in rows) > 60

    @pytest.mark.parametrize(("method", "size"), METHODS)
    def test_quizzes_with_holes(self, world: World, method: str, size: int | None) -> None:
        """Rows without a quiz to belong to, without possible points, without a percent, with nothing possible."""
        holes: list[dict[str, Any]] = [
            {"artifact_id": None, "percent": 1 / 3},
            {"artifact_id": None, "percent": 5 / 7, "possible": 3},
            {"artifact_id": "91", "percent": 0.1},
            {"artifact_id": "91", "percent": 1.1, "possible": None},
            {"artifact_id": "91", "percent": 0.7, "possible": 2.5},
            {"artifact_id": "92", "percent": None, "score": 4},
            {"artifact_id": "92", "percent": 0.9},
            {"artifact_id": "93", "percent": 0.4, "possible": 0},
            {"artifact_id": "94", "percent": None, "score": 2, "possible": None},
            {"artifact_id": "94", "percent": 0.35},
            {"artifact_id": "95", "percent": 0.6},  # exactly at mastery
            {"artifact_id": "96", "percent": 0.0},
            {"artifact_id": "97", "percent": -0.0},
        ]
        world.take(make.outcome("7", "2025-01-01", calculation_method=method, calculation_int=size))
        for first in range(len(holes)):
            rows = [
                make.result(
                    str(100 * (first + 1) + place),
                    "2025-02-01",
                    student=f"student{first}",
                    artifact_type="Quizzes::QuizSubmission",
                    **hole,
                )
                for place, hole in enumerate([*holes[first:], *holes[:first]][: 1 + first])
            ]
            world.take(*rows)
        with world.at() as (_, connection, point):
            rows_in_columns = list(mastery_at(connection, point, Scope()))
            assert len(rows_in_columns) == len(holes)
            assert in_full(rows_in_columns) == in_full(one_by_one(connection, point, Scope()))

    def test_one_very_long_history_among_short_ones(self, world: World) -> None:
        """A student assessed five hundred times does not make all others wait, nor does the answer change."""
        often = [
            make.result(str(900 + number), "2025-03-01", outcome="3", score=number % 6, assessed_at="2025-02-01")
            for number in range(500)
        ]
        world.take(*ordinary_class(students=30), *often)
        with world.at() as (_, connection, point):
            expected = in_full(one_by_one(connection, point, Scope()))
            assert in_full(mastery_at(connection, point, Scope())) == expected

    @pytest.mark.parametrize("method", ["highest", "latest"])
    def test_new_quizzes_beside_rubrics(self, world: World, method: str) -> None:
        """A New Quiz of 4 counts unless an export tells of a rubric's result of its assignment; its time is exact."""
        of_rubric = {"course_id": "200", "user_uuid": "studentAda", "result_id": "11", "assignment_id": "80"}
        quiz = {"score": 4, "artifact_type": "NewQuiz", "artifact_id": "80"}
        world.take(
            make.outcome("7", "2025-01-01", calculation_method=method),
            make.result("10", "2025-02-02", **quiz),
            make.result("11", "2025-02-01", score=2),
            make.result("12", "2025-02-02", student="studentBo", **quiz),
            make.result("13", "2025-02-01", student="studentBo", score=2, artifact_type="LiveAssessments::Submission"),
        )
        with world.at() as (_, connection, point):
            assert in_full(mastery_at(connection, point, Scope())) == in_full(one_by_one(connection, point, Scope()))
        world.take(make.observed("result_detail", "2025-03-01", **of_rubric))
        with world.at() as (_, connection, point):
            rows = list(mastery_at(connection, point, Scope(course="200")))
            assert in_full(rows) == in_full(one_by_one(connection, point, Scope(course="200")))
        assert [(row.student, row.score, row.order) for row in rows] == [
            ("studentAda", 2.0, "exact"),
            ("studentBo", 4.0, "exact"),
        ]

    def test_a_class_is_followed_through_changes(self, world: World) -> None:
        """New results, re-markings, a new policy, a link removed: the columns equal the reference after each."""
        world.take(*ordinary_class(students=20))
        for more in (
            [],
            [make.result("5000", "2025-04-01", outcome="3", score=1, student=f"student{n:02d}") for n in range(3)],
            [make.result(str(6000 + n), "2025-05-01", outcome="4", student=f"student{n:02d}") for n in range(15)],
            [make.outcome("3", "2025-06-01", mastery=5, updated="2025-06-01", calculation_method="average")],
            [make.link("77", "2025-07-01", outcome="4", group="1", context="Course:200", workflow_state="deleted")],
        ):
            world.take(*more)
            with world.at() as (_, connection, point):
                expected = in_full(one_by_one(connection, point, Scope()))
                assert in_full(mastery_at(connection, point, Scope())) == expected

    @pytest.mark.parametrize("as_of", ["2013-12-01", "2013-12-03", None])
    def test_two_real_runs_of_a_course(self, world: World, shared: Callable[[str], Path], as_of: str | None) -> None:
        """Real results, before and after a change of policy and at the end."""
        world.take(*gzip.decompress(shared("data/oulad_aaa.jsonl.gz").read_bytes()).splitlines())
        with world.at(as_of=as_of) as (_, connection, point):
            rows = list(mastery_at(connection, point, Scope()))
            assert len(rows) > 300
            assert in_full(rows) == in_full(one_by_one(connection, point, Scope()))


def ordinary_class(students: int) -> Iterator[dict[str, Any]]:
    """Yield a class as a school has it: seven outcomes, one a method, four assessments of each student on each."""
    for number, (method, size) in enumerate(METHODS, 1):
        policy = {"calculation_method": method, "calculation_int": size}
        yield make.outcome(str(number), "2025-01-01", **policy)
        place = {"outcome": str(number), "group": "1", "context": "Course:200"}
        yield make.link(str(70 + number), "2025-01-02", **place)
    kinds = ["RubricAssessment", "Quizzes::QuizSubmission", "Quizzes::QuizSubmission", "LiveAssessments::Submission"]
    for place in range(students * len(METHODS) * 4):
        student, rest = divmod(place, len(METHODS) * 4)
        index, number = divmod(rest, len(METHODS))
        fields: dict[str, Any] = {
            "outcome": str(number + 1),
            "student": f"student{student:02d}",
            "score": (place * 7 % 23) / 4,
            "percent": (place * 7 % 23) / 19,
            "possible": 3 + place % 4,
            "artifact_type": kinds[(index + number) % 4],
            "artifact_id": str(9000 + student * 10 + index // 2),
            "assessed_at": f"2025-02-{1 + place % 3:02d}T08:00:00Z",
        }
        yield make.result(str(100 + place), f"2025-02-{1 + index * 7:02d}T08:00:00Z", **fields)
        if place % 11 == 0:
            gone = "deleted" if place % 2 else "active"
            changed = {**fields, "score": 4.4, "percent": 1 / 3, "workflow_state": gone}
            yield make.result(str(100 + place), "2025-03-03", updated="2025-03-03", **changed)
    for student in range(0, students, 2):
        yield make.rubric_assessed(str(9000 + student * 10), "2025-03-01", submitted="2025-01-20T08:00:00Z")


@given(st.lists(amounts, min_size=1))
def test_a_mean_is_its_exact_sum_divided(values: list[float]) -> None:
    """What the columns divide is what `mean` divides."""
    sums = exact_sums(*laid_out([values]))
    assert not sums.exact[0] or (sums.values / len(values)).tolist() == [mean(values)]
