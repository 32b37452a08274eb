"""Results: one student's showing on one outcome in one piece of work, and its event as text.

These are nine in ten of all events, so a line is put together from prepared text instead of serialising objects.
Everything in it is ASCII without quotes: ids, uuids, times, numbers.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from scripts.generator.clock import stamp
from scripts.generator.entities import Course, Outcome

RUBRIC, QUIZ, LIVE = "RubricAssessment", "Quizzes::QuizSubmission", "LiveAssessments::Submission"
"""What a result can be read from, under Canvas's names."""

_MASTERY = {True: '"mastery":true,', False: '"mastery":false,', None: ""}

ALIGNED_AT = 0.6
"""The share of a quiz's points that its question banks call mastery."""


class Wording(NamedTuple):
    """What a score says in an event, as text: the few scores of a rubric are worded once."""

    score: str
    percent: str
    original: str


@dataclass(slots=True)
class Criterion:
    """A row of a rubric, or a question bank, frozen when the work was set: later edits do not reach it."""

    outcome: str
    points: tuple[float, ...]
    mastery_points: float
    possible: float
    bar: float | None
    """For question banks: the outcome's own mastery as a share of its scale."""
    wordings: dict[float, Wording] = field(default_factory=dict)

    @classmethod
    def of(cls, outcome: Outcome, questions: int | None = None) -> "Criterion":
        """Draw up the row for an outcome as it is today; with a number of questions, as a bank."""
        levels, mastery = outcome.scale.levels, outcome.scale.mastery_points
        text = f'"learning_outcome_id":"{outcome.id}","learning_outcome_context_uuid":"{outcome.place.uuid}"'
        if questions:
            points = tuple(float(right) for right in range(questions, -1, -1))
            return cls(text, points, mastery, float(questions), mastery / levels[0][1])
        return cls(text, tuple(points for _, points in levels), mastery, levels[0][1], None)

    def wording(self, score: float) -> Wording:
        """Put a score into words."""
        words = self.wordings.get(score)
        if not words:
            passed = "true" if self.masters(score) else "false"
            words = self.wordings[score] = Wording(
                f'"score":{score},',
                f'"percent":{self.percent(score)},',
                f'"original_score":{score},"original_mastery":{passed},',
            )
        return words

    def percent(self, score: float) -> float:
        """Return the share of the outcome's scale a score stands for, as Canvas works it out (DOMAIN.md 5.6)."""
        share = score / self.possible
        if self.bar is None or self.bar == ALIGNED_AT:
            return share
        if share <= ALIGNED_AT:
            return round(share * self.bar / ALIGNED_AT, 4)
        over = (share - ALIGNED_AT) / (1 - ALIGNED_AT)
        return round(self.bar + over * (1 - self.bar), 4)

    def masters(self, score: float) -> bool:
        """Tell whether the work's own rule calls a score mastery; nobody revises this when the outcome changes."""
        return score >= self.mastery_points if self.bar is None else score >= ALIGNED_AT * self.possible


@dataclass(slots=True)
class Artifact:
    """What a result was read from: a rubric assessment or a quiz submission of one student."""

    id: int
    student: int
    user_uuid: str
    created: str
    updated: str
    submission: int = 0
    submitted: str | None = None
    """When the student handed it in, or None for work marked without a submission."""


@dataclass(slots=True)
class Result:
    """One row of the results table."""

    id: int
    criterion: Criterion
    artifact: Artifact
    score: float | None
    original: float | None
    mastery: bool | None
    created: str
    assessed: str
    attempt: int = 1
    state: str = "active"

    def score_again(self, score: float | None, assessed: str) -> None:
        """Mark again; what it was at first stays on record."""
        self.score = score
        self.mastery = None if score is None else self.criterion.masters(score)
        self.assessed = assessed


@dataclass(frozen=True, slots=True)
class Sheet:
    """What all results of one piece of work have in common, as text."""

    place: str
    asset: str
    artifact_type: str

    @classmethod
    def of(cls, course: Course, asset_type: str, asset_id: int, artifact_type: str) -> "Sheet":
        """Prepare the text for a piece of work set in a course."""
        place = (
            f'"result_context_id":"{course.id}","result_context_type":"Course","result_context_uuid":"{course.uuid}"'
        )
        return cls(place, f'"associated_asset_id":"{asset_id}","associated_asset_type":"{asset_type}",', artifact_type)

    def created(self, result: Result, now: int, envelope: str) -> bytes:
        """Return the event of a new row; `envelope` is the metadata after name and time."""
        return self._event("created", now, envelope, result, "")

    def updated(self, result: Result, now: int, envelope: str, updated: str) -> bytes:
        """Return the event of a row saved again."""
        return self._event("updated", now, envelope, result, f',"updated_at":"{updated}"')

    def _event(self, verb: str, now: int, envelope: str, row: Result, end: str) -> bytes:
        criterion, artifact, possible = row.criterion, row.artifact, row.criterion.possible
        mastery = score = percent = original = ""
        asset = "" if row.state == "deleted" and self.artifact_type == RUBRIC else self.asset
        if row.score is not None:
            mastery = _MASTERY[row.mastery]
            score, percent, _ = criterion.wording(row.score)
        if row.original is not None:
            original = criterion.wording(row.original).original
        return (
            f'{{"metadata":{{"event_name":"learning_outcome_result_{verb}","event_time":"{stamp(now)}",{envelope}}},'
            f'"body":{{"id":"{row.id}",{criterion.outcome},{self.place},{mastery}{score}"created_at":"{row.created}",'
            f'"attempt":{row.attempt},"possible":{possible},{original}"original_possible":{possible},'
            f'"assessed_at":"{row.assessed}",{percent}"workflow_state":"{row.state}",'
            f'"user_uuid":"{artifact.user_uuid}",{asset}'
            f'"artifact_id":"{artifact.id}","artifact_type":"{self.artifact_type}",'
            f'"artifact_updated_at":"{artifact.updated}","artifact_created_at":"{artifact.created}"{end}}}}}'
        ).encode()
