"""The seven calculation methods, the integers they take, and which arithmetic each one runs.

`Calculation.of("decaying_average", None, new_decaying_average=False)` is what Canvas makes of a
stored method: a name, the integer in force and the formula behind the name. DOMAIN.md 5.2.
"""

from collections.abc import Mapping
from enum import Enum, StrEnum, auto
from types import MappingProxyType
from typing import Final, NamedTuple, Self


class CalculationMethod(StrEnum):
    """The names Canvas stores in `calculation_method`."""

    HIGHEST = "highest"
    LATEST = "latest"
    AVERAGE = "average"
    N_MASTERY = "n_mastery"
    DECAYING_AVERAGE = "decaying_average"
    WEIGHTED_AVERAGE = "weighted_average"
    STANDARD_DECAYING_AVERAGE = "standard_decaying_average"


class Formula(Enum):
    """The arithmetic behind a method: the three "decaying" names share two formulas."""

    HIGHEST = auto()
    LATEST = auto()
    AVERAGE = auto()
    N_MASTERY = auto()
    LAST_AGAINST_OTHERS = auto()
    """weight % of the last result, the rest spread over all the others (the legacy "decaying" average)."""
    RUNNING_DECAY = auto()
    """weight % of each next result, the rest of what has been reached so far."""


class IntRange(NamedTuple):
    """The integers a method accepts, both ends included, and the one it takes when given none."""

    lowest: int
    highest: int
    default: int


# Methods that are absent here take no integer: a stored one is left over and ignored.
CALCULATION_INTS: Final[Mapping[CalculationMethod, IntRange]] = MappingProxyType(
    {
        CalculationMethod.N_MASTERY: IntRange(1, 10, 5),
        CalculationMethod.DECAYING_AVERAGE: IntRange(1, 99, 65),
        CalculationMethod.WEIGHTED_AVERAGE: IntRange(1, 99, 65),
        CalculationMethod.STANDARD_DECAYING_AVERAGE: IntRange(50, 99, 65),
    }
)

_FORMULAS: Final[Mapping[CalculationMethod, Formula]] = MappingProxyType(
    {
        CalculationMethod.HIGHEST: Formula.HIGHEST,
        CalculationMethod.LATEST: Formula.LATEST,
        CalculationMethod.AVERAGE: Formula.AVERAGE,
        CalculationMethod.N_MASTERY: Formula.N_MASTERY,
        CalculationMethod.DECAYING_AVERAGE: Formula.LAST_AGAINST_OTHERS,
        CalculationMethod.WEIGHTED_AVERAGE: Formula.LAST_AGAINST_OTHERS,
        CalculationMethod.STANDARD_DECAYING_AVERAGE: Formula.RUNNING_DECAY,
    }
)

_IN_TIME_ORDER: Final = frozenset({Formula.LATEST, Formula.LAST_AGAINST_OTHERS, Formula.RUNNING_DECAY})
_EACH_ROW_ALONE: Final = frozenset({Formula.HIGHEST, Formula.N_MASTERY})


class Calculation(NamedTuple):
    """A calculation method ready to run: make it with `Calculation.of`."""

    method: CalculationMethod
    calculation_int: int | None
    formula: Formula
    in_time_order: bool
    """Whether the formula reads the results oldest first; the others read them by id. DOMAIN.md 5.5."""
    joins_quiz_rows: bool
    """Whether rows of one classic quiz share one value. DOMAIN.md 5.4 b."""

    @classmethod
    def of(cls, method: str | None, calculation_int: int | None = None, *, new_decaying_average: bool) -> Self:
        """Resolve a stored method and integer.

        No method means highest; a missing integer means the method's default. One outside the method's
        range is followed as it stands, as Canvas does (DOMAIN.md 11). `new_decaying_average` is the root
        account's feature `outcomes_new_decaying_average_calculation`: while it is off a stored
        standard_decaying_average is computed the legacy way.
        DOMAIN.md 5.2 (OutcomeCalculationMethod, RollupScore).

        Raises ValueError for a name Canvas does not have.
        """
        known = _method_named(method)
        formula = _FORMULAS[known]
        if formula is Formula.RUNNING_DECAY and not new_decaying_average:
            formula = Formula.LAST_AGAINST_OTHERS
        return cls(
            known,
            _int_in_force(known, calculation_int),
            formula,
            formula in _IN_TIME_ORDER,
            formula not in _EACH_ROW_ALONE,
        )

    @property
    def number(self) -> int:
        """The integer as the formula takes it: a weight in percent, or n; 0 for methods that take none."""
        return self.calculation_int or 0

    @property
    def range_missed(self) -> IntRange | None:
        """The range that Canvas's own validation asks of the integer, where the stored one is outside it."""
        accepted = CALCULATION_INTS.get(self.method)
        if accepted is None or accepted.lowest <= self.number <= accepted.highest:
            return None
        return accepted


def _method_named(name: str | None) -> CalculationMethod:
    if name is None:
        return CalculationMethod.HIGHEST
    try:
        return CalculationMethod(name)
    except ValueError:
        names = ", ".join(CalculationMethod)
        msg = f"Unknown calculation method {name!r}: use one of {names}, or None for highest."
        raise ValueError(msg) from None


def stored_int_of(method: str | None, stored: int | None) -> int | None:
    """Return the integer stored with a method, which is ignored with one that takes none. DOMAIN.md 3.

    What is stored with a method that Canvas does not have is left as it is.
    """
    try:
        return stored if _method_named(method) in CALCULATION_INTS else None
    except ValueError:
        return stored


def _int_in_force(method: CalculationMethod, stored: int | None) -> int | None:
    accepted = CALCULATION_INTS.get(method)
    if accepted is None:
        return None
    return accepted.default if stored is None else stored


DEFAULT_CALCULATION: Final = Calculation.of(None, new_decaying_average=False)
"""What Canvas creates on a root account that has no method of its own. DOMAIN.md 7."""
