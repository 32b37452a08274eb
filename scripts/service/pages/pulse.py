"""The pulse of the feed: what came minute by minute in the last hour, how late, and the last of each kind."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from statistics import quantiles
from typing import NamedTuple

from outcomes.api.arguments import now
from outcomes.domain.times import moment
from outcomes.service.pages import words
from outcomes.service.pages.viewer import Viewer

_READ = 4_000
"""Of the newest events so many are read: a busy school sends them in some hours."""
MINUTES = 60
_HEIGHT = 40.0
_A_DAY = timedelta(days=1)
_FEWEST = 20


class Pulse(NamedTuple):
    """`minutes` counts what came in, the oldest minute first; `is_more` if that is not the whole hour.

    `lag` is how late the newest event came, `usual` between which bounds half of the newest came; None if there are
    too few to say. `is_loaded` if the newest came so late that they were loaded from files, and tell nothing of that.
    """

    minutes: Sequence[int]
    is_more: bool
    last: Mapping[str, datetime]
    lag: timedelta | None
    usual: tuple[timedelta, timedelta] | None
    is_loaded: bool

    @property
    def total(self) -> int:
        """How much came in the last hour."""
        return sum(self.minutes)

    @property
    def lag_words(self) -> str:
        """How far behind Canvas the newest was, in a sentence."""
        if self.lag is None:
            return "nothing has come yet"
        if self.is_loaded:
            return "the newest events were loaded from files, so they do not tell how far behind Canvas we are"
        usual = ""
        if self.usual is not None:
            low, high = (words.span(bound) for bound in self.usual)
            usual = f" (usual: {low})" if low == high else f" (usual: {low} to {high})"
        return f"the newest came {words.span(self.lag)} after it happened{usual}"


class Bar(NamedTuple):
    """One minute of the strip, in pixels of a picture 480 wide."""

    x: int
    height: float
    words: str


def read(viewer: Viewer, most: int = _READ) -> Pulse:
    """Read the newest events of the log, at most so many."""
    this = moment(now())
    minutes, last = [0] * MINUTES, dict[str, datetime]()
    late: list[timedelta] = []
    oldest = this
    for entry in viewer.home.log(newest_first=True, limit=most):
        last[entry.event_name] = max(entry.event_time, last.get(entry.event_name, entry.event_time))
        if entry.recorded_at is None:
            continue
        oldest = entry.recorded_at
        late.append(max(timedelta(), entry.recorded_at - entry.event_time))
        ago = int((this - entry.recorded_at).total_seconds() // 60)
        if 0 <= ago < MINUTES:
            minutes[MINUTES - 1 - ago] += 1
    is_more = len(late) == most and this - oldest < timedelta(minutes=MINUTES)
    return Pulse(minutes, is_more, last, late[0] if late else None, _usual(late), bool(late) and min(late) > _A_DAY)


def _usual(late: Sequence[timedelta]) -> tuple[timedelta, timedelta] | None:
    if len(late) < _FEWEST:
        return None
    low, _, high = quantiles([one.total_seconds() for one in late], n=4)
    return timedelta(seconds=low), timedelta(seconds=high)


def strip(found: Pulse) -> list[Bar]:
    """Draw the minutes in which something came."""
    most = max(found.minutes, default=0) or 1
    return [
        Bar(
            8 * place,
            3 + (_HEIGHT - 3) * number / most,
            f"{words.count(number, 'event')}, {words.count(MINUTES - 1 - place, 'minute')} ago",
        )
        for place, number in enumerate(found.minutes)
        if number
    ]
