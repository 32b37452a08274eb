"""Links: an outcome's place in a group. An outcome may have many, in many contexts (DOMAIN.md 6)."""

from typing import ClassVar

from outcomes.domain.aggregate import Aggregate
from outcomes.domain.columns import Column, Columns
from outcomes.domain.event import Body, event_types
from outcomes.domain.identity import Context, Kind, LocalId, context_of


class LinkBody(Body):
    """Fields of learning_outcome_link_* (DOMAIN.md 3). Context is the group's, not the outcome's."""

    id_field: ClassVar[str] = "learning_outcome_link_id"
    columns: ClassVar[Columns] = {
        "outcome_id": Column("learning_outcome_id"),
        "group_id": Column("learning_outcome_group_id"),
    }

    learning_outcome_link_id: LocalId
    learning_outcome_id: LocalId
    learning_outcome_context_uuid: str | None = None
    learning_outcome_group_id: LocalId | None = None
    learning_outcome_group_context_uuid: str | None = None
    context_type: str | None = None
    context_id: LocalId | None = None

    @property
    def context(self) -> Context:
        """The tree in which the outcome hangs by this link."""
        return context_of(self.context_type, self.context_id)


class OutcomeLink(Aggregate[LinkBody]):
    """A link after some of its events."""

    kind: ClassVar[Kind] = Kind.LINK


LINK_EVENTS = event_types("learning_outcome_link", Kind.LINK, LinkBody)
"""An outcome was put into a group; its link was moved to another group, deleted or brought back."""
