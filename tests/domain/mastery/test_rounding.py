"""Rounding and summing the way Ruby does it."""

import math
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes.domain.mastery import mean, round2
from outcomes.domain.mastery.rounding import round_half_up

ordinary = st.floats(min_value=-1e9, max_value=1e9)


def ruby_round(value: float, digits: int) -> float:
    """The stated rule in exact arithmetic: float only where Ruby itself has stored a float."""
    scale = 10**digits
    half = Fraction(1, 2)
    scaled = float(Fraction(value) * scale)
    nearest = Fraction(Decimal(scaled).to_integral_value(ROUND_HALF_UP))
    if value > 0 and float((nearest + half) / scale) <= value:
        nearest += 1
    if value <= 0 and float((nearest - half) / scale) >= value:
        nearest -= 1
    return float(nearest / scale)


class TestRound2:
    """Scores."""

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (0.125, 0.13),  # an exact half: Python's round goes to the even 0.12
            (0.375, 0.38),
            (-0.125, -0.13),
            (1.015, 1.02),  # stored as 1.01499999999999990…, and times 100 as 101.49999999999999
            (8.575, 8.58),
            (-8.575, -8.58),
            (2.344999, 2.34),
            (3.0, 3.0),
            (0.0, 0.0),
            (0.004999, 0.0),
        ],
    )
    def test_halves_go_away_from_zero(self, value: float, expected: float) -> None:
        """A half goes away from zero, also one that binary storage has made a little smaller."""
        assert round2(value) == expected

    def test_no_written_half_is_lost(self) -> None:
        """Every score from 0 to 100 written with three decimals rounds as it does on paper."""
        for thousandths in range(100_000):
            on_paper = Decimal(thousandths).scaleb(-3).quantize(Decimal("0.01"), ROUND_HALF_UP)
            assert round2(thousandths / 1000) == float(on_paper)

    @given(ordinary)
    def test_follows_the_rule_exactly(self, value: float) -> None:
        """For any value it gives what the rule gives in exact arithmetic."""
        assert round2(value) == ruby_round(value, 2)

    @given(st.integers(-10_000_000, 10_000_000), st.integers(-3, 3))
    def test_follows_the_rule_beside_a_half(self, thousandths: int, steps: int) -> None:
        """A few floats to either side of a written half it still gives what the rule gives."""
        value = thousandths / 1000
        for _ in range(abs(steps)):
            value = math.nextafter(value, math.copysign(math.inf, steps))
        assert round2(value) == ruby_round(value, 2)

    @given(ordinary)
    def test_settles_and_is_symmetric(self, value: float) -> None:
        """Rounding twice changes nothing more, and a sign goes through."""
        assert round2(round2(value)) == round2(value)
        assert round2(-value) == -round2(value)

    @pytest.mark.parametrize("value", [2.0**59, -1e300, math.inf, -math.inf])
    def test_what_has_no_decimals_comes_back(self, value: float) -> None:
        """A float too large for decimals, and infinity, come back as they are."""
        assert round2(value) == value

    def test_nan_comes_back(self) -> None:
        """Not a number stays not a number."""
        assert math.isnan(round2(math.nan))


@pytest.mark.parametrize(("value", "expected"), [(0.0, 0), (33.333, 33), (12.5, 13), (0.49999999999999994, 0)])
def test_whole_numbers_round_half_up(value: float, expected: int) -> None:
    """A half goes up, and the float just below it does not."""
    assert round_half_up(value) == expected


class TestMean:
    """Compensated means."""

    def test_does_not_lose_the_last_bits(self) -> None:
        """2.61, 3.92, 4.05 and 4.52 make 15.10, so 3.775 and 3.78; adding them one by one makes 3.77."""
        values = [2.61, 3.92, 4.05, 4.52]
        assert round2(mean(values)) == 3.78
        assert round2((values[0] + values[1] + values[2] + values[3]) / 4) == 3.77

    @given(st.lists(st.floats(0, 100), min_size=1, max_size=20))
    def test_lies_between_the_extremes(self, values: list[float]) -> None:
        """A mean is never outside its values by more than the last bit."""
        slack = 1e-12
        assert min(values) - slack <= mean(values) <= max(values) + slack
