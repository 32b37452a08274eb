"""Scores of all pairs of a block: DOMAIN.md 5.4 to 5.9, a column at a time."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from outcomes.domain.mastery import Formula
from outcomes.domain.times import SECOND, Micros
from outcomes.projections.mastery.columnar.arithmetic import (
    Bools,
    Floats,
    Ints,
    exact_sums,
    plain_sums,
    round2,
    running_decays,
    starts_of,
)
from outcomes.projections.mastery.columnar.policies import NO_FORMULA, Policies, code_of
from outcomes.projections.mastery.columnar.results import (
    BY_QUIZ,
    BY_RUBRIC,
    DATED,
    INACTIVE,
    LIVE,
    NEW_QUIZ,
    NO_ARTIFACT,
    WITHOUT_PERCENT,
    Block,
)

_HUNDREDTH = 0.01
_HIGHEST, _AVERAGE, _N_MASTERY = code_of(Formula.HIGHEST), code_of(Formula.AVERAGE), code_of(Formula.N_MASTERY)
_DECAYS = code_of(Formula.LAST_AGAINST_OTHERS), code_of(Formula.RUNNING_DECAY)
_LAST_AGAINST_OTHERS, _RUNNING_DECAY = _DECAYS
_ALL_USED = (_AVERAGE, *_DECAYS)


HandedIn = Callable[[Sequence[str]], Mapping[str, Micros | None]]
"""Gives the times of those of some assessments that events have told at all."""


class Scores(NamedTuple):
    """One entry a pair. What is None in a row is nan here; `is_odd` pairs are for `projections.mastery.row`."""

    score: Floats
    counted: Ints
    used: Ints
    last_assessed_at: Floats
    is_approximate: Bools
    is_odd: Bools


class _Counted(NamedTuple):
    """The results that count, pair by pair, with what their pair's policy says."""

    pair: Ints
    sizes: Ints
    result: Ints
    flags: Ints
    given: Floats
    possible: Floats
    assessed_at: Floats
    artifact: Ints
    submitted_at: Floats
    policy: Ints


def scores_of(block: Block, policies: Policies, handed_in: HandedIn) -> Scores:
    """Compute the score of every pair of a block; `handed_in` tells when the work behind assessments was."""
    counted, is_odd = _counted(block, policies)
    seconds, is_approximate = _order(block, policies, counted, handed_in)
    value, has_gaps = _values(policies, counted)
    is_odd[counted.pair[has_gaps]] = True
    pair, value = _in_order(policies, counted, seconds, value)
    unrounded, used, is_exact = _rolled_up(policies, pair, value, len(is_odd))
    return Scores(
        round2(unrounded), counted.sizes, used, _last_assessed_at(counted), is_approximate, is_odd | ~is_exact
    )


def _counted(block: Block, policies: Policies) -> tuple[_Counted, Bools]:
    """Return what counts in the pairs that can be computed here, and which pairs cannot."""
    policy = policies.of_pair[block.pair]
    kept = (block.flags & INACTIVE == 0) & ~np.isnan(block.value) & policies.is_linked[policy]
    pairs = len(block.pair_is_odd)
    is_odd = block.pair_is_odd | policies.is_odd[policies.of_pair]
    kept &= ~is_odd[block.pair]
    pair = block.pair[kept]
    counted = _Counted(
        pair,
        np.bincount(pair, minlength=pairs),
        block.result[kept],
        block.flags[kept],
        block.value[kept],
        block.possible[kept],
        block.assessed_at[kept],
        block.artifact[kept],
        block.submitted_at[kept],
        policy[kept],
    )
    return counted, is_odd


def _order(block: Block, policies: Policies, counted: _Counted, handed_in: HandedIn) -> tuple[Ints, Bools]:
    """Return the whole second that puts each result in order, and which pairs had to do without a handing in."""
    is_ordered = policies.in_time_order[counted.policy] & (counted.sizes[counted.pair] > 1)
    is_asked = is_ordered & (counted.flags & BY_RUBRIC != 0) & (counted.artifact != NO_ARTIFACT)
    codes, places = np.unique(counted.artifact[is_asked], return_inverse=True)
    names = [block.artifacts[code] for code in codes.tolist()]
    known = handed_in(names)
    submitted = np.array([_second(known.get(name)) for name in names], dtype=np.float64)[places]

    assessed = np.nan_to_num(counted.assessed_at).astype(np.int64) // SECOND
    seconds, is_told = assessed.copy(), counted.flags & (LIVE | NEW_QUIZ) != 0
    seconds[is_asked] = np.where(np.isnan(submitted), assessed[is_asked], np.nan_to_num(submitted))
    is_told[is_asked] = np.array([name in known for name in names], dtype=bool)[places]
    is_dated = counted.flags & DATED != 0
    told = np.nan_to_num(counted.submitted_at).astype(np.int64) // SECOND
    seconds[is_dated] = np.where(np.isnan(counted.submitted_at), assessed, told)[is_dated]
    is_told |= is_dated
    is_approximate = np.zeros(len(counted.sizes), dtype=bool)
    is_approximate[counted.pair[is_ordered & ~is_told]] = True
    return seconds, is_approximate


def _second(time: Micros | None) -> float:
    return np.nan if time is None else time // SECOND


def _last_assessed_at(counted: _Counted) -> Floats:
    some = np.flatnonzero(counted.sizes)
    last = np.full(len(counted.sizes), np.nan)
    if len(some):
        last[some] = np.fmax.reduceat(counted.assessed_at, starts_of(counted.sizes)[some])
    return last


def _values(policies: Policies, counted: _Counted) -> tuple[Floats, Ints]:
    """Return each result's value on the scale, nan for none (DOMAIN.md 5.4), and the rows that a quiz leaves out."""
    base = policies.base[counted.policy]
    has_percent = counted.flags & WITHOUT_PERCENT == 0
    value = np.where(has_percent, counted.given * base, counted.given)
    value[np.isnan(base)] = np.nan
    rows = np.flatnonzero((counted.flags & BY_QUIZ != 0) & policies.joins_quiz_rows[counted.policy])
    if len(rows):
        percent = np.where(has_percent[rows], counted.given[rows], np.nan)
        shares = _of_quizzes(counted, rows, percent)
        value[rows] = shares * base[rows]
        rows = rows[np.isnan(shares) | np.isnan(counted.possible[rows])]
    return value, rows


def _of_quizzes(counted: _Counted, rows: Ints, percent: Floats) -> Floats:
    """Return, for rows of quizzes, the mean percent of all rows of the same quiz, weighted by what was possible."""
    artifact = counted.artifact[rows]
    quiz = np.where(artifact == NO_ARTIFACT, -counted.result[rows], artifact)  # without one a row is a quiz of its own
    pair, possible = counted.pair[rows], counted.possible[rows]
    order = np.lexsort((quiz, pair))
    pair, quiz, possible, percent = pair[order], quiz[order], possible[order], percent[order]
    begins = np.concatenate(([True], (pair[1:] != pair[:-1]) | (quiz[1:] != quiz[:-1])))
    group = np.cumsum(begins) - 1
    given = ~np.isnan(possible)
    sizes = np.bincount(group[given], minlength=int(group[-1]) + 1)
    total = plain_sums(possible[given], sizes)
    weighted = plain_sums(possible[given] * percent[given], sizes)
    shares = np.divide(weighted, total, out=np.full(len(total), np.nan), where=total != 0)
    found = np.empty(len(rows))
    found[order] = shares[group]
    return found


def _in_order(policies: Policies, counted: _Counted, seconds: Ints, value: Floats) -> tuple[Ints, Floats]:
    """Return pair and value of the results that have one, in the order that the formula reads them."""
    value = value.copy()
    rows = np.flatnonzero(policies.in_time_order[counted.policy])
    # By id they are already, and the sort is stable: in a tie the higher id stays last.
    value[rows] = value[rows[np.lexsort((seconds[rows], counted.pair[rows]))]]
    present = ~np.isnan(value)
    return counted.pair[present], value[present]


def _rolled_up(policies: Policies, pair: Ints, value: Floats, pairs: int) -> tuple[Floats, Ints, Bools]:
    """Return per pair the unrounded score, how many results it is made of, and whether the last bit is certain."""
    policy, formula_of = policies.of_pair, policies.formula[policies.of_pair]
    sizes = np.bincount(pair, minlength=pairs)
    last = np.cumsum(sizes) - 1
    unrounded, used, is_exact = np.full(pairs, np.nan), np.zeros(pairs, dtype=np.int64), np.ones(pairs, dtype=bool)
    some = np.flatnonzero(sizes)
    unrounded[some] = value[last[some]]  # latest, and what a decay of one value is
    used[some] = np.where(np.isin(formula_of[some], _ALL_USED), sizes[some], 1)

    highest = some[formula_of[some] == _HIGHEST]
    if len(highest):
        unrounded[highest] = np.maximum.reduceat(value, starts_of(sizes)[some])[np.searchsorted(some, highest)]

    formula = formula_of[pair]
    summed = formula == _AVERAGE
    summed |= (formula == _N_MASTERY) & (value >= policies.mastery_points[policy[pair]])
    summed |= (formula == _LAST_AGAINST_OTHERS) & (np.arange(len(pair)) != last[pair])
    counts = np.bincount(pair[summed], minlength=pairs)
    sums = exact_sums(value[summed], counts)
    is_exact = sums.exact
    means = np.divide(sums.values, counts, out=np.full(pairs, np.nan), where=counts > 0)

    average = some[formula_of[some] == _AVERAGE]
    unrounded[average] = means[average]
    number = policies.number[policy]
    n_mastery = some[formula_of[some] == _N_MASTERY]
    reached = counts[n_mastery] >= number[n_mastery]
    unrounded[n_mastery] = np.where(reached, means[n_mastery], np.nan)
    used[n_mastery] = counts[n_mastery]
    decayed = np.flatnonzero((formula_of == _LAST_AGAINST_OTHERS) & (counts > 0))
    weight = number[decayed]
    unrounded[decayed] = unrounded[decayed] * (_HUNDREDTH * weight) + means[decayed] * (_HUNDREDTH * (100 - weight))
    running = np.flatnonzero((formula_of == _RUNNING_DECAY) & (sizes > 0))
    if len(running):
        weight = number[running]
        kept, added = _HUNDREDTH * (100 - weight), _HUNDREDTH * weight
        unrounded[running] = running_decays(value[formula == _RUNNING_DECAY], sizes[running], kept, added)
    unrounded[formula_of == NO_FORMULA] = np.nan
    used[np.isnan(unrounded)] = 0
    return unrounded, used, is_exact
