"""Ruby's rounding and summing, exactly, because every Canvas score ends in `Float#round(2)`.

Python's `round` is a different function: it goes to the even neighbour of the exact binary value,
which gives another second decimal for about 3 % of the averages that end near a half.
Source of every rule here: DOMAIN.md 5.9.
"""

import math
from collections.abc import Sequence
from typing import Final

# Ruby hands a float back untouched when its binary exponent leaves no room for the digits asked for.
_NO_ROOM: Final = 2.0**59
_SCALE: Final = 100.0
_HALF: Final = 0.5


def round2(value: float) -> float:
    """Round to 2 decimals as Ruby's `Float#round(2)` does: `round2(1.005)` is 1.01, `round2(4.125)` 4.13.

    Halves go away from zero; infinities and nan come back as they are. DOMAIN.md 5.9 (iii).
    """
    if not -_NO_ROOM < value < _NO_ROOM:  # written so that nan takes this way out too
        return value
    # The rule is symmetric around zero, so one branch on the magnitude is enough.
    size = abs(value)
    scaled = size * _SCALE
    nearest = float(math.floor(scaled))
    if scaled - nearest >= _HALF:
        nearest += 1.0
    # The product may have fallen just short of a half that the value itself reaches: 1.005 * 100
    # is 100.49999999999999. Ruby asks the quotient too.
    if (nearest + _HALF) / _SCALE <= size:
        nearest += 1.0
    return math.copysign(nearest / _SCALE, value)


def round_half_up(value: float) -> int:
    """Round a value >= 0 to the nearest whole number, halves up (Ruby's `Float#round`). DOMAIN.md 5.10."""
    whole = math.floor(value)
    return whole + 1 if value - whole >= _HALF else whole


def mean(values: Sequence[float]) -> float:
    """Give the plain mean of at least one value.

    Ruby's `Array#sum` is compensated; `fsum` is exact and gives the same rounded answers, which
    left-to-right addition does not. DOMAIN.md 5.9 (i).
    """
    try:
        return math.fsum(values) / len(values)
    except (OverflowError, ValueError):
        # No such score is real, but one absurd event must not stop the answers about everyone else.
        return sum(value / len(values) for value in values)
