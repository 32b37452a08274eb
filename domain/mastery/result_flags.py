"""What a saved result says of itself: its `mastery` flag and its `original_…` values.

The flag is judged by the assessment's own rule and stays as it was saved, so it is for display
beside a result, never for the rollup. DOMAIN.md 5.7.
"""

from typing import TypeVar

from outcomes.domain.mastery.percent import new_quizzes_percent
from outcomes.domain.mastery.scale import MasteryScale

T = TypeVar("T")


def rubric_result_mastery(
    score: float | None, possible: float | None, criterion_mastery_points: float | None
) -> bool | None:
    """Judge a rubric result: raw score against the mastery points of the rubric's row, else its points.

    None when the criterion was left blank or has neither. DOMAIN.md 5.7 (RubricAssessment).
    """
    needed = possible if criterion_mastery_points is None else criterion_mastery_points
    return None if score is None or needed is None else score >= needed


def quiz_result_mastery(percent: float | None, alignment_mastery: float | None) -> bool | None:
    """Judge a classic quiz or live assessment result: percent against the alignment's mastery share.

    None when either is missing. DOMAIN.md 5.7 (QuizOutcomeResultBuilder, LiveAssessments::Submission).
    """
    return None if percent is None or alignment_mastery is None else percent >= alignment_mastery


def new_quizzes_result_mastery(percent: float | None, scale: MasteryScale) -> bool | None:
    """Judge a New Quizzes result: percent against the scale's mastery share, both to 4 decimals.

    None without a percent. DOMAIN.md 5.7, 5.12.
    """
    return None if percent is None else percent >= new_quizzes_percent(scale.mastery_points, scale.points_possible)


def original_at_save(stored: T | None, saved: T | None) -> T | None:
    """Give the `original_score` (or possible, or mastery) that a save leaves behind: the first value stays.

    DOMAIN.md 3 (LearningOutcomeResult).
    """
    return saved if stored is None else stored
