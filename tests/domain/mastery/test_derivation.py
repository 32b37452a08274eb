"""Why a score is what it is."""

import math
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes.domain.mastery import (
    QUIZ_SUBMISSION,
    Calculation,
    CalculationMethod,
    MasteryScale,
    Rating,
    ScoredResult,
    explain,
    rollup,
)
from outcomes.domain.mastery.derivation import number

SECOND = 1_000_000
SCALE = MasteryScale(mastery_points=3.0, points_possible=5.0)


def calculation(method: str, number: int | None = None) -> Calculation:
    """Resolve a method with the new decaying average switched on."""
    return Calculation.of(method, number, new_decaying_average=True)


def raw(*scores: float | None) -> list[ScoredResult]:
    """Raw scores one second apart, ids 1, 2, 3 and so on."""
    return [ScoredResult(str(n), score, assessed_at=n * SECOND) for n, score in enumerate(scores, start=1)]


@st.composite
def any_results(draw: st.DrawFn) -> list[ScoredResult]:
    """Rubric and quiz rows, scored or not, counted or not, with ties in time."""
    return [
        ScoredResult(
            str(row_id),
            draw(st.none() | st.floats(0, 10)),
            draw(st.none() | st.floats(0, 10)),
            draw(st.none() | st.floats(0, 1.5)),
            assessed_at=draw(st.integers(0, 5)) * SECOND,
            artifact_type=draw(st.sampled_from([QUIZ_SUBMISSION, "RubricAssessment"])),
            artifact_id=draw(st.sampled_from(["1", "2"])),
            workflow_state=draw(st.sampled_from(["active", "active", "deleted"])),
            hidden=draw(st.booleans()),
        )
        for row_id in range(draw(st.integers(0, 8)))
    ]


calculations = st.builds(
    Calculation.of,
    st.sampled_from(CalculationMethod),
    st.none() | st.integers(1, 99),
    new_decaying_average=st.booleans(),
)


class TestSteps:
    """The arithmetic, line by line."""

    def test_legacy_decaying_average(self) -> None:
        """The mean of the others, the two weights, the rounding and the verdict each have their place."""
        steps = explain(raw(2.0, 3.0, 4.25), SCALE, calculation("decaying_average", 65)).steps
        assert steps[-3:] == (
            "mean of the others: (2 + 3) / 2 = 2.5",
            "0.65 × 4.25 + 0.35 × 2.5 = 3.6375 → 3.64",
            "3.64 ≥ 3 mastery points: mastery",
        )

    def test_running_decay(self) -> None:
        """Each result has its own line, which begins where the line before ended."""
        steps = explain(raw(1.0, 2.125, 4.0), SCALE, calculation("standard_decaying_average", 65)).steps
        assert steps[-3:] == (
            "0.35 × 1 + 0.65 × 2.125 = 1.73125",
            "0.35 × 1.73125 + 0.65 × 4 = 3.2059375 → 3.21",
            "3.21 ≥ 3 mastery points: mastery",
        )

    def test_two_results_need_no_mean(self) -> None:
        """With a single other result there is no mean of the others to show."""
        steps = explain(raw(4.0, 1.0), SCALE, calculation("decaying_average", 25)).steps
        assert steps[-2:] == ("0.25 × 1 + 0.75 × 4 = 3.25", "3.25 ≥ 3 mastery points: mastery")
        assert len(steps) == 4

    @pytest.mark.parametrize("method", ["decaying_average", "standard_decaying_average"])
    def test_one_result_does_not_decay(self, method: str) -> None:
        """A single result is its own average."""
        steps = explain(raw(2.125), SCALE, calculation(method)).steps
        assert steps[-2:] == ("the only result = 2.125 → 2.13", "2.13 < 3 mastery points: not mastery")

    @pytest.mark.parametrize(
        ("method", "line"),
        [
            ("highest", "highest of 4, 2, 1 = 4"),
            ("latest", "latest of 4, 2, 1 = 1"),
            ("average", "(4 + 2 + 1) / 3 = 2.333333… → 2.33"),
        ],
    )
    def test_the_short_methods(self, method: str, line: str) -> None:
        """Methods without weights take one line."""
        assert explain(raw(4.0, 2.0, 1.0), SCALE, calculation(method)).steps[-2] == line

    def test_n_mastery_reached(self) -> None:
        """How many results reach mastery, how many are needed, and the mean of those that do."""
        steps = explain(raw(3.0, 2.0, 4.0), SCALE, calculation("n_mastery", 2)).steps
        assert steps[-3:-1] == ("2 of 3 results reach 3 mastery points, 2 needed", "(3 + 4) / 2 = 3.5")

    def test_n_mastery_not_reached(self) -> None:
        """Too few results at mastery is no score, and there is no verdict after it."""
        steps = explain(raw(3.5, 2.0), SCALE, calculation("n_mastery", 2)).steps
        assert steps[-1] == "1 of 2 results reach 3 mastery points, 2 needed: no score"

    def test_where_values_come_from(self) -> None:
        """A percent shows its multiplication, a raw score says so, a quiz shows its weighted mean once."""
        results = [
            ScoredResult("1", 30.0, 50.0, 0.6, assessed_at=SECOND),
            ScoredResult("2", 4.0, assessed_at=2 * SECOND),
            ScoredResult("3", 1.0, 1.0, 1.0, None, 3 * SECOND, QUIZ_SUBMISSION, "31"),
            ScoredResult("4", 1.0, 3.0, 0.5, None, 3 * SECOND, QUIZ_SUBMISSION, "31"),
            ScoredResult("5", 1.0, None, 0.5, None, 3 * SECOND, QUIZ_SUBMISSION, "31"),
        ]
        assert explain(results, SCALE, calculation("average")).steps[:3] == (
            "result 1: 0.6 × 5 = 3",
            "result 2: 4 points as given, it has no percent",
            "quiz 31 (results 3, 4 and 5): (1 × 1 + 3 × 0.5) / 4 × 5 = 3.125",
        )
        assert explain(results, SCALE, calculation("highest")).steps[2:4] == (
            "result 3: 1 × 5 = 5",
            "result 4: 0.5 × 5 = 2.5",
        )

    def test_nothing_possible_is_said(self) -> None:
        """When percents are taken of the mastery points instead, the first line says so."""
        steps = explain([ScoredResult("1", 1.0, 2.0, 0.5)], MasteryScale(3.0, 0.0), calculation("latest")).steps
        assert steps[:2] == (
            "nothing is possible on this scale: percents are taken of its 3 mastery points",
            "result 1: 0.5 × 3 = 1.5",
        )
        small = explain([ScoredResult("1", 1.0, 2.0, 0.5)], MasteryScale(0.6, 1.0), calculation("latest")).steps
        assert small[0] == "result 1: 0.5 × 1 = 0.5"

    def test_no_score_is_said(self) -> None:
        """Without results, and without values, there is one plain sentence."""
        empty = ScoredResult("3", 1.0, 0.0, 1.0, artifact_type=QUIZ_SUBMISSION, artifact_id="31")
        assert explain([], SCALE, calculation("highest")).steps == ("no result counts: no score",)
        assert explain([empty], SCALE, calculation("average")).steps == (
            "quiz 31 (result 3): no value",
            "no result has a value: no score",
        )

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (3.0, "3"),
            (0.1 + 0.2, "0.3"),
            (2 / 3, "0.666666…"),
            (1e6 + 1 / 3, "1000000.333333…"),
            (3.2059375, "3.2059375"),
            (100.0, "100"),
            (0.0, "0"),
        ],
    )
    def test_numbers_are_short(self, value: float, text: str) -> None:
        """Numbers carry no idle zeros and no noise of binary storage; a dropped tail is marked, no digit made up."""
        assert number(value) == text

    @pytest.mark.parametrize(
        ("results", "scale", "method", "line"),
        [
            # Shares of 10 and of 5 points as Canvas stores them: 8.835 and 0.215 to the eye, just below in 64 bits.
            (
                [(0.8835, 10.0)],
                MasteryScale(7, 10),
                "highest",
                "8.834999999999999 = 8.83499999… rounds to 8.83",
            ),
            ([(0.043, 5.0)], SCALE, "latest", "0.21499999999999997 = 0.21499999… rounds to 0.21"),
        ],
    )
    def test_a_near_miss_of_a_half_is_said(
        self, results: list[tuple[float, float]], scale: MasteryScale, method: str, line: str
    ) -> None:
        """Where the float lies just under a half, all digits are there, and the sentence names the half."""
        rows = [ScoredResult("1", percent * possible, possible, percent) for percent, possible in results]
        steps = explain(rows, scale, calculation(method)).steps
        assert steps[-2].startswith(f"{method} of {line}")
        assert "just under" in steps[-2]

    def test_a_half_that_is_reached_rounds_up_without_a_word(self) -> None:
        """1.005 is below the half in binary, and Canvas rounds it up all the same (Float#round)."""
        assert explain(raw(1.005), SCALE, calculation("latest")).steps[-2] == "latest of 1.005 = 1.005 → 1.01"

    @given(any_results(), calculations)
    def test_every_rounding_can_be_followed(self, results: list[ScoredResult], method: Calculation) -> None:
        """What stands before `→`, rounded as one learns at school, is what stands behind it."""
        for step in explain(results, SCALE, method).steps:
            before, arrow, after = step.rpartition(" → ")
            if arrow:
                shown = Decimal(before.rpartition("= ")[2].removesuffix("…"))
                assert shown.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP) == Decimal(after)

    def test_numbers_that_differ_look_different(self) -> None:
        """A value a hair below the mastery points is not called 3 where they are 3."""
        near = math.nextafter(3.0, 0.0)
        found = explain(raw(near, 4.0), SCALE, calculation("n_mastery", 2)).contributions
        assert found[0].why_not == "2.9999999999999996 is below 3 mastery points"
        scale = MasteryScale(math.nextafter(3.0, 4.0), 5.0)
        assert explain(raw(3.0), scale, calculation("latest")).steps[-1].startswith("3 < 3.0000000000000004 mastery")

    def test_a_level_that_is_drawn_otherwise_is_said(self) -> None:
        """3.5 is mastery from 3 on; the newer gradebook goes by the rating of 2 points, and draws it as near."""
        scale = MasteryScale(3.0, 5.0, (Rating("Top", 5.0), Rating("On the way", 2.0), Rating("Not yet", 0.0)))
        steps = explain(raw(3.5), scale, calculation("latest")).steps
        assert steps[-2] == "3.5 ≥ 3 mastery points: mastery"
        assert steps[-1] == (
            "the newer gradebook draws it as near mastery: it goes by the 2 points of the rating 'On the way', "
            "not by the score"
        )
        assert "draws" not in explain(raw(5.0), scale, calculation("latest")).steps[-1]


class TestWhyNot:
    """Results that gave nothing."""

    def test_left_out_results_say_why(self) -> None:
        """Results that do not count stay in the list, in their place in time, each with its reason."""
        results = [
            ScoredResult("3", 4.0, assessed_at=3 * SECOND),
            ScoredResult("2", None, assessed_at=2 * SECOND),
            ScoredResult("1", 5.0, assessed_at=SECOND, workflow_state="deleted"),
        ]
        found = explain(results, SCALE, calculation("average")).contributions
        assert [(c.id, c.value, c.weight, c.used, c.why_not) for c in found] == [
            ("1", None, 0.0, False, "the result is deleted"),
            ("2", None, 0.0, False, "the result has no score"),
            ("3", 4.0, 1.0, True, None),
        ]

    @pytest.mark.parametrize(
        ("method", "reasons"),
        [
            ("highest", ["result:2 is higher", None, "equal to result:2, which has the lower id"]),
            ("latest", ["result:3 is later", "result:3 is later", None]),
            ("average", [None, None, None]),
            (
                "n_mastery",
                ["2 is below 3 mastery points"] + 2 * ["only 2 of the 3 results needed reach mastery"],
            ),
        ],
    )
    def test_unused_results_say_why(self, method: str, reasons: list[str | None]) -> None:
        """A result that counts and is not used names what stands in its way."""
        found = explain(raw(2.0, 4.0, 4.0), SCALE, calculation(method, 3)).contributions
        assert [contribution.why_not for contribution in found] == reasons

    def test_a_result_exactly_at_mastery_lacks_only_company(self) -> None:
        """A result at the mastery points is not called below them, and is one of those that reach them."""
        found = explain(raw(3.0, 1.0), SCALE, calculation("n_mastery", 2)).contributions
        assert found[0].why_not == "only 1 of the 2 results needed reach mastery"

    def test_a_quiz_without_value_says_why(self) -> None:
        """A row of a quiz on which nothing was possible is not used, because it has no value."""
        empty = ScoredResult("3", 1.0, 0.0, 1.0, artifact_type=QUIZ_SUBMISSION, artifact_id="31")
        found = explain([empty, *raw(2.0)], SCALE, calculation("average")).contributions
        assert found[0].why_not == "its quiz has no value: nothing was possible, or a row lacks its percent"


class TestWeights:
    """Shares in the score."""

    @pytest.mark.parametrize(
        ("method", "number", "weights"),
        [
            ("average", None, [0.25, 0.25, 0.25, 0.25]),
            ("decaying_average", 70, [0.1, 0.1, 0.1, 0.7]),
            ("standard_decaying_average", 80, [0.008, 0.032, 0.16, 0.8]),
            ("highest", None, [0.0, 0.0, 1.0, 0.0]),
            ("latest", None, [0.0, 0.0, 0.0, 1.0]),
            ("n_mastery", 2, [0.0, 0.5, 0.5, 0.0]),
        ],
    )
    def test_worked_by_hand(self, method: str, number: int, weights: list[float]) -> None:
        """Each method shares the score out as a person would."""
        found = explain(raw(1.0, 3.0, 5.0, 2.0), SCALE, calculation(method, number)).contributions
        assert [contribution.weight for contribution in found] == pytest.approx(weights, abs=1e-12)

    @given(any_results(), calculations)
    def test_weights_rebuild_the_score(self, results: list[ScoredResult], method: Calculation) -> None:
        """The weights sum to 1 over the used results, and with the values give the unrounded score."""
        found = explain(results, SCALE, method)
        assert found.rollup == rollup(results, SCALE, method)
        used = [c for c in found.contributions if c.used]
        assert sorted(c.id for c in used) == sorted(found.rollup.used)
        if found.rollup.unrounded is None:
            assert not used
            return
        assert math.fsum(c.weight for c in used) == pytest.approx(1.0, abs=1e-12)
        total = math.fsum(c.weight * c.value for c in used if c.value is not None)
        assert total == pytest.approx(found.rollup.unrounded, abs=1e-9)

    @given(any_results(), calculations)
    def test_every_result_is_accounted_for(self, results: list[ScoredResult], method: Calculation) -> None:
        """Each result appears once, and is either used or says why not."""
        found = explain(results, SCALE, method)
        assert sorted(c.id for c in found.contributions) == sorted(r.id for r in results)
        assert all(c.used == (c.why_not is None) == (c.weight > 0) for c in found.contributions)
        assert found.steps

    @given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=5), calculations)
    def test_absurd_scores_do_not_stop_it(self, scores: list[float], method: Calculation) -> None:
        """Scores of any size, which no course has, still come to some answer."""
        assert explain(raw(*scores), SCALE, method).rollup.count == len(scores)
