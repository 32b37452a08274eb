"""The level a score reaches, as Canvas's server, its current screens and its older screens name it.

No score is rounded up into a level: 2.99 is not the 3 rating. DOMAIN.md 5.11.
"""

from collections.abc import Sequence
from enum import StrEnum

from outcomes.domain.mastery.scale import MasteryScale, Rating


class LegacyStatus(StrEnum):
    """The buckets of the student's older grade page, in use while mastery scales are off."""

    EXCEEDS = "exceeds"
    MASTERY = "mastery"
    NEAR = "near"
    REMEDIAL = "remedial"
    UNDEFINED = "undefined"


def rating_index(points: Sequence[float], score: float | None) -> int | None:
    """Give the place of the first rating whose points the score reaches; `points` run from high to low.

    None without a score and for a score below the lowest rating. DOMAIN.md 5.11 (ResultAnalytics).
    """
    if score is None:
        return None
    return next((place for place, needed in enumerate(points) if needed <= score), None)


def rating_of(scale: MasteryScale, score: float | None) -> Rating | None:
    """Give the rating the server counts a score under; None where `rating_index` is. DOMAIN.md 5.11."""
    place = rating_index([rating.points for rating in scale.ratings], score)
    return None if place is None else scale.ratings[place]


def legacy_status(score: float | None, mastery_points: float) -> LegacyStatus:
    """Put a score in the older screens' buckets: 1.5, 1 and 0.5 times the mastery points. DOMAIN.md 5.11."""
    if score is None:
        return LegacyStatus.UNDEFINED
    if score >= mastery_points * 1.5:
        return LegacyStatus.EXCEEDS
    if score >= mastery_points:
        return LegacyStatus.MASTERY
    return LegacyStatus.NEAR if score >= mastery_points * 0.5 else LegacyStatus.REMEDIAL
