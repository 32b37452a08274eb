"""Figures of a class."""

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes.domain.mastery import ClassFigure, class_mean, class_median, distribution

student_scores = st.lists(st.none() | st.integers(0, 500).map(lambda cents: cents / 100), max_size=40)


class TestMean:
    """The class mean."""

    def test_is_rounded_and_passes_over_the_unassessed(self) -> None:
        """1, 2 and 2 make 1.67; a student without score is no student here."""
        assert class_mean([1.0, None, 2.0, 2.0]) == ClassFigure(1.67, 3)

    def test_of_nobody_is_nothing(self) -> None:
        """Without an assessed student there is no mean."""
        assert class_mean([None]) == class_mean([]) == ClassFigure(None, 0)


class TestMedian:
    """The class median."""

    def test_is_not_rounded(self) -> None:
        """Between 2.33 and 3.00 lies 2.665, which stays so."""
        assert class_median([3.0, 2.33]) == ClassFigure(2.665, 2)

    def test_of_an_odd_class_is_the_middle_student(self) -> None:
        """1, 2 and 9 in any order have 2 in the middle."""
        assert class_median([9.0, None, 1.0, 2.0]) == ClassFigure(2.0, 3)

    @given(student_scores)
    def test_agrees_with_the_textbook(self, scores: list[float | None]) -> None:
        """It is the median of the standard library."""
        assessed = [score for score in scores if score is not None]
        expected = statistics.median(assessed) if assessed else None
        assert class_median(scores) == ClassFigure(expected, len(assessed))


class TestDistribution:
    """Students per rating."""

    def test_each_student_is_at_the_first_rating_reached(self) -> None:
        """Of 4, 3.99, 1 and 0.5 on the ratings 4, 3, 1 the last reaches none and is in no percent."""
        found = distribution([4.0, 3.99, None, 1.0, 0.5], [4.0, 3.0, 1.0])
        assert found.counts == (1, 1, 1)
        assert found.percents == (33, 33, 33)

    def test_percents_round_half_up_one_by_one(self) -> None:
        """One of eight is 12.5 % and shown as 13, seven of eight as 88."""
        assert distribution([1.0, *[0.0] * 7], [1.0, 0.0]).percents == (13, 88)

    def test_of_nobody_is_all_zero(self) -> None:
        """Without a student every rating has 0, and no division fails."""
        assert distribution([None], [4.0, 3.0]) == ((0, 0), (0, 0))

    @given(student_scores, st.lists(st.integers(0, 5), min_size=1, unique=True))
    def test_nobody_is_counted_twice(self, scores: list[float | None], levels: list[int]) -> None:
        """Counts sum to the students at or above the lowest rating."""
        points = sorted(levels, reverse=True)
        reached = sum(score is not None and score >= points[-1] for score in scores)
        assert sum(distribution(scores, points).counts) == reached


@pytest.mark.parametrize("figure", [class_mean, class_median])
def test_generators_are_welcome(figure: type) -> None:
    """Scores may come from a generator, read once."""
    assert figure(score for score in (2.0, 4.0)) == ClassFigure(3.0, 2)
