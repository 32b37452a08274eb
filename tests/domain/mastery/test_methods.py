"""From a stored method and integer to the calculation that runs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes.domain.mastery import DEFAULT_CALCULATION, Calculation, CalculationMethod, Formula


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
            ("n_mastery", 0, 5),
            ("n_mastery", 11, 5),
            ("decaying_average", None, 65),
            ("decaying_average", 1, 1),
            ("decaying_average", 99, 99),
            ("decaying_average", 100, 65),
            ("weighted_average", None, 65),
            ("weighted_average", 1, 1),
            ("weighted_average", 99, 99),
            ("weighted_average", 0, 65),
            ("weighted_average", 100, 65),
            ("standard_decaying_average", None, 65),
            ("standard_decaying_average", 50, 50),
            ("standard_decaying_average", 49, 65),
            ("standard_decaying_average", -5, 65),
        ],
    )
    def test_the_integer_in_force(self, method: str, stored: int | None, in_force: int | None) -> None:
        """A missing or impossible integer is the method's default; methods without one ignore it."""
        assert Calculation.of(method, stored, new_decaying_average=True).calculation_int == in_force

    @given(st.sampled_from(CalculationMethod), st.none() | st.integers())
    def test_is_always_usable(self, method: CalculationMethod, stored: int | None) -> None:
        """Whatever is stored, the number a formula reads is one it can work with."""
        number = Calculation.of(method, stored, new_decaying_average=False).number
        takes_none = {CalculationMethod.HIGHEST, CalculationMethod.LATEST, CalculationMethod.AVERAGE}
        assert number == 0 if method in takes_none else 1 <= number <= 99


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
