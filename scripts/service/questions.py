"""Every question that has an address: which method of the API answers it, and which rights it needs.

A method's keyword arguments are the parameters of its route, so a new question is one line of `QUESTIONS`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from inspect import Parameter, signature
from typing import Any
from urllib.parse import parse_qsl

from outcomes.api.answers.base import Answer
from outcomes.api.home import Home
from outcomes.api.point import Point
from outcomes.api.quarantine import Quarantine
from outcomes.domain.identity import Kind, parse_entity, parse_kind
from outcomes.store.access.rights import Right

POINT = ("tenant", "as_of", "known_at")
"""Where every question is asked."""

OF_TREE = frozenset(
    {
        Kind.OUTCOME,
        Kind.GROUP,
        Kind.LINK,
        Kind.PROFICIENCY,
        Kind.CALCULATION_METHOD,
        Kind.FRIENDLY_DESCRIPTION,
        Kind.ACCOUNT,
        Kind.COURSE,
        Kind.SETTING,
        Kind.ASSIGNMENT,
    }
)
"""Kinds that tell nothing of a student."""

_OF_PEOPLE = frozenset({Kind.USER, Kind.ENROLLMENT, Kind.ERASURE})
COURSES = "courses"
"""The parameter of a method that counts students of some courses only: no route takes it, the scope of a token sets it.
"""


@dataclass(frozen=True)
class Question:
    """One route: its path, the method that answers, the rights that it always needs.

    `renamed` has parameters that are called otherwise in an address than in Python; `hidden` those it does not take. It
    `is_small` if it is of one student's work for one outcome, and reads no more than that from the views alone.
    """

    path: str
    method: Callable[..., Answer | None]
    rights: frozenset[Right]
    renamed: Mapping[str, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    example: str = ""
    is_small: bool = False

    @property
    def name(self) -> str:
        """The command of the same name."""
        return self.path.split("/")[1]

    @cached_property
    def owner(self) -> type[Point | Quarantine | Home]:
        """The class whose method answers: it says of what the question is asked."""
        owners: tuple[type[Point | Quarantine | Home], ...] = (Point, Quarantine, Home)
        return next(owner for owner in owners if getattr(owner, self.method.__name__, None) is self.method)

    @cached_property
    def is_about_the_home(self) -> bool:
        """Whether it is about all that the home holds, whichever tenant's."""
        return self.owner is Quarantine or ("tenant" not in self.parameters and self.owner is Home)

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """The method's own parameters, by their names in Python."""
        found = dict(signature(self.method).parameters)
        return {name: found[name] for name in found if name != "self" and name not in self.hidden}

    def ask(self, home: Home, point: Mapping[str, str | None], given: Mapping[str, Any]) -> Answer | None:
        """Ask it, at a point, with what was given."""
        if self.owner is Point:
            return self.method(home.at(**point), **given)
        if self.owner is Quarantine:
            return self.method(home.quarantine, *([given["number"]] if "number" in given else []), **_but(given))
        return self.method(home, **given, **{name: point[name] for name in POINT if name in self.parameters})


def _but(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name != "number"}


_TREE, _STUDENTS = frozenset({Right.TREE}), frozenset({Right.STUDENTS})
_OPERATE = frozenset({Right.OPERATE})
_RAW = frozenset({Right.OPERATE, Right.STUDENTS, Right.PEOPLE})
_SCOPED = frozenset({COURSES})

QUESTIONS = (
    Question("/tree", Point.tree, _TREE, example="context=Account:1"),
    Question("/timeline", Point.timeline, _TREE, example="context=Account:1&limit=20&newest_first=true"),
    Question("/moments", Point.moments, _TREE, hidden=_SCOPED, example="context=Account:1&limit=20"),
    Question("/diff", Home.diff, _TREE, {"from_": "from"}, example="context=Account:1&from=2025-09-01&to=2025-12-01"),
    Question("/mastery", Point.mastery, _STUDENTS, hidden=frozenset({"scale"}), example="course=4450"),
    Question("/explain", Point.explain, _STUDENTS, example="course=4450&student=UUID&outcome=10464", is_small=True),
    Question("/history", Point.history, _STUDENTS, example="course=4450&student=UUID&outcome=10464"),
    Question("/impact", Point.impact, _STUDENTS, {"entity": "outcome"}, hidden=_SCOPED, example="outcome=10449"),
    Question("/class", Point.class_, _TREE, example="course=4450"),
    Question("/late", Point.late, _STUDENTS, example="over=2d"),
    Question("/digest", Point.digest, _TREE, example="as_of=2025-12-01"),
    Question("/settings", Point.settings, _TREE),
    Question("/scales", Point.scales, _TREE, example="context=Account:1"),
    Question("/places", Point.places, _TREE),
    Question("/students", Point.students, _STUDENTS),
    Question("/friendly_descriptions", Point.friendly_descriptions, _TREE, example="outcome=10467"),
    Question("/status", Home.status, _OPERATE),
    Question("/log", Home.log, _RAW, hidden=frozenset({"follow", "waiting"}), example="limit=20"),
    Question("/show/{kind}/{id}", Point.show, _TREE),
    Question("/blame/{kind}/{id}", Point.blame, _TREE),
    Question("/quarantine", Quarantine.list, _OPERATE),
    Question("/quarantine/{number}", Quarantine.show, _RAW),
)


def example_of(question: Question) -> dict[str, str]:
    """Return an example of each parameter that one needs to ask, and of some more."""
    return {"kind": "outcome", "id": "10449", "number": "1", **dict(parse_qsl(question.example))}


def kinds_named(given: Mapping[str, Any]) -> set[Kind]:
    """Return the kinds of entity that a question names; raises UsageError."""
    kinds = {parse_entity(text)[0] for text in given.get("entity") or () if isinstance(given["entity"], list)}
    named = given.get("kind") or []
    return kinds | {parse_kind(kind) for kind in ([named] if isinstance(named, str) else named)}


def rights_of(kind: Kind) -> frozenset[Right]:
    """Return the rights without which nothing is told of an entity of a kind, besides those of the question."""
    if kind in OF_TREE:
        return frozenset()
    return frozenset({Right.STUDENTS, Right.PEOPLE}) if kind in _OF_PEOPLE else _STUDENTS


def rights_needed(question: Question, given: Mapping[str, Any]) -> frozenset[Right]:
    """Return the rights that a question needs, as it is asked; raises UsageError."""
    needed = question.rights.union(*map(rights_of, kinds_named(given)))
    if given.get("students"):
        needed |= {Right.STUDENTS}
    if given.get("actor") or given.get("request"):
        needed |= {Right.PEOPLE}
    return needed
