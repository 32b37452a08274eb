"""The score of one student on one outcome."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes.domain.mastery import (
    QUIZ_SUBMISSION,
    Calculation,
    CalculationMethod,
    Exclusion,
    MasteryScale,
    Rollup,
    ScoredResult,
    rollup,
    round2,
    valued_results,
)

SECOND = 1_000_000
SCALE = MasteryScale(mastery_points=3.0, points_possible=5.0)
NOTHING = Rollup(score=None, unrounded=None, count=0, used=(), mastery=None, hide_points=None)


def calculation(method: str, number: int | None = None) -> Calculation:
    """Resolve a method with the new decaying average switched on."""
    return Calculation.of(method, number, new_decaying_average=True)


def one_a_day(*scores: float | None) -> list[ScoredResult]:
    """Raw scores assessed on following days, ids 1, 2, 3 and so on."""
    return [
        ScoredResult(str(day), score, assessed_at=day * 86_400 * SECOND) for day, score in enumerate(scores, start=1)
    ]


scores = st.floats(0, 10).map(lambda value: round(value, 3))
histories = st.lists(scores, min_size=1, max_size=10).map(lambda values: one_a_day(*values))
calculations = st.builds(
    Calculation.of,
    st.sampled_from(CalculationMethod),
    st.none() | st.integers(1, 99),
    new_decaying_average=st.booleans(),
)


class TestMethods:
    """The seven methods."""

    @pytest.mark.parametrize(
        ("method", "number", "history", "score"),
        [
            ("highest", None, (1.2, 3.6, 2.8), 3.6),
            ("latest", None, (1.2, 3.6, 2.8), 2.8),
            ("average", None, (2.5, 3.0, 4.25), 3.25),  # 9.75 / 3
            ("n_mastery", 2, (3.5, 2.0, 4.0, 1.0), 3.75),  # (3.5 + 4) / 2
            ("decaying_average", 60, (2.0, 3.0, 4.5), 3.7),  # 0.6 × 4.5 + 0.4 × 2.5
            ("weighted_average", 60, (2.0, 3.0, 4.5), 3.7),
            ("decaying_average", 25, (4.0, 1.0), 3.25),  # 0.25 × 1 + 0.75 × 4
            ("standard_decaying_average", 80, (1.0, 3.0, 5.0), 4.52),  # 0.2 × (0.2 × 1 + 0.8 × 3) + 0.8 × 5
            ("standard_decaying_average", 80, (1.0, 3.0), 2.6),
            ("standard_decaying_average", 80, (1.235,), 1.24),
            ("decaying_average", 60, (1.235,), 1.24),
        ],
    )
    def test_worked_by_hand(self, method: str, number: int, history: tuple[float, ...], score: float) -> None:
        """Each method gives the number that a person gets on paper."""
        assert rollup(one_a_day(*history), SCALE, calculation(method, number)).score == score

    def test_only_the_end_is_rounded(self) -> None:
        """1 + 2 + 2 over 3 is 1.6666…, and 65 % of it plus 35 % keeps every decimal until the end."""
        found = rollup(one_a_day(1.0, 2.0, 2.0, 4.0), SCALE, calculation("decaying_average", 35))
        assert found.unrounded == pytest.approx(0.35 * 4 + 0.65 * 5 / 3, abs=1e-12)
        assert found.score == 2.48  # 2.48333…

    def test_sums_do_not_lose_bits(self) -> None:
        """The mean of 2.61, 3.92, 4.05 and 4.52 is 3.775, which is 3.78."""
        assert rollup(one_a_day(2.61, 3.92, 4.05, 4.52), SCALE, calculation("average")).score == 3.78

    @given(histories)
    def test_highest_is_the_maximum(self, results: list[ScoredResult]) -> None:
        """No result is above the highest, and the highest is one of them."""
        values = [result.score for result in results if result.score is not None]
        assert rollup(results, SCALE, calculation("highest")).unrounded == max(values)

    @given(histories)
    def test_latest_is_the_last(self, results: list[ScoredResult]) -> None:
        """The latest score is the last in time."""
        found = rollup(results, SCALE, calculation("latest"))
        assert (found.unrounded, found.used) == (results[-1].score, (results[-1].id,))

    @given(histories, st.integers(1, 10))
    def test_n_mastery_needs_n(self, results: list[ScoredResult], n: int) -> None:
        """There is a score if and only if at least n results reach mastery, and it is at least mastery."""
        found = rollup(results, SCALE, calculation("n_mastery", n))
        at_mastery = [result.id for result in results if result.score is not None and result.score >= 3.0]
        if len(at_mastery) < n:
            assert (found.score, found.used) == (None, ())
        else:
            assert list(found.used) == at_mastery
            assert found.mastery

    @given(histories, st.integers(1, 99))
    def test_two_results_decay_alike(self, results: list[ScoredResult], weight: int) -> None:
        """With one or two results the running and the legacy decay are the same number."""
        few = results[:2]
        legacy = rollup(few, SCALE, calculation("decaying_average", max(weight, 50)))
        running = rollup(few, SCALE, calculation("standard_decaying_average", max(weight, 50)))
        assert legacy.unrounded == pytest.approx(running.unrounded, abs=1e-12)


class TestWhatCounts:
    """Results that enter the score."""

    def test_nothing_is_no_rollup(self) -> None:
        """No results, or none that counts: no score, nothing used, neither mastery nor its absence."""
        out = [ScoredResult("1", None), ScoredResult("2", 4.0, hidden=True)]
        assert rollup([], SCALE, calculation("average")) == NOTHING
        assert rollup(out, SCALE, calculation("average")) == NOTHING

    def test_zero_is_a_score(self) -> None:
        """A zero counts and is not mastery; it is not the same as no score."""
        found = rollup(one_a_day(0.0), SCALE, calculation("average"))
        assert (found.score, found.mastery, found.count) == (0.0, False, 1)

    def test_left_out_results_change_nothing(self) -> None:
        """Unscored, hidden, deleted and otherwise excluded results neither enter the score nor the count."""
        counted = one_a_day(2.0, 4.0)
        out = [
            ScoredResult("91", None),
            ScoredResult("92", 1.0, hidden=True),
            ScoredResult("93", 1.0, workflow_state="deleted"),
            ScoredResult("94", 1.0, excluded=Exclusion.ALIGNMENT_DELETED),
        ]
        average = calculation("average")
        assert rollup(counted + out, SCALE, average) == rollup(counted, SCALE, average)

    def test_hidden_results_can_be_asked_for(self) -> None:
        """With `include_hidden` a hidden result is one of the results."""
        results = [ScoredResult("1", 2.0), ScoredResult("2", 4.0, hidden=True)]
        found = rollup(results, SCALE, calculation("average"), include_hidden=True)
        assert (found.score, found.count) == (3.0, 2)
        assert len(valued_results(results, SCALE, calculation("average"))) == 1

    def test_a_quiz_without_value_is_no_part_of_the_score(self) -> None:
        """A quiz on which nothing was possible counts as a result and gives nothing to the score."""
        empty = ScoredResult("3", 1.0, 0.0, 1.0, assessed_at=10**15, artifact_type=QUIZ_SUBMISSION, artifact_id="5")
        found = rollup([*one_a_day(2.0, 4.0), empty], SCALE, calculation("latest"))
        assert (found.score, found.count, found.used) == (4.0, 3, ("2",))
        assert rollup([empty], SCALE, calculation("average")).score is None


class TestScale:
    """The scale in force."""

    def test_the_current_scale_applies_to_old_results(self) -> None:
        """60 % is 3.0 of 5; after the scale has shrunk to 4 the same result is 2.4."""
        results = [ScoredResult("1", 3.0, 5.0, 0.6)]
        assert rollup(results, SCALE, calculation("highest")).score == 3.0
        assert rollup(results, MasteryScale(3.0, 4.0), calculation("highest")).score == 2.4

    def test_mastery_points_stand_in_for_nothing_possible(self) -> None:
        """With 0 points possible a percent is taken of the mastery points."""
        assert rollup([ScoredResult("1", 1.0, 2.0, 0.5)], MasteryScale(3.0, 0.0), calculation("highest")).score == 1.5

    @pytest.mark.parametrize(("score", "mastery"), [(2.995, True), (2.994, False), (3.0, True)])
    def test_mastery_is_judged_on_the_rounded_score(self, score: float, *, mastery: bool) -> None:
        """2.995 is shown as 3 and counts as 3."""
        assert rollup(one_a_day(score), SCALE, calculation("highest")).mastery is mastery

    def test_n_mastery_judges_unrounded_values(self) -> None:
        """2.996 is not at mastery for n_mastery, although it would be shown as 3."""
        assert rollup(one_a_day(2.996), SCALE, calculation("n_mastery", 1)).score is None


class TestTies:
    """Results that are equal in time or value."""

    def test_the_higher_id_is_later(self) -> None:
        """Of two results of one second the one with the higher id, as a number, is the latest."""
        same = [ScoredResult("10", 1.0, assessed_at=SECOND), ScoredResult("9", 4.0, assessed_at=SECOND)]
        assert rollup(same, SCALE, calculation("latest")).used == ("10",)

    def test_the_first_of_equal_maxima_wins(self) -> None:
        """Of equal highest results the lower id is the one that is used, even when it is the later one."""
        same = [ScoredResult("7", 4.0, assessed_at=9 * SECOND), ScoredResult("8", 4.0, assessed_at=SECOND)]
        assert rollup(same, SCALE, calculation("highest")).used == ("7",)

    @given(histories, calculations, st.randoms(use_true_random=False))
    def test_arrival_order_never_matters(
        self, results: list[ScoredResult], method: Calculation, random: Random
    ) -> None:
        """The same results in any order make the same rollup."""
        shuffled = list(results)
        random.shuffle(shuffled)
        assert rollup(shuffled, SCALE, method) == rollup(results, SCALE, method)


class TestHidePoints:
    """Whether the points may be shown."""

    @pytest.mark.parametrize(
        ("method", "hides"), [("highest", True), ("latest", False), ("average", False), ("n_mastery", True)]
    )
    def test_every_used_result_has_to_hide(self, method: str, *, hides: bool) -> None:
        """Points are hidden when all results that make the score hide theirs; the others do not matter."""
        results = [
            ScoredResult("1", 4.0, assessed_at=SECOND, hide_points=True),
            ScoredResult("2", 2.0, assessed_at=2 * SECOND),
        ]
        assert rollup(results, SCALE, calculation(method, 1)).hide_points is hides


@given(histories, calculations)
def test_a_score_lies_between_its_results(results: list[ScoredResult], method: Calculation) -> None:
    """No method leaves the range of the values, and the score is the rounded unrounded one."""
    found = rollup(results, SCALE, method)
    values = [result.score for result in results if result.score is not None]
    assert found.count == len(values)
    if found.unrounded is not None:
        assert min(values) - 1e-9 <= found.unrounded <= max(values) + 1e-9
        assert found.score == round2(found.unrounded)
