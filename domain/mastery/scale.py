"""Ratings and the mastery scale they make: the two numbers every rollup needs, and the names of its levels.

A scale is either an outcome's own `rubric_criterion` or a context's `outcome_proficiency`; which of
them is in force is the question of `resolution`.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple, Self


class Rating(NamedTuple):
    """One level of a scale. `points` is the lowest score that reaches it."""

    description: str
    points: float
    mastery: bool = False
    color: str | None = None


class MasteryScale(NamedTuple):
    """A scale in points, its ratings highest first. Both numbers are on the scale of the ratings."""

    mastery_points: float
    points_possible: float
    ratings: tuple[Rating, ...] = ()

    @classmethod
    def of_proficiency(cls, ratings: Iterable[Rating]) -> Self:
        """Make the scale of an `outcome_proficiency`: its top rating is what is possible.

        Raises ValueError when no rating is marked as mastery. DOMAIN.md 7 (OutcomeProficiency).
        """
        ordered = _highest_first(ratings)
        mastery = next((rating for rating in ordered if rating.mastery), None)
        if mastery is None:
            msg = f"No rating of the scale {ordered!r} is marked mastery: mark exactly one of them."
            raise ValueError(msg)
        return cls(mastery.points, ordered[0].points, ordered)

    @classmethod
    def of_criterion(
        cls, mastery_points: float | None, points_possible: float | None, ratings: Iterable[Rating] = ()
    ) -> Self:
        """Make the scale of an outcome's own `rubric_criterion`.

        Points possible left out are those of the top rating (0 without ratings), mastery points
        left out are the points possible, as the outcome editor fills them in. Ratings arrive in any
        order, because the course importer keeps theirs. DOMAIN.md 3 (LearningOutcome).
        """
        ordered = _highest_first(ratings)
        if points_possible is None:
            points_possible = ordered[0].points if ordered else 0.0
        return cls(points_possible if mastery_points is None else mastery_points, points_possible, ordered)

    @property
    def base(self) -> float:
        """What a percent of 1 is worth: mastery points stand in when nothing is possible. DOMAIN.md 5.4."""
        return self.points_possible if self.points_possible > 0 else self.mastery_points


def _highest_first(ratings: Iterable[Rating]) -> tuple[Rating, ...]:
    return tuple(sorted(ratings, key=lambda rating: -rating.points))


# No colours: Canvas has changed its defaults over the years.
DEFAULT_SCALE: Final = MasteryScale.of_proficiency(
    (
        Rating("Exceeds Mastery", 4.0),
        Rating("Mastery", 3.0, mastery=True),
        Rating("Near Mastery", 2.0),
        Rating("Below Mastery", 1.0),
        Rating("No Evidence", 0.0),
    )
)
"""What Canvas creates on a root account that has no scale of its own. DOMAIN.md 7."""
