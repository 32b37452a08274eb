"""The percent Canvas stores with a result when it saves it.

Events bring it ready made: use the one that arrives. These functions are for rows that come without
events (a data extract, a what-if) and for showing why a percent is what it is.
"""

import math
import sys

from outcomes.domain.mastery.rounding import round4
from outcomes.domain.mastery.scale import MasteryScale


def percent_at_save(
    score: float | None,
    possible: float | None,
    *,
    alignment_mastery: float | None,
    criterion: MasteryScale,
    account_scale: MasteryScale | None = None,
) -> float | None:
    """Compute the share of the outcome's scale that `score` of `possible` points is; may exceed 1.

    `alignment_mastery` is the share of the assessment that is mastery (question banks and explicit
    alignments only). With it the percent lies on two straight lines that map it onto the scale's own
    mastery share, and is rounded to 4 decimals; without it the percent is the plain quotient, unrounded.
    `account_scale` is the resolved scale when `account_level_mastery_scales` is on, else None.
    None when there is no score or no finite answer. DOMAIN.md 5.6 (LearningOutcomeResult).
    """
    if score is None:
        return None
    stretch = _stretch(alignment_mastery, criterion if account_scale is None else account_scale)
    if stretch is not None and alignment_mastery is not None and possible is not None:
        percent = _on_two_lines(score, possible, alignment_mastery, stretch)
    else:
        percent = _plain(score, possible, criterion, account_scale)
    return percent if percent is not None and math.isfinite(percent) else None


def new_quizzes_percent(score: float, possible: float) -> float:
    """Compute the percent of a New Quizzes row: never rescaled, 4 decimals, 0 when nothing is possible.

    DOMAIN.md 5.12 (OutcomesServiceAuthoritativeResultsHelper).
    """
    return round4(score / possible) if possible > 0 else 0.0


def _stretch(alignment_mastery: float | None, scale: MasteryScale) -> float | None:
    """Divide the scale's mastery share by the assessment's; None when there is nothing to rescale by."""
    if alignment_mastery is None or min(alignment_mastery, scale.mastery_points, scale.points_possible) <= 0:
        return None
    stretch = scale.mastery_points / scale.points_possible / alignment_mastery
    # A stretch of 1 changes nothing, but would cost the percent its unrounded decimals.
    return None if abs(stretch - 1.0) <= sys.float_info.epsilon else stretch


def _on_two_lines(score: float, possible: float, alignment_mastery: float, stretch: float) -> float | None:
    if possible == 0:
        return None
    above = possible - possible * alignment_mastery
    over = score + above - possible
    if over > 0 and above > 0:
        score += over / above * (possible / stretch - possible)
    return round4(score / possible * stretch)


def _plain(
    score: float, possible: float | None, criterion: MasteryScale, account_scale: MasteryScale | None
) -> float | None:
    if possible is not None and possible > 0:
        return score / possible
    if account_scale is not None and account_scale.points_possible > 0:
        return score / account_scale.points_possible
    return score / criterion.mastery_points if criterion.mastery_points > 0 else None
