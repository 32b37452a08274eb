"""Results: one assessment of one student against one outcome."""

from typing import ClassVar

from outcomes.domain.aggregate import Aggregate
from outcomes.domain.columns import Column, Columns
from outcomes.domain.entities.outcome import WholeNumber
from outcomes.domain.event import Body, event_types
from outcomes.domain.identity import Kind, LocalId
from outcomes.domain.times import Timestamp
from outcomes.domain.upcasting import OF_RESULTS, Shapes


class ResultBody(Body):
    """Fields of learning_outcome_result_* (DOMAIN.md 3).

    `percent` is a share of the outcome's scale, already rescaled, and may exceed 1; `mastery` was judged by the
    assessment's own rule. A blank criterion has no score. Archives of 2019/20 carry no `id`: those go to quarantine.
    """

    id_field: ClassVar[str] = "id"
    shapes: ClassVar[Shapes] = OF_RESULTS
    schema_version: ClassVar[int] = 7
    columns: ClassVar[Columns] = {
        "score": Column(),
        "possible": Column(),
        "percent": Column(),
        "assessed_at": Column(),
        "artifact_type": Column(),
        "artifact_id": Column(),
    }

    id: LocalId
    learning_outcome_id: LocalId
    learning_outcome_context_uuid: str | None = None
    result_context_id: LocalId | None = None
    result_context_type: str | None = None
    result_context_uuid: str | None = None
    user_uuid: str | None = None
    score: float | None = None
    possible: float | None = None
    percent: float | None = None
    mastery: bool | None = None
    original_score: float | None = None
    original_possible: float | None = None
    original_mastery: bool | None = None
    attempt: WholeNumber | None = None
    assessed_at: Timestamp | None = None
    created_at: Timestamp | None = None
    artifact_type: str | None = None
    artifact_id: LocalId | None = None
    artifact_created_at: Timestamp | None = None
    artifact_updated_at: Timestamp | None = None
    associated_asset_type: str | None = None
    associated_asset_id: LocalId | None = None


class OutcomeResult(Aggregate[ResultBody]):
    """A result after some of its events."""

    kind: ClassVar[Kind] = Kind.RESULT


RESULT_EVENTS = event_types("learning_outcome_result", Kind.RESULT, ResultBody)
"""A student was assessed; the assessment was marked again, deleted or brought back."""
