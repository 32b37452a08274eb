"""Mastery arithmetic of Canvas LMS learning outcomes: pure functions, no I/O, no clock. DOMAIN.md 5 and 7.

    scale = MasteryScale.of_criterion(mastery_points=3.0, points_possible=5.0)
    calculation = Calculation.of("decaying_average", 65, new_decaying_average=False)
    results = [ScoredResult("1", 2.0, assessed_at=0), ScoredResult("2", 4.0, assessed_at=10**6)]
    rollup(results, scale, calculation)

gives a `Rollup` with score 3.3; `explain` with the same arguments says why.
"""

from outcomes.domain.mastery.class_statistics import ClassFigure, Distribution, class_mean, class_median, distribution
from outcomes.domain.mastery.exclusion import exclusion_of
from outcomes.domain.mastery.explanation import Contribution, Explanation, explain
from outcomes.domain.mastery.membership import STUDENT_TYPES, EnrollmentState, membership
from outcomes.domain.mastery.methods import (
    CALCULATION_INTS,
    DEFAULT_CALCULATION,
    Calculation,
    CalculationMethod,
    Formula,
    IntRange,
    stored_int_of,
)
from outcomes.domain.mastery.ratings import (
    DrawnLevel,
    LegacyStatus,
    drawn,
    legacy_status,
    rating_index,
    rating_of,
)
from outcomes.domain.mastery.resolution import (
    DEFAULT,
    OWN,
    UNKNOWN,
    ContextChain,
    ContextRow,
    Resolved,
    context_chain,
    nearest_active,
    resolve_calculation,
    resolve_scale,
)
from outcomes.domain.mastery.results import (
    QUIZ_SUBMISSION,
    Exclusion,
    ScoredResult,
    in_time_order,
    quiz_gaps,
    quiz_value,
)
from outcomes.domain.mastery.rollups import Rollup, ValuedResult, rollup, rollup_counted, valued_results
from outcomes.domain.mastery.rounding import mean, round2
from outcomes.domain.mastery.scale import DEFAULT_SCALE, MasteryScale, Rating

__all__ = [
    "CALCULATION_INTS",
    "DEFAULT",
    "DEFAULT_CALCULATION",
    "DEFAULT_SCALE",
    "OWN",
    "QUIZ_SUBMISSION",
    "STUDENT_TYPES",
    "UNKNOWN",
    "Calculation",
    "CalculationMethod",
    "ClassFigure",
    "ContextChain",
    "ContextRow",
    "Contribution",
    "Distribution",
    "DrawnLevel",
    "EnrollmentState",
    "Exclusion",
    "Explanation",
    "Formula",
    "IntRange",
    "LegacyStatus",
    "MasteryScale",
    "Rating",
    "Resolved",
    "Rollup",
    "ScoredResult",
    "ValuedResult",
    "class_mean",
    "class_median",
    "context_chain",
    "distribution",
    "drawn",
    "exclusion_of",
    "explain",
    "in_time_order",
    "legacy_status",
    "mean",
    "membership",
    "nearest_active",
    "quiz_gaps",
    "quiz_value",
    "rating_index",
    "rating_of",
    "resolve_calculation",
    "resolve_scale",
    "rollup",
    "rollup_counted",
    "round2",
    "stored_int_of",
    "valued_results",
]
