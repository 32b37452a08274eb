"""Two points compared."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from outcomes.api.answers.base import Answer, Record, as_json, moment_of, optional
from outcomes.api.answers.rows import Rows


@dataclass(frozen=True)
class Heading(Record):
    """Which point an answer is of: `as_of` None means all event times; `known_at` is a position of the log."""

    tenant: str
    as_of: datetime | None
    known_at: int

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """Take over what the projection tells."""
        return cls(told["tenant"], moment_of(told["as_of"]), told["known_at"])


@dataclass(frozen=True)
class NodeChange(Record):
    """A place that was added, removed or moved, or an entity that was changed where it is.

    `fields` has the value before and after of each field that differs; `parent` the group before and after of what
    was moved; `renamed` the title before and after, where it differs.
    """

    kind: str
    id: str
    title: str | None
    context: str
    parent_id: str | None
    fields: Mapping[str, tuple[Any, Any]]
    link_id: str | None = None
    parent: tuple[str | None, str | None] | None = optional(default=None)
    renamed: tuple[str | None, str | None] | None = optional(default=None)

    def as_json(self) -> dict[str, Any]:
        """Return the contract's row; `link_id` stands in that of an outcome only."""
        told = super().as_json()
        if self.kind != "outcome":
            del told["link_id"]
        return told


@dataclass(frozen=True)
class PolicyDifference(Record):
    """A mastery scale or a calculation method that differs: `change` is created, updated, deleted or removed."""

    kind: str
    id: str
    title: str
    change: str
    fields: Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True)
class ScoreChange(Record):
    """A student whose score or mastery of an outcome differs: each before and after, None where not assessed.

    `enrollment` is told where two points are compared.
    """

    course_id: str
    student: str
    outcome_id: str
    outcome_title: str | None
    score: tuple[float | None, float | None]
    mastered: tuple[bool | None, bool | None]
    enrollment: str | None = optional(default=None)

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """Take over what the projection tells."""
        return cls(**{**told, "score": tuple(told["score"]), "mastered": tuple(told["mastered"])})


class ScoreChanges(Rows[ScoreChange]):
    """Whose score or mastery differs between two points, course by course; read as it is iterated."""

    row_type = ScoreChange


@dataclass(frozen=True, repr=False)
class Diff(Answer):
    """What makes the second tree of the first; `students`, if they were asked for, are read as they are iterated."""

    added: tuple[NodeChange, ...]
    removed: tuple[NodeChange, ...]
    moved: tuple[NodeChange, ...]
    changed: tuple[NodeChange, ...]
    policies: tuple[PolicyDifference, ...]
    students: ScoreChanges | None
    before: Heading
    after: Heading
    remarks: tuple[str, ...] = ()
    """In words, where what was asked lies beyond what the log holds, and which head answers. Not part of the JSON."""

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(getattr(self, name))} {name}" for name in PLACES)
        return f"<diff: {counts}; print it>"

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return any(rows for _, rows in self.sections())

    def sections(self) -> Iterator[tuple[str, Iterable[Record]]]:
        """Yield each list of differences with its name, in the contract's order."""
        for name in (*PLACES, "policies"):
            yield name, getattr(self, name)
        if self.students is not None:
            yield "students", self.students

    def as_json(self) -> dict[str, Any]:
        """Return the contract's answer."""
        return {name: as_json(rows) for name, rows in self.sections()} | {
            "from": self.before.as_json(),
            "to": self.after.as_json(),
        }

    def as_lines(self) -> Iterator[dict[str, Any]]:
        """Yield a difference a line, all with the same columns, whatever it tells of."""
        for name, rows in self.sections():
            for row in rows:
                told = row.as_json()
                yield {column: told.get(column) for column in _COLUMNS} | {"change": told.get("change") or name}

    def columns(self) -> tuple[str, ...]:
        """Return what is told of a difference of any sort."""
        return _COLUMNS


PLACES = ("added", "removed", "moved", "changed")
_COLUMNS = (
    "change",
    "kind",
    "id",
    "title",
    "context",
    "parent_id",
    "link_id",
    "parent",
    "renamed",
    "fields",
    "course_id",
    "student",
    "outcome_id",
    "score",
    "mastered",
)


def node_change(told: Mapping[str, Any]) -> NodeChange:
    """Take over what the projection tells of a node."""
    pairs = {name: tuple(told[name]) for name in ("parent", "renamed") if name in told}
    return NodeChange(**{**told, "fields": changes(told["fields"]), **pairs})


def policy_difference(told: Mapping[str, Any]) -> PolicyDifference:
    """Take over what the projection tells of a scale or method."""
    return PolicyDifference(**{**told, "fields": changes(told["fields"])})


def changes(told: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return what a projection tells of fields, each as its value before and after."""
    return {name: (before, after) for name, (before, after) in told.items()}
