"""Friendly descriptions: an outcome in words for students (DOMAIN.md 3 and 7)."""

from typing import ClassVar

from outcomes.domain.aggregate import Aggregate
from outcomes.domain.columns import Column, Columns
from outcomes.domain.event import Body, event_types
from outcomes.domain.identity import Context, Kind, LocalId, context_of


class FriendlyDescriptionBody(Body):
    """Fields of outcome_friendly_description_*: words for students, one per outcome and context."""

    id_field: ClassVar[str] = "outcome_friendly_description_id"
    columns: ClassVar[Columns] = {
        "outcome_id": Column("learning_outcome_id"),
        "description": Column(),
    }

    outcome_friendly_description_id: LocalId
    learning_outcome_id: LocalId | None = None
    description: str | None = None
    context_type: str | None = None
    context_id: LocalId | None = None

    @property
    def context(self) -> Context:
        """Where the description was written."""
        return context_of(self.context_type, self.context_id)


class FriendlyDescription(Aggregate[FriendlyDescriptionBody]):
    """A friendly description after some of its events."""

    kind: ClassVar[Kind] = Kind.FRIENDLY_DESCRIPTION


FRIENDLY_DESCRIPTION_EVENTS = event_types(
    "outcome_friendly_description", Kind.FRIENDLY_DESCRIPTION, FriendlyDescriptionBody
)
