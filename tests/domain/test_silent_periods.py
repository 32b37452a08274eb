"""Silences: told where events are usual and missing, and nowhere else."""

from outcomes.domain.silent_periods import Silence, silences

WEEK, DAY = 168, 24


def school_year(weeks: int = 12, *, an_hour: int = 10) -> dict[int, int]:
    """Events in six hours of each of five days of a week, beginning with hour 0."""
    return {
        week * WEEK + day * DAY + hour: an_hour for week in range(weeks) for day in range(5) for hour in range(8, 14)
    }


def test_nights_and_weekends_are_no_silences() -> None:
    """They are silent in every week."""
    assert silences(school_year()) == []


def test_a_missing_day_is_one() -> None:
    """From the last hour before to the first after; six hours with ten events each are missing."""
    counts = school_year()
    wednesday = 5 * WEEK + 2 * DAY
    for hour in range(8, 14):
        del counts[wednesday + hour]
    assert silences(counts) == [Silence(wednesday - DAY + 13, wednesday + DAY + 8, 60)]


def test_a_few_missing_events_may_be_chance() -> None:
    """Three hours with ten each are too few to tell."""
    counts = school_year()
    for hour in (9, 10, 11):
        del counts[5 * WEEK + hour]
    assert silences(counts) == []


def test_one_busy_night_makes_no_other_night_silent() -> None:
    """A nightly import of thousands is not what is usual."""
    assert silences({**school_year(), 6 * WEEK + 2: 5_000}) == []


def test_where_hours_are_too_thin_days_tell() -> None:
    """Some fifteen events a day, each in another hour: two weeks without any are no chance."""
    counts = {
        week * WEEK + day * DAY + (7 * week + 5 * day + part) % DAY: 5
        for week in range(12)
        for day in range(7)
        for part in (0, 8, 16)
        if week not in (5, 6)
    }
    (found,) = silences(counts)
    assert (found.last // WEEK, found.next // WEEK, found.expected) == (4, 7, 14 * 15)


def test_without_weeks_around_nothing_is_usual() -> None:
    """Two days of events, or none, say nothing of the days between."""
    assert silences({}) == silences({8: 1_000}) == silences({8: 1_000, 8 + 2 * WEEK: 1_000}) == []
