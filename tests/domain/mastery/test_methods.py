"""From a stored method and integer to the calculation that runs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes.domain.mastery import DEFAULT_CALCULATION, Calculation, CalculationMethod, Formula
from outcomes.domain.mastery.formulas import apply, weights


class TestInteger:
    """The calculation_int in force."""

    @pytest.mark.parametrize(
        ("method", "stored", "in_force"),
        [
            ("highest", 65, None),
            ("latest", 3, None),
            ("average", 1, None),
            ("n_mastery", None, 5),
            ("n_mastery", 1, 1),
            ("n_mastery", 10, 10),
            ("n_mastery", 0, 0),
            ("n_mastery", 11, 11),
            ("decaying_average", None, 65),
            ("decaying_average", 1, 1),
            ("decaying_average", 99, 99),
            ("decaying_average", 100, 100),
            ("weighted_average", None, 65),
            ("weighted_average", 1, 1),
            ("weighted_average", 99, 99),
            ("weighted_average", 0, 0),
            ("weighted_average", 100, 100),
            ("standard_decaying_average", None, 65),
            ("standard_decaying_average", 50, 50),
            ("standard_decaying_average", 49, 49),
            ("standard_decaying_average", -5, -5),
        ],
    )
    def test_the_integer_in_force(self, method: str, stored: int | None, in_force: int | None) -> None:
        """A missing integer is the default, one out of range stays as stored; methods without one ignore it."""
        assert Calculation.of(method, stored, new_decaying_average=True).calculation_int == in_force

    @pytest.mark.parametrize(
        ("method", "stored", "missed"),
        [
            ("highest", 65, None),
            ("n_mastery", 10, None),
            ("n_mastery", 11, (1, 10)),
            ("decaying_average", None, None),
            ("decaying_average", 0, (1, 99)),
            ("standard_decaying_average", 50, None),
            ("standard_decaying_average", 49, (50, 99)),
        ],
    )
    def test_a_missed_range_is_told(self, method: str, stored: int | None, missed: tuple[int, int] | None) -> None:
        """An integer that Canvas's validation would refuse names the range that it misses (DOMAIN.md 5.2)."""
        found = Calculation.of(method, stored, new_decaying_average=True).range_missed
        assert (None if found is None else found[:2]) == missed

    @given(
        st.sampled_from(CalculationMethod),
        st.integers(-(2**63), 2**63 - 1),
        st.booleans(),
        st.lists(st.floats(0, 10), min_size=1, max_size=40),
    )
    def test_any_integer_can_be_worked_with(
        self, method: CalculationMethod, stored: int, running: bool, values: list[float]
    ) -> None:
        """Whatever number a database holds, a formula and its weights come to some answer."""
        calculation = Calculation.of(method, stored, new_decaying_average=running)
        _, places = apply(calculation, values, 3.0)
        assert len(weights(calculation, len(places))) == len(places)


class TestFormula:
    """The arithmetic behind a name."""

    @pytest.mark.parametrize("flag", [False, True])
    @pytest.mark.parametrize("method", ["decaying_average", "weighted_average"])
    def test_the_legacy_names_stay_legacy(self, method: str, *, flag: bool) -> None:
        """decaying_average and weighted_average weigh the last against the others, feature on or off."""
        formula = Calculation.of(method, new_decaying_average=flag).formula
        assert formula is Formula.LAST_AGAINST_OTHERS

    def test_the_standard_name_follows_the_feature(self) -> None:
        """standard_decaying_average runs only while the feature is on, else it is computed the legacy way."""
        on = Calculation.of("standard_decaying_average", new_decaying_average=True)
        off = Calculation.of("standard_decaying_average", new_decaying_average=False)
        assert (on.formula, off.formula) == (Formula.RUNNING_DECAY, Formula.LAST_AGAINST_OTHERS)
        assert on.method is off.method is CalculationMethod.STANDARD_DECAYING_AVERAGE

    def test_no_method_is_highest(self) -> None:
        """An outcome without a method behaves as highest, and so does Canvas's own default."""
        assert Calculation.of(None, 65, new_decaying_average=False) == DEFAULT_CALCULATION
        assert DEFAULT_CALCULATION.method == "highest"
        assert DEFAULT_CALCULATION.calculation_int is None

    def test_an_unknown_name_is_refused(self) -> None:
        """A name Canvas does not have is refused, naming it and the ones there are."""
        with pytest.raises(ValueError, match=r"'mode'.*highest, latest, average, n_mastery"):
            Calculation.of("mode", new_decaying_average=False)
