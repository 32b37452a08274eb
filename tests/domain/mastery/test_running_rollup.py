"""A rollup kept as results come and go: at every step what the rollup of all of them says."""

from functools import partial
from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes.domain.mastery import QUIZ_SUBMISSION, Calculation, CalculationMethod, MasteryScale, ScoredResult, rollup
from outcomes.domain.mastery.running_rollup import NOT_ASSESSED, RunningRollup, Standing
from tests.support.work import calls_of

SCALE = MasteryScale(mastery_points=3.0, points_possible=5.0)
_results = st.builds(
    ScoredResult,
    st.sampled_from(["9", "10", "11", "x"]),
    st.none() | st.sampled_from([0.0, 1.5, 3.0, 4.25]),
    st.none() | st.sampled_from([5.0, 0.0]),
    st.none() | st.sampled_from([0.2, 0.6, 1.1]),
    st.none() | st.sampled_from([1_000_000, 1_500_000, 9_000_000]),
    st.sampled_from([1_200_000, 2_000_000]),
    st.sampled_from(["RubricAssessment", QUIZ_SUBMISSION]),
    st.sampled_from(["71", "72"]),
    workflow_state=st.sampled_from(["active", "active", "deleted"]),
)
_calculations = st.builds(
    Calculation.of,
    st.sampled_from(CalculationMethod),
    st.none() | st.integers(1, 99),
    new_decaying_average=st.booleans(),
)
_awkward = st.sampled_from([1 / 3, 0.1, 0.0, -0.0, 5e-324, 1e16, 1.7e308, -1.7e308, 3.0]) | st.floats(-1e6, 1e6)


@given(_calculations, st.lists(_results, max_size=12))
def test_at_every_step_it_says_what_the_rollup_of_all_says(
    calculation: Calculation, arrivals: list[ScoredResult]
) -> None:
    """Results come, change their score, state and time, and go; ties and quizzes of several rows among them."""
    running, known = RunningRollup(SCALE, calculation), {}
    for result in arrivals:
        known[result.id] = result
        running.put(result)
        whole = rollup(known.values(), SCALE, calculation)
        assert running.standing() == (whole.score, whole.mastery)


@given(_calculations, st.lists(st.tuples(st.sampled_from(["1", "2", "3", "10"]), _awkward | st.none()), max_size=30))
def test_no_digit_is_lost_on_the_way(calculation: Calculation, changes: list[tuple[str, float | None]]) -> None:
    """Tiny beside huge, thirds, zeros of both signs, sums beyond the floats: what went leaves nothing behind."""
    running, known = RunningRollup(SCALE, calculation), {}
    for second, (name, score) in enumerate(changes):
        if score is None:
            known.pop(name, None)
            running.drop(name)
        else:
            known[name] = ScoredResult(name, score, assessed_at=second * 1_000_000)
            running.put(known[name])
        whole = rollup(known.values(), SCALE, calculation)
        is_told = whole.score is not None and isfinite(whole.score)
        assert running.standing() == (Standing(whole.score, whole.mastery) if is_told else NOT_ASSESSED)


_scales = st.builds(MasteryScale, st.sampled_from([0.0, 2.0, 3.0, 5.0]), st.sampled_from([0.0, 4.0, 5.0]))


@given(_calculations, st.lists(_results, max_size=8), st.lists(_scales, min_size=1, max_size=4))
def test_a_scale_that_it_can_follow_gives_what_the_rollup_gives(
    calculation: Calculation, results: list[ScoredResult], scales: list[MasteryScale]
) -> None:
    """Where another scale leaves the values as they are, only from where on they are mastery differs."""
    running, known = RunningRollup(SCALE, calculation, results), {result.id: result for result in results}
    for scale in scales:
        if running.follow(scale):
            whole = rollup(known.values(), scale, calculation)
            assert running.standing() == (whole.score, whole.mastery)


@pytest.mark.parametrize("method", list(CalculationMethod))
def test_a_score_takes_as_long_after_four_hundred_results_as_after_a_hundred(method: CalculationMethod) -> None:
    """Counted in calls, which nothing else on the machine changes: results come one after the other."""
    calculation = Calculation.of(method, 65, new_decaying_average=True)
    few, many = (calls_of(partial(_scores_one_by_one, calculation, size)) for size in (100, 400))
    assert many < 5 * few


def _scores_one_by_one(calculation: Calculation, size: int) -> None:
    running = RunningRollup(SCALE, calculation)
    for number in range(size):
        running.put(ScoredResult(str(number), number % 5, assessed_at=number * 1_000_000))
        running.standing()
