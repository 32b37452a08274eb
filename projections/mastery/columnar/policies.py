"""The policies of a block, each once, as columns beside its pairs."""

from math import isfinite
from typing import NamedTuple

import numpy as np

from outcomes.domain.mastery import Formula, MasteryScale
from outcomes.projections.mastery.columnar.arithmetic import Bools, Floats, Ints
from outcomes.projections.mastery.columnar.results import Block
from outcomes.projections.mastery.policy import Policy, PolicyBook
from outcomes.projections.mastery.row import Override

# As for results: no scale has larger numbers, and below them whole numbers are exact as floats.
_LARGEST = 1e6
_MOST_RATINGS = 64

NO_FORMULA = 0
_CODES = {formula: code for code, formula in enumerate(Formula, NO_FORMULA + 1)}


def code_of(formula: Formula) -> int:
    """Return the number that stands for a formula in `Policies.formula`."""
    return _CODES[formula]


class Policies(NamedTuple):
    """One entry a policy; `of_pair` says which is a pair's. Numbers of what is not known are nan."""

    of_pair: Ints
    policies: list[Policy]
    base: Floats
    mastery_points: Floats
    formula: Ints
    number: Floats
    in_time_order: Bools
    joins_quiz_rows: Bools
    is_linked: Bools
    is_odd: Bools
    """The scale or the method has numbers that Canvas would not let anyone save: for the function for one pair."""
    rating_points: Floats
    """A row of points from high to low for each policy, filled up with nan."""


def policies_of(book: PolicyBook, block: Block, override: Override | None) -> Policies:
    """Look up what is in force for every course and outcome of a block."""
    keys, of_pair = np.unique(block.pair_course * len(block.outcomes) + block.pair_outcome, return_inverse=True)
    found = []
    for course, outcome in zip(*np.divmod(keys, len(block.outcomes)), strict=True):
        policy = book.policy(block.courses[course], block.outcomes[outcome])
        found.append(policy if override is None else override(policy))
    odd = [not _is_plain(policy) for policy in found]
    plain = [None if is_odd else policy.scale for policy, is_odd in zip(found, odd, strict=True)]
    calculations = [None if is_odd else policy.calculation for policy, is_odd in zip(found, odd, strict=True)]
    return Policies(
        of_pair,
        found,
        np.array([np.nan if scale is None else scale.base for scale in plain], dtype=np.float64),
        np.array([np.nan if scale is None else scale.mastery_points for scale in plain], dtype=np.float64),
        np.array([NO_FORMULA if known is None else _CODES[known.formula] for known in calculations], dtype=np.int64),
        np.array([0 if known is None else known.number for known in calculations], dtype=np.float64),
        np.array([known is not None and known.in_time_order for known in calculations], dtype=bool),
        np.array([known is not None and known.joins_quiz_rows for known in calculations], dtype=bool),
        np.array([policy.is_linked for policy in found], dtype=bool),
        np.array(odd, dtype=bool),
        _rating_points(plain),
    )


def _is_plain(policy: Policy) -> bool:
    if policy.calculation is not None and policy.calculation.range_missed is not None:
        return False
    return policy.scale is None or _is_plain_scale(policy.scale)


def _is_plain_scale(scale: MasteryScale) -> bool:
    points = [rating.points for rating in scale.ratings]
    if len(points) > _MOST_RATINGS or not all(isfinite(number) for number in (*points, *scale[:2])):
        return False
    return 0 <= scale.base <= _LARGEST and all(abs(number) <= _LARGEST for number in (*points, scale.mastery_points))


def _rating_points(scales: list[MasteryScale | None]) -> Floats:
    rows = [() if scale is None else [rating.points for rating in scale.ratings] for scale in scales]
    width = max(map(len, rows), default=0)
    table = np.full((len(rows), width), np.nan)
    for row, points in zip(table, rows, strict=True):
        row[: len(points)] = points
    return table
