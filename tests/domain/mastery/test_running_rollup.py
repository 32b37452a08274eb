"""A rollup kept as results come and go: at every step what the rollup of all of them says."""

from hypothesis import given
from hypothesis import strategies as st

from outcomes.domain.mastery import QUIZ_SUBMISSION, Calculation, CalculationMethod, MasteryScale, ScoredResult, rollup
from outcomes.domain.mastery.running_rollup import NOT_ASSESSED, RunningRollup

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


def test_without_a_policy_nothing_is_assessed() -> None:
    """Where no event has told the scale, there is no score, and no failure."""
    assert RunningRollup(None, None, [ScoredResult("1", 4.0)]).standing() == NOT_ASSESSED
