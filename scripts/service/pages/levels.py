"""Where a score stands on its scale, as a shape, a word and a colour: any one of the three is enough to tell it."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Standing(NamedTuple):
    """One of five places on a scale, or none."""

    key: str
    shape: str
    words: str


BEYOND = Standing("beyond", "★", "beyond mastery")
MASTERY = Standing("mastery", "✓", "mastery")
NEAR = Standing("near", "◐", "near mastery")
BELOW = Standing("below", "▽", "below mastery")
FAR = Standing("far", "○", "well below mastery")
NONE = Standing("none", "–", "not assessed")
UNKNOWN = Standing("unknown", "?", "scale unknown")
STANDINGS = (BEYOND, MASTERY, NEAR, BELOW, FAR)


def standing(row: Mapping[str, Any], levels: Sequence[float]) -> Standing:
    """Return where a score stands; `levels` are the points of its scale, highest first.

    Mastery is what the rollup says (a score of at least the mastery points), not what a level is called
    (DOMAIN.md 5.11).
    """
    score, mastery = row["score"], row["mastery_points"]
    if score is None:
        return NONE
    if mastery is None:
        return UNKNOWN
    reached = next((points for points in levels if points <= score), None)
    if row["mastered"]:
        return BEYOND if reached is not None and reached > mastery else MASTERY
    lower = [points for points in levels if points < mastery]
    if reached is None:
        return FAR if lower else NEAR
    return (NEAR, BELOW)[lower.index(reached)] if reached in lower[:2] else FAR
