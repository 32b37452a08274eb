"""What of an answer is left out for whom: people without `people`, students without `students` or beyond the scope."""

import re
from collections.abc import Container, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any

from outcomes.api.arguments import instant, now
from outcomes.domain.entities.observation import SEEN
from outcomes.domain.identity import Kind
from outcomes.domain.times import DAY, to_text
from outcomes.service.problems import Problem
from outcomes.service.questions import OF_TREE, rights_of
from outcomes.store.access.rights import Right

_OF_ACTORS = ("user_id", "login", "via", "real_user_id", "request_id")
_ONE_PERSON = ("graded_by", "request")
_QUOTED = re.compile(r"(cannot be|is) (['\"\[{(].*|-?\d.*)", re.DOTALL)
_KINDS = {kind.value for kind in OF_TREE}

FEWEST = 10
"""Of fewer assessed students no figures are told without the right `students`."""


def is_of_student(row: Mapping[str, Any]) -> bool:
    """Say whether a row tells what an event changed of a student."""
    return _is_change(row) and row["kind"] not in _KINDS


def _is_change(row: Mapping[str, Any]) -> bool:
    return "kind" in row and "event_name" in row


@cache
def _kinds_seen_with(rights: frozenset[Right]) -> frozenset[str]:
    return frozenset(kind.value for kind in Kind if rights_of(kind) <= rights)


class Fence:
    """What of an answer one grant may see: the same rule for all that is asked, however deep in the answer it stands.

    What an event changed is told to who may see entities of its kind; of students of courses beyond the scope nothing
    is; and of who acted those without the right `people` are told the role and the job.
    """

    def __init__(self, rights: frozenset[Right], courses: Container[str] | None) -> None:
        """`courses` are those of the scope; None: all."""
        self._courses = courses
        self._is_open = {Right.STUDENTS, Right.PEOPLE} <= rights and courses is None
        self._names_people = Right.PEOPLE in rights
        self._kinds = _kinds_seen_with(rights)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any] | None:
        """Return what is told of a row, or of a document; None for nothing."""
        if self._is_open:
            return row
        return self.told(row) if self._may_see(row) else None

    def told(self, value: Any) -> Any:
        """Return what is told of any part of an answer."""
        if isinstance(value, list):
            return [self.told(inner) for inner in value if self._may_see(inner)]
        if not isinstance(value, dict):
            return value
        return {name: self._member(name, inner) for name, inner in value.items()}

    def _may_see(self, value: Any) -> bool:
        if not isinstance(value, dict):
            return True
        if _is_change(value) and value["kind"] not in self._kinds:
            return False
        student, course = value.get("student"), value.get("course_id")
        return self._courses is None or student is None or course is None or course in self._courses

    def _member(self, name: str, value: Any) -> Any:
        if not self._names_people:
            if name == "actor" and isinstance(value, dict):
                return _role_of(value)
            if name in _ONE_PERSON:
                return None
        return self.told(value) if self._may_see(value) else None


_EACH_BUT_PEOPLE = Fence(frozenset(Right) - {Right.PEOPLE}, None)


def without_people(value: Any) -> Any:
    """Return an answer as who sees all but people is told it."""
    return _EACH_BUT_PEOPLE.told(value)


def without_values(reason: str) -> str:
    """Return why something could not be read, without the values that it quotes: of whom they tell nobody knows."""
    return _QUOTED.sub(r"\1 what stands there", reason)


def _role_of(actor: dict[str, Any]) -> dict[str, Any]:
    if str(actor.get("via")).startswith(SEEN):
        return actor  # nobody acted: an export was read
    return {**actor, **{member: None for member in _OF_ACTORS if member in actor}}


def whole_day(point: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return the point at the midnight before: figures of a class could be subtracted from moment to moment."""
    if point["known_at"] is not None:
        raise Problem(HTTPStatus.FORBIDDEN, "known_at of class figures needs the right students: leave it out")
    asked = instant(point["as_of"])
    moment = now() if asked is None else asked
    return {**point, "as_of": to_text(moment - moment % DAY)}


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
