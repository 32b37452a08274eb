"""What Canvas stores with a result: percent, mastery flag, original values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes.domain.mastery import (
    MasteryScale,
    new_quizzes_percent,
    new_quizzes_result_mastery,
    original_at_save,
    percent_at_save,
    quiz_result_mastery,
    rubric_result_mastery,
)

THREE_OF_FOUR = MasteryScale(3.0, 4.0)


class TestPercentAtSave:
    """The stored percent."""

    def test_without_alignment_mastery_it_is_the_quotient(self) -> None:
        """7 of 12 is not rounded when nothing is rescaled."""
        assert percent_at_save(7.0, 12.0, alignment_mastery=None, criterion=THREE_OF_FOUR) == 7.0 / 12.0

    def test_equal_shares_are_not_rescaled(self) -> None:
        """An assessment with the scale's own mastery share keeps its quotient, unrounded."""
        assert percent_at_save(1.0, 3.0, alignment_mastery=0.75, criterion=THREE_OF_FOUR) == 1.0 / 3.0

    @pytest.mark.parametrize(
        ("score", "percent"),
        [
            (0.0, 0.0),
            (2.5, 0.375),  # half way to the assessment's 50 % is half way to the scale's 75 %
            (5.0, 0.75),  # mastery meets mastery
            (8.0, 0.9),  # 60 % of the way above 50 % is 60 % of the way above 75 %
            (10.0, 1.0),
            (12.0, 1.1),  # extra credit goes on along the upper line
        ],
    )
    def test_two_lines_meet_at_mastery(self, score: float, percent: float) -> None:
        """Mastery at half of the assessment is carried onto mastery at three quarters of the scale."""
        assert percent_at_save(score, 10.0, alignment_mastery=0.5, criterion=THREE_OF_FOUR) == percent

    def test_small_assessments_are_no_exception(self) -> None:
        """8 tenths of a single point lie where 8 of 10 points do."""
        assert percent_at_save(0.8, 1.0, alignment_mastery=0.5, criterion=THREE_OF_FOUR) == 0.9

    def test_when_mastery_is_everything_there_is_one_line(self) -> None:
        """With mastery at 100 % of the assessment extra credit goes on along the only line: 1.2 of 0.75."""
        assert percent_at_save(12.0, 10.0, alignment_mastery=1.0, criterion=THREE_OF_FOUR) == 0.9

    @pytest.mark.parametrize(
        ("alignment_mastery", "criterion"),
        [(0.0, THREE_OF_FOUR), (0.5, MasteryScale(0.0, 4.0)), (0.5, MasteryScale(3.0, 0.0))],
    )
    def test_nothing_to_rescale_by(self, alignment_mastery: float, criterion: MasteryScale) -> None:
        """Where a share of mastery is 0 or cannot be known the percent is the plain quotient."""
        assert percent_at_save(2.0, 3.0, alignment_mastery=alignment_mastery, criterion=criterion) == 2.0 / 3.0

    def test_two_of_three_right(self) -> None:
        """2 of 3 with bank mastery 50 % on a 0.6 of 1 outcome: 0.6 + 0.4 × (2/3 - 1/2) / (1/2) is 0.7333."""
        found = percent_at_save(2.0, 3.0, alignment_mastery=0.5, criterion=MasteryScale(0.6, 1.0))
        assert found == 0.7333

    def test_the_account_scale_replaces_the_criterion(self) -> None:
        """With account scales on, mastery of the resolved scale (3 of 5) is what 50 % is carried onto."""
        found = percent_at_save(
            5.0, 10.0, alignment_mastery=0.5, criterion=THREE_OF_FOUR, account_scale=MasteryScale(3.0, 5.0)
        )
        assert found == 0.6

    @pytest.mark.parametrize(
        ("criterion", "account_scale", "percent"),
        [
            (THREE_OF_FOUR, None, 2.0),  # 6 of 3 mastery points
            (THREE_OF_FOUR, MasteryScale(3.0, 5.0), 1.2),  # 6 of 5 points
            (THREE_OF_FOUR, MasteryScale(3.0, 0.0), 2.0),
            (MasteryScale(0.5, 4.0), None, 12.0),
            (THREE_OF_FOUR, MasteryScale(0.6, 1.0), 6.0),
            (MasteryScale(0.0, 4.0), None, None),
        ],
    )
    def test_without_possible_points_the_scale_stands_in(
        self, criterion: MasteryScale, account_scale: MasteryScale | None, percent: float | None
    ) -> None:
        """The account scale's points, else the outcome's mastery points, else no percent."""
        for possible in (None, 0.0):
            assert (
                percent_at_save(6.0, possible, alignment_mastery=None, criterion=criterion, account_scale=account_scale)
                == percent
            )

    def test_no_score_and_no_finite_answer_are_no_percent(self) -> None:
        """A blank score has no percent, and neither has one that would be divided by 0."""
        assert percent_at_save(None, 5.0, alignment_mastery=None, criterion=THREE_OF_FOUR) is None
        assert percent_at_save(5.0, 0.0, alignment_mastery=0.5, criterion=THREE_OF_FOUR) is None
        assert percent_at_save(1e300, 1e-300, alignment_mastery=None, criterion=THREE_OF_FOUR) is None

    @given(
        st.floats(0, 20),
        st.floats(0.05, 0.95),
        st.floats(0.05, 0.95),
    )
    def test_mastery_is_kept(self, score: float, assessment_share: float, scale_share: float) -> None:
        """Clearly above the assessment's mastery lands above the scale's, clearly below lands below."""
        found = percent_at_save(
            score, 10.0, alignment_mastery=assessment_share, criterion=MasteryScale(scale_share * 4, 4.0)
        )
        assert found is not None
        if score > 10 * assessment_share + 0.01:
            assert found >= scale_share - 0.0001
        if score < 10 * assessment_share - 0.01:
            assert found <= scale_share + 0.0001


class TestNewQuizzes:
    """Rows of the Outcomes Service."""

    @pytest.mark.parametrize(
        ("score", "possible", "percent"), [(2.0, 3.0, 0.6667), (5.0, 0.0, 0.0), (6.0, 5.0, 1.2), (0.5, 1.0, 0.5)]
    )
    def test_percent_is_the_rounded_quotient(self, score: float, possible: float, percent: float) -> None:
        """Four decimals, never rescaled, 0 when nothing is possible."""
        assert new_quizzes_percent(score, possible) == percent

    def test_both_shares_are_rounded_before_they_meet(self) -> None:
        """0.6667 reaches a mastery share of 2 of 3, because that is rounded to 0.6667 too."""
        scale = MasteryScale(2.0, 3.0)
        assert new_quizzes_result_mastery(0.6667, scale) is True
        assert new_quizzes_result_mastery(0.6666, scale) is False
        assert new_quizzes_result_mastery(None, scale) is None


class TestFlags:
    """The stored mastery flag and original values."""

    @pytest.mark.parametrize(
        ("score", "possible", "needed", "flag"),
        [
            (3.0, 5.0, 3.0, True),
            (2.9, 5.0, 3.0, False),
            (3.0, 5.0, None, False),
            (5.0, 5.0, None, True),
            (None, 5.0, 3.0, None),
            (3.0, None, None, None),
        ],
    )
    def test_rubric(self, score: float, possible: float, needed: float, *, flag: bool | None) -> None:
        """The raw score has to reach the row's mastery points, else all of its points."""
        assert rubric_result_mastery(score, possible, needed) is flag

    @pytest.mark.parametrize(
        ("percent", "share", "flag"),
        [(0.7, 0.7, True), (0.69, 0.7, False), (None, 0.7, None), (0.7, None, None)],
    )
    def test_quiz(self, percent: float | None, share: float | None, *, flag: bool | None) -> None:
        """The percent has to reach the alignment's mastery share; without one nobody judged."""
        assert quiz_result_mastery(percent, share) is flag

    def test_original_values_stay(self) -> None:
        """The first saved value stays, also when it is 0 or False; before it there is none."""
        assert original_at_save(None, 2.0) == 2.0
        assert original_at_save(0.0, 2.0) == 0.0
        assert original_at_save(stored=False, saved=True) is False
