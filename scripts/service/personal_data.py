"""What of an answer is left out for whom: who acted without `people`, students without `students`."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from outcomes.api.arguments import instant, now
from outcomes.domain.entities.observation import SEEN
from outcomes.domain.times import to_text
from outcomes.service.problems import Problem
from outcomes.service.questions import OF_TREE

_OF_ACTORS = ("user_id", "login", "via", "real_user_id", "request_id")
_ONE_PERSON = ("graded_by", "request")
_KINDS = {kind.value for kind in OF_TREE}
_A_DAY = 86_400_000_000

FEWEST = 10
"""Of fewer assessed students no figures are told without the right `students`."""


def is_of_student(row: Mapping[str, Any]) -> bool:
    """Say whether a row of a timeline tells of a student."""
    return "kind" in row and "event_name" in row and row["kind"] not in _KINDS


def without_people(value: Any) -> Any:
    """Return an answer in which actors have only their role and job."""
    if isinstance(value, list):
        return [without_people(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    return {name: _of_actor(name, inner) for name, inner in value.items()}


def _of_actor(name: str, value: Any) -> Any:
    if name == "actor" and isinstance(value, dict):
        if str(value.get("via")).startswith(SEEN):
            return value  # nobody acted: an export was read
        return {**value, **{member: None for member in _OF_ACTORS if member in value}}
    return None if name in _ONE_PERSON else without_people(value)


def whole_day(point: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return the point at the midnight before: figures of a class could be subtracted from moment to moment."""
    if point["known_at"] is not None:
        raise Problem(HTTPStatus.FORBIDDEN, "known_at of class figures needs the right students: leave it out")
    asked = instant(point["as_of"])
    moment = now() if asked is None else asked
    return {**point, "as_of": to_text(moment - moment % _A_DAY)}


def class_figures(row: dict[str, Any]) -> dict[str, Any]:
    """Return figures of a class without any where there are too few to hide in, and in whole per cents."""
    if row["assessed"] < FEWEST:
        none = dict.fromkeys(("students", "assessed", "mean", "median", "mastered"))
        return {**row, **none, "distribution": [], "kept": []}
    possible = max((level["points"] or 0 for level in row["distribution"]), default=0) or 1
    rounded = {name: _whole_percent(row[name], possible) for name in ("mean", "median")}
    levels = [{**level, "percent": round(level["percent"])} for level in row["distribution"]]
    return {**row, **rounded, "distribution": levels, "kept": []}


def moment_figures(row: dict[str, Any], *, is_known_at_head: bool) -> dict[str, Any]:
    """Return a moment that counts whose mastery flipped only where there are enough of them to hide in."""
    if not row["policy"]:
        return row
    told = row["flipped"] if is_known_at_head and row["flipped"] >= FEWEST else None
    # Of the two parts one may be small, though the sum is not.
    return {**row, "flipped": told, "gained": None, "lost": None}


def _whole_percent(points: float | None, possible: float) -> float | None:
    return None if points is None else round(round(points / possible, 2) * possible, 4)
