"""Times: whole milliseconds since 1970 inside, ISO 8601 text outside, and the school calendar between the two.

Nothing here reads a clock. A year is counted in days from its start date, so the same start gives the same year.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import count

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

EPOCH = date(1970, 1, 1)
LOCAL_MIDNIGHT = 6 * HOUR
"""The modelled schools live six hours behind UTC, all year round."""

YEAR_DAYS = 300
TEACHING_FROM = 14
TERM_STARTS = (TEACHING_FROM, 141)
TERM_ENDS = (124, YEAR_DAYS)
_BREAKS = (range(100, 105), range(124, 141), range(212, 219))
_BUSY = (range(105, 124), range(280, YEAR_DAYS))
_SATURDAY = 5


@lru_cache(maxsize=512)
def _hour(hours: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:")


def stamp(ms: int) -> str:
    """Write an instant as Canvas writes `event_time`: UTC with three decimals.

    >>> stamp(1_757_500_000_123)
    '2025-09-10T10:26:40.123Z'
    """
    minute, rest = divmod(ms % HOUR, MINUTE)
    second, milli = divmod(rest, SECOND)
    return f"{_hour(ms // HOUR)}{minute:02}:{second:02}.{milli:03}Z"


def seconds(ms: int) -> str:
    """Write an instant as Canvas writes times in a body: UTC, whole seconds, the rest cut off."""
    minute, rest = divmod(ms % HOUR, MINUTE)
    return f"{_hour(ms // HOUR)}{minute:02}:{rest // SECOND:02}Z"


class Calendar:
    """A school year: which days teach, how busy each is, and which instant a day and hour mean."""

    def __init__(self, start: date) -> None:
        """Count the year's days from `start`, which need not be a Monday."""
        self._first = (start - EPOCH).days * DAY + LOCAL_MIDNIGHT
        self._weekday = start.weekday()
        self._weights = [self._weight(day) for day in range(YEAR_DAYS)]
        self._left = [sum(self._weights[day:]) for day in range(YEAR_DAYS)]

    def _weight(self, day: int) -> float:
        if day < TEACHING_FROM or not self.is_weekday(day) or any(day in holiday for holiday in _BREAKS):
            return 0.0
        return 1.6 if any(day in season for season in _BUSY) else 1.0

    def is_weekday(self, day: int) -> bool:
        """Tell whether offices are open: Monday to Friday."""
        return (self._weekday + day) % 7 < _SATURDAY

    def at(self, day: int, hour: float) -> int:
        """Return the instant of a local hour on a day of this year."""
        return self._first + day * DAY + int(hour * HOUR)

    def day_of(self, ms: int) -> int:
        """Return the day of this year an instant falls on, by local time."""
        return (ms - self._first) // DAY

    def hour_of(self, ms: int) -> float:
        """Return the local time of day in hours."""
        return (ms - self._first) % DAY / HOUR

    def share(self, day: int) -> float:
        """Return how much of the work still to do this year belongs on `day`.

        Pacing by "what is left" corrects itself: a plan that ran ahead or behind is spread over the rest of the
        year. After the year's end all that is left is due at once, on the next weekday.
        """
        if day >= YEAR_DAYS:
            return 1.0 if self.is_weekday(day) else 0.0
        weight = self._weights[day]
        return weight / self._left[day] if weight else 0.0

    def weekdays(self, first: int) -> Iterator[int]:
        """Count the days offices are open from `first` on, without end."""
        return (day for day in count(first) if self.is_weekday(day))
