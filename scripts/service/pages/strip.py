"""The strip: one bar a change, all equally far apart, up for added or changed, down for removed. Drawn as SVG."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log1p

from outcomes.service.pages.moments import Line, Moment

_UP, _DOWN = 30.0, 14.0
BASE = 34.0
"""Where bars stand, in pixels from the top."""
_LABEL_GAP, _FEW_GAP = 6.5, 22.0
"""Per cent of the width that a month's name needs: on a screen, on a phone."""


@dataclass(frozen=True)
class Bar:
    """One bar. `x` and `width` are per cent, the rest pixels."""

    x: float
    width: float
    top: float
    height: float
    drop: float
    kind: str
    address_at: str
    words: str


@dataclass(frozen=True)
class Label:
    """A month's name under the strip."""

    x: float
    words: str
    is_few: bool
    """Whether there is room for it on a phone, too."""


@dataclass(frozen=True)
class Strip:
    """All of it."""

    bars: Sequence[Bar]
    labels: Sequence[Label]
    here: float
    base: float
    summary: str


def strip(line: Line) -> Strip:
    """Draw a line of moments."""
    moments = line.moments
    number = max(1, len(moments))
    largest = max((log1p(one.added + one.changed + one.moved) for one in moments), default=1.0) or 1.0
    deepest = max((log1p(one.removed) for one in moments), default=1.0) or 1.0
    width = min(2.0, 70 / number)
    bars = [_bar(one, 100 * place / number, width, largest, deepest) for place, one in enumerate(moments)]
    here = 100 * max(line.here, 0) / number
    return Strip(bars, list(_labels(moments, number)), here, BASE, _summary(moments))


def _bar(one: Moment, x: float, width: float, largest: float, deepest: float) -> Bar:
    rise, fall = one.added + one.changed + one.moved, one.removed
    height = 4 + (_UP - 4) * log1p(rise) / largest if rise else 0.0
    drop = 4 + (_DOWN - 4) * log1p(fall) / deepest if fall else 0.0
    kind = "flips" if one.flipped else "policy" if one.policy else "plain"
    return Bar(x - width / 2, width, BASE - height, height, drop, kind, one.until, one.summary)


def _labels(moments: Sequence[Moment], number: int) -> Iterator[Label]:
    last_month, last_x, last_few = "", -100.0, -100.0
    for place, one in enumerate(moments):
        month = f"{one.time:%b %Y}"
        x = 100 * place / number
        if month != last_month and x - last_x >= _LABEL_GAP and x < 100 - _LABEL_GAP / 2:
            words = f"{one.time:%b}" if last_month[-4:] == month[-4:] else month
            is_few = x - last_few >= _FEW_GAP and x <= 100 - _FEW_GAP
            yield Label(x, words, is_few)
            last_x, last_few = x, x if is_few else last_few
            last_month = month


def _summary(moments: Sequence[Moment]) -> str:
    if not moments:
        return "No change is known"
    return f"{len(moments)} changes from {moments[0].time:%B %Y} to {moments[-1].time:%B %Y}"
