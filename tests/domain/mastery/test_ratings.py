"""Scales, their ratings, and the rating of a score."""

import pytest

from outcomes.domain.mastery import (
    DEFAULT_SCALE,
    DrawnLevel,
    LegacyStatus,
    MasteryScale,
    Rating,
    drawn,
    legacy_status,
    rating_of,
)

TOP, MIDDLE, LOWEST = Rating("Top", 4.0), Rating("Middle", 3.0, mastery=True), Rating("Lowest", 1.0)
SCALE = MasteryScale.of_proficiency([LOWEST, TOP, MIDDLE])


class TestScale:
    """Making a scale."""

    def test_of_a_proficiency(self) -> None:
        """The top rating is what is possible, the marked one is mastery, and ratings are sorted."""
        found = MasteryScale.of_proficiency([LOWEST, TOP, MIDDLE])
        assert found == MasteryScale(3.0, 4.0, (TOP, MIDDLE, LOWEST))

    @pytest.mark.parametrize("ratings", [[], [TOP, LOWEST]])
    def test_without_a_mastery_rating_is_refused(self, ratings: list[Rating]) -> None:
        """A scale that does not say which rating is mastery is refused with advice."""
        with pytest.raises(ValueError, match="mark exactly one"):
            MasteryScale.of_proficiency(ratings)

    @pytest.mark.parametrize(
        ("mastery_points", "points_possible", "expected"),
        [
            (3.0, 5.0, (3.0, 5.0)),
            (None, 5.0, (5.0, 5.0)),
            (3.0, None, (3.0, 4.0)),
            (None, None, (4.0, 4.0)),
            (0.0, 0.0, (0.0, 0.0)),
        ],
    )
    def test_of_a_criterion(
        self, mastery_points: float | None, points_possible: float | None, expected: tuple[float, float]
    ) -> None:
        """What an imported criterion leaves out is filled in as the editor does; ratings are sorted."""
        scale = MasteryScale.of_criterion(mastery_points, points_possible, [LOWEST, TOP])
        assert scale == MasteryScale(*expected, (TOP, LOWEST))

    def test_of_an_empty_criterion(self) -> None:
        """A criterion with nothing in it is a scale of nothing, not an error."""
        assert MasteryScale.of_criterion(None, None) == MasteryScale(0.0, 0.0)

    def test_canvas_default(self) -> None:
        """Canvas's own scale has five ratings from 4 to 0, mastery at 3."""
        assert [rating.points for rating in DEFAULT_SCALE.ratings] == [4.0, 3.0, 2.0, 1.0, 0.0]
        assert (DEFAULT_SCALE.mastery_points, DEFAULT_SCALE.points_possible) == (3.0, 4.0)

    @pytest.mark.parametrize(
        ("scale", "base"), [(MasteryScale(3.0, 5.0), 5.0), (MasteryScale(3.0, 0.0), 3.0), (MasteryScale(0.3, 0.5), 0.5)]
    )
    def test_base(self, scale: MasteryScale, base: float) -> None:
        """A percent of 1 is worth all possible points, or the mastery points when there are none."""
        assert scale.base == base


class TestRating:
    """The rating of a score."""

    @pytest.mark.parametrize(
        ("score", "rating"),
        [(9.0, TOP), (4.0, TOP), (2.99, LOWEST), (3.0, MIDDLE), (0.99, None), (None, None)],
    )
    def test_of_a_score(self, score: float | None, rating: Rating | None) -> None:
        """The first rating reached; none below the lowest."""
        assert rating_of(SCALE, score) == rating

    def test_without_ratings(self) -> None:
        """A scale without ratings gives none."""
        assert rating_of(MasteryScale(3.0, 5.0), 4.0) is None


@pytest.mark.parametrize(
    ("score", "status"),
    [
        (6.0, LegacyStatus.EXCEEDS),
        (5.99, LegacyStatus.MASTERY),
        (4.0, LegacyStatus.MASTERY),
        (3.99, LegacyStatus.NEAR),
        (2.0, LegacyStatus.NEAR),
        (1.99, LegacyStatus.REMEDIAL),
        (None, LegacyStatus.UNDEFINED),
    ],
)
def test_legacy_buckets(score: float | None, status: LegacyStatus) -> None:
    """With mastery at 4 the older screens' borders lie at 6, 4 and 2, each border inside the upper bucket."""
    assert legacy_status(score, 4.0) is status


class TestDrawn:
    """What the newer gradebook draws."""

    @pytest.mark.parametrize(
        ("score", "level"),
        [
            (5.0, DrawnLevel.EXCEEDS),
            (4.0, DrawnLevel.NEAR),
            (3.0, DrawnLevel.NEAR),
            (2.0, DrawnLevel.NEAR),
            (1.0, DrawnLevel.NO_EVIDENCE),
            (0.0, DrawnLevel.NO_EVIDENCE),
        ],
    )
    def test_it_goes_by_the_rating(self, score: float, level: DrawnLevel) -> None:
        """Ratings 5, 2 and 0 with mastery 3: no score is drawn as mastery, and below 5 none exceeds it."""
        scale = MasteryScale(3.0, 5.0, (Rating("A", 5.0), Rating("B", 2.0), Rating("C", 0.0)))
        look = drawn(scale, score)
        assert look is not None
        assert look.level is level

    def test_every_level_of_the_default_scale(self) -> None:
        """On Canvas's own scale of 4 to 0 each level has its look; below all ratings it is the lowest's."""
        levels = [drawn(DEFAULT_SCALE, score) for score in (4.2, 3.0, 2.99, 1.0, 0.5, -1.0)]
        assert [look.level.value for look in levels if look] == [
            "exceeds mastery",
            "mastery",
            "near mastery",
            "remediation",
            "no evidence",
            "no evidence",
        ]

    def test_nothing_is_drawn_from_nothing(self) -> None:
        """Without a score, and without ratings."""
        assert drawn(DEFAULT_SCALE, None) is drawn(MasteryScale(3.0, 5.0), 4.0) is None
