"""One result: whether it counts, when it happened, what it is worth."""

from itertools import permutations

import pytest

from outcomes.domain.mastery import (
    QUIZ_SUBMISSION,
    Exclusion,
    ScoredResult,
    exclusion_of,
    in_time_order,
    quiz_gaps,
    quiz_value,
)
from outcomes.domain.mastery.results import by_id, values_of

SECOND = 1_000_000


def quiz_row(row_id: str, possible: float | None, percent: float | None, quiz: str = "31") -> ScoredResult:
    """One question group of a classic quiz."""
    return ScoredResult(row_id, 1.0, possible, percent, artifact_type=QUIZ_SUBMISSION, artifact_id=quiz)


class TestExclusion:
    """Whether a result counts."""

    @pytest.mark.parametrize(
        ("result", "reason"),
        [
            (ScoredResult("1", 0.0), None),
            (ScoredResult("1", None), Exclusion.NO_SCORE),
            (ScoredResult("1", None, percent=0.5), Exclusion.NO_SCORE),
            (ScoredResult("1", 3.0, workflow_state="deleted"), Exclusion.DELETED),
            (ScoredResult("1", 3.0, hidden=True), Exclusion.HIDDEN),
            (ScoredResult("1", 3.0, excluded=Exclusion.UNPOSTED), Exclusion.UNPOSTED),
            (ScoredResult("1", None, workflow_state="deleted", hidden=True), Exclusion.DELETED),
        ],
    )
    def test_says_why(self, result: ScoredResult, reason: Exclusion | None) -> None:
        """A score of 0 counts; a cleared mark with its percent, a deleted, hidden or excluded result say why not."""
        assert exclusion_of(result) is reason

    def test_hidden_results_can_be_asked_for(self) -> None:
        """With `include_hidden` a hidden result counts; a hidden one without score still does not."""
        assert exclusion_of(ScoredResult("1", 3.0, hidden=True), include_hidden=True) is None
        assert exclusion_of(ScoredResult("1", None, hidden=True), include_hidden=True) is Exclusion.NO_SCORE


class TestOrder:
    """The order of results."""

    def test_submission_time_wins_over_assessment_time(self) -> None:
        """A late-graded early submission stays early; without either time a result is the oldest."""
        early = ScoredResult("1", 1.0, submitted_at=10 * SECOND, assessed_at=90 * SECOND)
        late = ScoredResult("2", 1.0, assessed_at=50 * SECOND)
        timeless = ScoredResult("3", 1.0)
        assert in_time_order([late, early, timeless]) == [timeless, early, late]

    def test_only_whole_seconds_count(self) -> None:
        """Two results in one second are a tie, whatever their fractions, and the higher id is later."""
        results = [
            ScoredResult("9", 1.0, assessed_at=5 * SECOND + 900_000),
            ScoredResult("10", 1.0, assessed_at=5 * SECOND + 100_000),
            ScoredResult("11", 1.0, assessed_at=6 * SECOND),
        ]
        for shuffled in permutations(results):
            assert in_time_order(shuffled) == results

    def test_ids_are_numbers(self) -> None:
        """Id 9 comes before id 10, and both before 100."""
        ids = ["100", "9", "10"]
        assert sorted(ids, key=lambda row_id: by_id(ScoredResult(row_id, 1.0))) == ["9", "10", "100"]


class TestValue:
    """Results in points of the scale."""

    def test_percent_wins_over_the_raw_score(self) -> None:
        """Half of a scale of 8 is 4, whatever the raw score; without percent the raw score stands."""
        results = [
            ScoredResult("1", 30.0, 60.0, 0.5),
            ScoredResult("2", 11.0, 12.0),
            ScoredResult("3", 7.0, 5.0, 1.25),
            ScoredResult("4", 0.0, 5.0, 0.0),
        ]
        assert values_of(results, 8.0, join_quiz_rows=True) == [4.0, 11.0, 10.0, 0.0]

    def test_rows_of_a_quiz_share_its_value(self) -> None:
        """1 point at 100 % and 3 points at 50 % are 62.5 % of the quiz, 2.5 of 4; another quiz is apart."""
        results = [
            quiz_row("1", 1.0, 1.0),
            ScoredResult("2", 3.0),
            quiz_row("3", 3.0, 0.5),
            quiz_row("4", 2.0, 0.25, quiz="32"),
        ]
        assert values_of(results, 4.0, join_quiz_rows=True) == [2.5, 3.0, 2.5, 1.0]
        assert values_of(results, 4.0, join_quiz_rows=False) == [4.0, 3.0, 2.0, 1.0]

    def test_association_groups_before_artifact(self) -> None:
        """Rows of one association are one quiz even when their artifacts differ."""
        rows = [
            quiz_row("1", 1.0, 1.0, quiz="31")._replace(association="Quizzes::Quiz:5"),
            quiz_row("2", 1.0, 0.0, quiz="32")._replace(association="Quizzes::Quiz:5"),
        ]
        assert values_of(rows, 4.0, join_quiz_rows=True) == [2.0, 2.0]

    def test_a_row_that_names_no_quiz_is_alone(self) -> None:
        """Rows with neither association nor artifact are not thrown together."""
        rows = [
            quiz_row(row_id, 1.0, percent)._replace(artifact_id=None) for row_id, percent in (("1", 1.0), ("2", 0.5))
        ]
        assert values_of(rows, 4.0, join_quiz_rows=True) == [4.0, 2.0]


class TestQuizValue:
    """The value of one classic quiz."""

    def test_skips_rows_without_points(self) -> None:
        """A row without possible points says nothing of the quiz, with or without a percent."""
        assert quiz_value([quiz_row("1", None, 0.1), quiz_row("2", 2.0, 0.75), quiz_row("3", None, None)], 4.0) == 3.0

    @pytest.mark.parametrize("rows", [[], [quiz_row("1", 0.0, 1.0)], [quiz_row("1", None, 1.0)]])
    def test_nothing_possible_is_no_value(self, rows: list[ScoredResult]) -> None:
        """A quiz on which nothing was possible has no value, which is not 0."""
        assert quiz_value(rows, 4.0) is None

    def test_a_missing_percent_is_no_value(self) -> None:
        """Canvas fails on a quiz row with points and no percent; here the quiz has no value."""
        assert quiz_value([quiz_row("1", 1.0, 1.0), quiz_row("2", 1.0, None)], 4.0) is None


class TestQuizGaps:
    """What a quiz's value is not made of."""

    def test_every_kind_of_gap_is_named(self) -> None:
        """Nothing possible, a missing percent, a row without points: each quiz in one sentence, in id order."""
        rows = [
            quiz_row("10", 2.0, None, quiz="33"),
            quiz_row("9", 2.0, 0.5, quiz="33"),
            quiz_row("1", None, 0.8),
            quiz_row("2", 0.0, 0.8),
            quiz_row("3", None, 0.5, quiz="32"),
            quiz_row("4", 2.0, 0.5, quiz="32"),
            ScoredResult("5", 4.0),
        ]
        assert quiz_gaps(rows) == [
            "quiz 31: results 1 and 2 left out, nothing was possible on it (Canvas fails on such a quiz)",
            "quiz 32: result 3 left out, without possible points",
            "quiz 33: results 9 and 10 left out, result 10 has no percent (Canvas fails on such a quiz)",
        ]

    def test_a_whole_quiz_has_none(self) -> None:
        """Rows with points and percents are all in their quiz's value, even a row that was worth nothing."""
        assert quiz_gaps([quiz_row("1", 1.0, 1.0), quiz_row("2", 0.0, 0.5), ScoredResult("3", 1.0)]) == []
