"""The level a score reaches, as Canvas's server, its current screens and its older screens name it.

No score is rounded up into a level: 2.99 is not the 3 rating. DOMAIN.md 5.11.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, NamedTuple

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


class DrawnLevel(StrEnum):
    """What the newer gradebook draws for a score while mastery scales are on."""

    EXCEEDS = "exceeds mastery"
    MASTERY = "mastery"
    NEAR = "near mastery"
    REMEDIATION = "remediation"
    NO_EVIDENCE = "no evidence"

    @property
    def is_mastery(self) -> bool:
        """Whether it looks like mastery."""
        return self in {DrawnLevel.EXCEEDS, DrawnLevel.MASTERY}


_BELOW: Final[dict[float, DrawnLevel]] = {-1: DrawnLevel.NEAR, -2: DrawnLevel.REMEDIATION}


class Drawn(NamedTuple):
    """A level as it is drawn, and the rating that it is drawn from."""

    level: DrawnLevel
    rating: Rating


def drawn(scale: MasteryScale, score: float | None) -> Drawn | None:
    """Give what the newer gradebook draws: it goes by the *rating's* distance to the mastery points, not the score's.

    A score below all ratings is drawn as the lowest; None without a score or without ratings.
    DOMAIN.md 5.11 (StudentOutcomeScore.tsx, icons.ts).
    """
    if score is None or not scale.ratings:
        return None
    rating = rating_of(scale, score) or scale.ratings[-1]
    beyond = rating.points - scale.mastery_points
    if beyond >= 0:
        return Drawn(DrawnLevel.EXCEEDS if beyond > 0 else DrawnLevel.MASTERY, rating)
    return Drawn(_BELOW.get(beyond, DrawnLevel.NO_EVIDENCE), rating)
