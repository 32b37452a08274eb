"""A score through time as a step line, with the mastery line as it then was, and uprights where scoring was edited."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from outcomes.domain.times import parse_moment
from outcomes.service.pages.score_times import EDITS

HEIGHT, TOP, BOTTOM = 120.0, 10.0, 24.0
_FEWEST_DAYS = 14
_MONTH_WIDTH = (9.0, 17.0)
"""Per cent of the width that the name of a month needs, and one with its year."""
_LABEL_WIDTH = 22.0
"""Per cent of the width that words over an upright need."""


@dataclass(frozen=True)
class Stroke:
    """A straight line. `x` are per cent of the width, `y` pixels."""

    x1: float
    y1: float
    x2: float
    y2: float
    kind: str


@dataclass(frozen=True)
class Dot:
    """A move of the score."""

    x: float
    y: float
    kind: str
    words: str
    at: str


@dataclass(frozen=True)
class Tick:
    """A number beside the picture, or a month below it."""

    place: float
    words: str


@dataclass(frozen=True)
class Chart:
    """All of it."""

    strokes: Sequence[Stroke]
    dots: Sequence[Dot]
    levels: Sequence[Tick]
    months: Sequence[Tick]
    edits: Sequence[Tick]
    height: float = HEIGHT


@dataclass(frozen=True)
class Span:
    """The times and points that a picture shows."""

    first: datetime
    last: datetime
    most: float

    def x(self, time: datetime) -> float:
        """Return a time's place, in per cent."""
        whole = max((self.last - self.first).total_seconds(), _FEWEST_DAYS * 86_400)
        return min(100.0, max(0.0, 100 * (time - self.first).total_seconds() / whole))

    def y(self, points: float) -> float:
        """Return the place of points, in pixels."""
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * min(points, self.most) / self.most


def chart(
    moves: Sequence[Mapping[str, Any]], lines: Sequence[tuple[str, float]], edits: Sequence[tuple[str, str]], span: Span
) -> Chart:
    """Draw moves of a score; `lines` are the mastery points from each time on, `edits` times with words."""
    strokes = [*_steps([(one["at"], one["score"]) for one in moves], span, "score"), *_steps(lines, span, "mastery")]
    dots = [_dot(one, span) for one in moves if one["score"] is not None]
    uprights = [
        Stroke(span.x(parse_moment(at)), TOP, span.x(parse_moment(at)), HEIGHT - BOTTOM, "edit") for at, _ in edits
    ]
    levels = [Tick(span.y(points), f"{points:g}") for points in _ticks(span.most)]
    labels = _apart([Tick(span.x(parse_moment(at)), words) for at, words in edits])
    return Chart([*uprights, *strokes], dots, levels, _months(span), labels)


def _apart(labels: Sequence[Tick]) -> list[Tick]:
    """Leave out labels that would lie over another; their uprights stay, and the table has them all."""
    found: list[Tick] = []
    for label in labels:
        if not found or label.place - found[-1].place > _LABEL_WIDTH:
            found.append(label)
    return found


def _dot(one: Mapping[str, Any], span: Span) -> Dot:
    is_edit = one["cause"] in EDITS
    kind = "edit" if is_edit else "work"
    words = f"{one['at'][:10]}: {one['score']:.2f}, by {'an edit' if is_edit else 'work'}"
    return Dot(span.x(parse_moment(one["at"])), span.y(one["score"]), kind, words, one["at"])


def _steps(points: Sequence[tuple[str, float | None]], span: Span, kind: str) -> list[Stroke]:
    found: list[Stroke] = []
    for place, (at, value) in enumerate(points):
        if value is None:
            continue
        x, y = span.x(parse_moment(at)), span.y(value)
        is_last = place + 1 == len(points)
        after = span.x(span.last) if is_last else span.x(parse_moment(points[place + 1][0]))
        found.append(Stroke(x, y, after, y, kind))
        following = None if is_last else points[place + 1][1]
        if following is not None and following != value:
            found.append(Stroke(after, y, after, span.y(following), kind))
    return found


def _ticks(most: float) -> list[int]:
    step = 1 if most <= 6 else 2 if most <= 12 else round(most / 5) or 1  # noqa: PLR2004 - how many numbers fit
    return list(range(0, int(most) + 1, int(step)))


def _months(span: Span) -> list[Tick]:
    found: list[Tick] = []
    free = 0.0
    year, month = span.first.year, span.first.month
    while True:
        month, year = (1, year + 1) if month == 12 else (month + 1, year)  # noqa: PLR2004 - months of a year
        start = span.first.replace(year=year, month=month, day=1, hour=0, minute=0, second=0, microsecond=0)
        if start > span.last:
            return found
        x = span.x(start)
        words = f"{start:%b}" if month != 1 else f"{start:%b %Y}"
        if x >= free and x + _MONTH_WIDTH[len(words) > 3] <= 100 + _MONTH_WIDTH[0] / 2:  # noqa: PLR2004
            found.append(Tick(x, words))
            free = x + _MONTH_WIDTH[len(words) > 3]  # noqa: PLR2004 - letters of a month without its year
