"""Learning outcomes: what students should be able to do, and the criterion that says when they can."""

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from outcomes.domain.aggregate import Aggregate
from outcomes.domain.columns import Column, Columns
from outcomes.domain.event import Body, event_types
from outcomes.domain.identity import Context, Kind, LocalId, context_of

_SIXTY_THREE_BITS = 2**63

WholeNumber = Annotated[int, Field(ge=-_SIXTY_THREE_BITS, lt=_SIXTY_THREE_BITS)]
"""An integer that a database can hold."""


class CriterionRating(BaseModel):
    """One level of a criterion. The editor sorts by points, the course importer does not (DOMAIN.md 3)."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False, defer_build=True)

    description: str | None = None
    points: float | None = None


class RubricCriterion(BaseModel):
    """The outcome's own scale; it stays here even where an account's mastery scale is in force."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False, defer_build=True)

    description: str | None = None
    mastery_points: float | None = None
    points_possible: float | None = None
    ratings: tuple[CriterionRating, ...] | None = None


class OutcomeBody(Body):
    """Fields of learning_outcome_* (DOMAIN.md 3). Context is where it was *created*; none means global."""

    id_field: ClassVar[str] = "learning_outcome_id"
    columns: ClassVar[Columns] = {
        "title": Column("label"),
        "display_name": Column(in_tree=True),
        "vendor_guid": Column(),
        "mastery_points": Column(in_tree=True),
        "points_possible": Column(in_tree=True),
        "calculation_method": Column(in_tree=True),
        "calculation_int": Column(in_tree=True),
        "ratings": Column(),
        "by_import": Column("metadata.is_by_import"),
    }

    learning_outcome_id: LocalId
    context_type: str | None = None
    context_id: LocalId | None = None
    context_uuid: str | None = None
    title: str | None = None
    short_description: str | None = None
    display_name: str | None = None
    description: str | None = None
    vendor_guid: str | None = None
    calculation_method: str | None = None
    calculation_int: WholeNumber | None = None
    rubric_criterion: RubricCriterion | None = None
    copied_from_outcome_id: LocalId | None = None
    original_outcome_root_account_uuid: str | None = None

    @property
    def context(self) -> Context:
        """Where the outcome was created."""
        return context_of(self.context_type, self.context_id)

    @property
    def label(self) -> str | None:
        """The title, which Canvas sends twice."""
        return self.title if self.title is not None else self.short_description

    @property
    def mastery_points(self) -> float | None:
        """From how many points on the outcome is mastered, by its own scale."""
        return None if self.rubric_criterion is None else self.rubric_criterion.mastery_points

    @property
    def points_possible(self) -> float | None:
        """What the outcome's own scale goes up to."""
        return None if self.rubric_criterion is None else self.rubric_criterion.points_possible

    @property
    def ratings(self) -> tuple[CriterionRating, ...] | None:
        """The levels of the outcome's own scale."""
        return None if self.rubric_criterion is None else self.rubric_criterion.ratings


class Outcome(Aggregate[OutcomeBody]):
    """An outcome after some of its events."""

    kind: ClassVar[Kind] = Kind.OUTCOME


OUTCOME_EVENTS = event_types("learning_outcome", Kind.OUTCOME, OutcomeBody)
"""An outcome came into being, or a course copy registered it; it was edited, archived, deleted or brought back."""
