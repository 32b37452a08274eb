"""Outcome groups: the folders of an account's, a course's or the global outcome tree."""

from typing import ClassVar

from outcomes.domain.aggregate import Aggregate
from outcomes.domain.columns import Column, Columns
from outcomes.domain.event import Body, event_types
from outcomes.domain.identity import Context, Kind, LocalId, context_of


class GroupBody(Body):
    """Fields of learning_outcome_group_* (DOMAIN.md 3). No parent means a root of its context."""

    id_field: ClassVar[str] = "learning_outcome_group_id"
    columns: ClassVar[Columns] = {
        "title": Column(),
        "vendor_guid": Column(),
        "parent_id": Column("parent_outcome_group_id"),
    }

    learning_outcome_group_id: LocalId
    context_type: str | None = None
    context_id: LocalId | None = None
    context_uuid: str | None = None
    title: str | None = None
    description: str | None = None
    vendor_guid: str | None = None
    parent_outcome_group_id: LocalId | None = None
    parent_outcome_group_context_uuid: str | None = None

    @property
    def context(self) -> Context:
        """The tree that the group is part of."""
        return context_of(self.context_type, self.context_id)


class OutcomeGroup(Aggregate[GroupBody]):
    """A group after some of its events."""

    kind: ClassVar[Kind] = Kind.GROUP


GROUP_EVENTS = event_types("learning_outcome_group", Kind.GROUP, GroupBody)
"""A group came into being; it was renamed, moved, archived, deleted or brought back."""
