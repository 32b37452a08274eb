"""Assignments: what the work behind a result is called (DOMAIN.md 2)."""

from typing import ClassVar

from outcomes.domain.aggregate import Aggregate
from outcomes.domain.columns import Column, Columns
from outcomes.domain.event import Body, event_types
from outcomes.domain.identity import Kind, LocalId


class AssignmentBody(Body):
    """Fields of assignment_* that name it. Ids in it are *global*, those of results are not (DOMAIN.md 1.10)."""

    id_field: ClassVar[str] = "assignment_id"
    columns: ClassVar[Columns] = {
        "title": Column(),
    }

    assignment_id: LocalId
    title: str | None = None


class Assignment(Aggregate[AssignmentBody]):
    """An assignment after some of its events."""

    kind: ClassVar[Kind] = Kind.ASSIGNMENT


ASSIGNMENT_EVENTS = event_types("assignment", Kind.ASSIGNMENT, AssignmentBody)
