"""Where a score stands on its scale, as a shape, a word and a colour: any one of the three is enough to tell it."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from outcomes.service.pages import words


class Standing(NamedTuple):
    """One of five places on a scale, or none."""

    key: str
    shape: str
    words: str


BEYOND = Standing("beyond", "★", "mastered, a level above or more")
MASTERY = Standing("mastery", "✓", "mastered")
NEAR = Standing("near", "◐", "not mastered, one level short")
BELOW = Standing("below", "▽", "not mastered, two levels short")
FAR = Standing("far", "○", "not mastered, further short")
NONE = Standing("none", "–", "not assessed")
UNKNOWN = Standing("unknown", "?", "scale unknown")
STANDINGS = (BEYOND, MASTERY, NEAR, BELOW, FAR)


def levels_of(figures: Mapping[str, Any]) -> dict[float, str]:
    """Return the levels of an outcome's scale by the figures of its class: their names by points, highest first."""
    named = {level["points"]: level["rating"] or "" for level in figures["distribution"]}
    return dict(sorted(named.items(), reverse=True))


def said(row: Mapping[str, Any], place: Standing, levels: Mapping[float, str]) -> tuple[str, str]:
    """Say where a score stands, by the names of its own scale, and where mastery begins on it.

    A scale's names and its mastery points are set apart in Canvas: that mastery may begin at “Nearly there” is said,
    so that a name and a mark do not seem to be at odds.
    """
    name = f"“{row['rating']}”: " if row["rating"] else ""
    if place == UNKNOWN:
        return place.words, ": no event has told from how many points on this is mastered"
    if row["mastery_points"] is None or row["score"] is None:
        return f"{name}{place.words}", ""
    points = f"{words.number(row['mastery_points'])} of {words.number(row['points_possible'])} points"
    begins = levels.get(row["mastery_points"])
    return f"{name}{place.words}", f"; mastery begins at {f'“{begins}”, {points}' if begins else points}"


def standing(row: Mapping[str, Any], levels: Iterable[float]) -> Standing:
    """Return where a score stands; `levels` are the points of its scale, highest first.

    Mastery is what the rollup says (a score of at least the mastery points), not what a level is called
    (DOMAIN.md 5.11).
    """
    score, mastery = row["score"], row["mastery_points"]
    if mastery is None and row["results_counted"]:
        return UNKNOWN
    if score is None or mastery is None:
        return NONE
    levels = list(levels)
    reached = next((points for points in levels if points <= score), None)
    if row["mastered"]:
        return BEYOND if reached is not None and reached > mastery else MASTERY
    lower = [points for points in levels if points < mastery]
    if reached is None:
        return FAR if lower else NEAR
    return (NEAR, BELOW)[lower.index(reached)] if reached in lower[:2] else FAR
