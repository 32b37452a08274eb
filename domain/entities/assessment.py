"""Rubric assessments: when work was handed in, and who graded it (DOMAIN.md 2 and 5.5)."""

from typing import ClassVar

from outcomes.domain.aggregate import Aggregate
from outcomes.domain.columns import Column, Columns
from outcomes.domain.event import Body, event_types
from outcomes.domain.identity import Kind, LocalId
from outcomes.domain.times import Timestamp


class AssessmentBody(Body):
    """Fields of rubric_assessed: when the work was handed in, and (in the envelope) who graded it.

    `id` is the artifact_id of the results that the grading makes. Without a submission `submitted_at` repeats
    `updated_at`: then there was no time of handing in (DOMAIN.md 5.5).
    """

    id_field: ClassVar[str] = "id"
    columns: ClassVar[Columns] = {
        "handed_in_at": Column(),
        "assessment_type": Column(),
        "grader_id": Column("metadata.user_id"),
        "grader_login": Column("metadata.user_login"),
    }

    id: LocalId
    artifact_id: LocalId | None = None
    artifact_type: str | None = None
    assessment_type: str | None = None
    submitted_at: Timestamp | None = None
    created_at: Timestamp | None = None

    @property
    def handed_in_at(self) -> Timestamp | None:
        """When the work was handed in, if it was."""
        return None if self.submitted_at == self.updated_at else self.submitted_at


class Assessment(Aggregate[AssessmentBody]):
    """A rubric assessment after some of its events."""

    kind: ClassVar[Kind] = Kind.ASSESSMENT


ASSESSMENT_EVENTS = event_types("rubric_assessed", Kind.ASSESSMENT, AssessmentBody, "")
