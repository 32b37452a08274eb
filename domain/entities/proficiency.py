"""Mastery scales ("outcome proficiencies"): an account's or course's own levels, and which one is mastery."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from outcomes.domain.aggregate import Aggregate
from outcomes.domain.columns import Column, Columns
from outcomes.domain.event import Body, event_types
from outcomes.domain.identity import Context, Kind, LocalId, context_of


class ProficiencyRating(BaseModel):
    """One level. Its own workflow_state is ignored: Canvas uses every rating of the scale (DOMAIN.md 3)."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False, defer_build=True)

    outcome_proficiency_rating_id: LocalId | None = None
    description: str | None = None
    points: float | None = None
    mastery: bool | None = None
    color: str | None = None
    workflow_state: str | None = None


class ProficiencyBody(Body):
    """Fields of outcome_proficiency_* (DOMAIN.md 3): the whole scale, highest points first."""

    id_field: ClassVar[str] = "outcome_proficiency_id"
    columns: ClassVar[Columns] = {
        "ratings": Column("outcome_proficiency_ratings"),
    }

    outcome_proficiency_id: LocalId
    context_type: str | None = None
    context_id: LocalId | None = None
    outcome_proficiency_ratings: tuple[ProficiencyRating, ...] | None = None

    @property
    def context(self) -> Context:
        """Where the scale was set."""
        return context_of(self.context_type, self.context_id)


class OutcomeProficiency(Aggregate[ProficiencyBody]):
    """A mastery scale after some of its events."""

    kind: ClassVar[Kind] = Kind.PROFICIENCY


PROFICIENCY_EVENTS = event_types("outcome_proficiency", Kind.PROFICIENCY, ProficiencyBody)
"""A mastery scale was saved for the first time; again, perhaps unchanged; deleted or brought back under the same id."""
