"""Observations: what an export of Canvas showed of a row, recorded in the log beside what events told of it.

An observation says "at its `updated_at` the row was this", and nothing about before. It has the body of an event of
the same kind, so that told and observed are folded in one order; at the same instant what was told comes last.

What events never tell stands in kinds of its own (`Kind.RESULT_DETAIL` and those after it), so that a later event,
which is silent about it, does not take it away.
"""

from typing import Any, ClassVar

from outcomes.domain.aggregate import Aggregate
from outcomes.domain.columns import Column, Columns
from outcomes.domain.entities.group import GroupBody
from outcomes.domain.entities.link import LinkBody
from outcomes.domain.entities.outcome import OutcomeBody
from outcomes.domain.entities.people import EnrollmentBody, UserBody
from outcomes.domain.entities.places import AccountBody, CourseBody
from outcomes.domain.entities.proficiency import ProficiencyBody
from outcomes.domain.entities.result import ResultBody
from outcomes.domain.event import Body, Event, event_types
from outcomes.domain.identity import Context, Kind, LocalId, SisId, context_of
from outcomes.domain.times import Timestamp

SEEN = "seen in an export of"
"""How the actor of an observation is told, before when the export was made."""


class OfCourseBody(Body):
    """What belongs to a course."""

    course_id: LocalId | None = None

    @property
    def context(self) -> Context:
        """The course."""
        return context_of("Course", self.course_id)


class ResultDetailBody(OfCourseBody):
    """What Canvas knows of a result and no event tells (DOMAIN.md 3 and 5.3).

    `assessed_at` is the row's: where the result has been assessed again since, its `submitted_at` is of before.
    `alignment_id` is the content tag that the result counts by; `assignment_id` leads to the submission.
    """

    id_field: ClassVar[str] = "result_id"
    columns: ClassVar[Columns] = {
        "submitted_at": Column(),
        "assessed_at": Column(),
        "hidden": Column(),
        "hide_points": Column(),
        "alignment_id": Column(),
        "assignment_id": Column(),
        "user_uuid": Column(),
    }

    result_id: LocalId
    user_uuid: str | None = None
    submitted_at: Timestamp | None = None
    assessed_at: Timestamp | None = None
    hidden: bool | None = None
    hide_points: bool | None = None
    alignment_id: LocalId | None = None
    assignment_id: LocalId | None = None


class AlignmentBody(Body):
    """A content tag that joins an outcome with what assesses it: Canvas counts no results of a deleted one."""

    id_field: ClassVar[str] = "alignment_id"
    columns: ClassVar[Columns] = {
        "outcome_id": Column("learning_outcome_id"),
        "content_type": Column(),
        "content_id": Column(),
        "mastery_score": Column(),
    }

    alignment_id: LocalId
    learning_outcome_id: LocalId | None = None
    content_type: str | None = None
    content_id: LocalId | None = None
    mastery_score: float | None = None
    context_type: str | None = None
    context_id: LocalId | None = None

    @property
    def context(self) -> Context:
        """Where the alignment is."""
        return context_of(self.context_type, self.context_id)


class SubmissionBody(OfCourseBody):
    """When the grade of a piece of work was posted; no time: not yet."""

    id_field: ClassVar[str] = "submission_id"
    columns: ClassVar[Columns] = {
        "assignment_id": Column(),
        "user_uuid": Column(),
        "posted_at": Column(),
    }

    submission_id: LocalId
    assignment_id: LocalId | None = None
    user_uuid: str | None = None
    posted_at: Timestamp | None = None


class PostPolicyBody(OfCourseBody):
    """Whether grades of a course, or of one of its assignments, wait until a teacher posts them."""

    id_field: ClassVar[str] = "post_policy_id"
    columns: ClassVar[Columns] = {
        "assignment_id": Column(),
        "post_manually": Column(),
    }

    post_policy_id: LocalId
    assignment_id: LocalId | None = None
    post_manually: bool | None = None


class SectionBody(OfCourseBody):
    """A section of a course."""

    id_field: ClassVar[str] = "section_id"
    columns: ClassVar[Columns] = {
        "name": Column(),
        "sis_id": Column("sis_source_id"),
    }

    section_id: LocalId
    name: str | None = None
    sis_source_id: SisId | None = None


class TermBody(Body):
    """A term, which courses belong to."""

    id_field: ClassVar[str] = "term_id"
    columns: ClassVar[Columns] = {
        "name": Column(),
        "sis_id": Column("sis_source_id"),
        "start_at": Column(),
        "end_at": Column(),
    }

    term_id: LocalId
    name: str | None = None
    sis_source_id: SisId | None = None
    start_at: Timestamp | None = None
    end_at: Timestamp | None = None


class CourseDetailBody(OfCourseBody):
    """What Canvas knows of a course and no event tells: its term, its code."""

    id_field: ClassVar[str] = "course_id"
    columns: ClassVar[Columns] = {
        "term_id": Column("enrollment_term_id"),
        "course_code": Column(),
        "sis_id": Column("sis_source_id"),
    }

    course_id: LocalId
    enrollment_term_id: LocalId | None = None
    course_code: str | None = None
    sis_source_id: SisId | None = None


class CourseAccountBody(OfCourseBody):
    """Under which account a course hangs, by its associations: ids are local, as in exports."""

    id_field: ClassVar[str] = "course_account_id"
    columns: ClassVar[Columns] = {
        "account_id": Column(),
    }

    course_account_id: LocalId
    account_id: LocalId | None = None


class AccountDetailBody(Body):
    """What Canvas knows of an account and no event tells: what the school calls it."""

    id_field: ClassVar[str] = "account_id"
    columns: ClassVar[Columns] = {
        "sis_id": Column("sis_source_id"),
    }

    account_id: LocalId
    sis_source_id: SisId | None = None

    @property
    def context(self) -> Context:
        """The account."""
        return context_of("Account", self.account_id)


class ResultDetail(Aggregate[ResultDetailBody]):
    """What is known of a result besides what events tell."""

    kind: ClassVar[Kind] = Kind.RESULT_DETAIL


class Alignment(Aggregate[AlignmentBody]):
    """An alignment after some observations."""

    kind: ClassVar[Kind] = Kind.ALIGNMENT


class Submission(Aggregate[SubmissionBody]):
    """The posting of a grade after some observations."""

    kind: ClassVar[Kind] = Kind.SUBMISSION


class PostPolicy(Aggregate[PostPolicyBody]):
    """A policy of posting after some observations."""

    kind: ClassVar[Kind] = Kind.POST_POLICY


class Section(Aggregate[SectionBody]):
    """A section after some observations."""

    kind: ClassVar[Kind] = Kind.SECTION


class Term(Aggregate[TermBody]):
    """A term after some observations."""

    kind: ClassVar[Kind] = Kind.TERM


class CourseDetail(Aggregate[CourseDetailBody]):
    """What is known of a course besides what events tell."""

    kind: ClassVar[Kind] = Kind.COURSE_DETAIL


class CourseAccount(Aggregate[CourseAccountBody]):
    """Where a course hangs after some observations."""

    kind: ClassVar[Kind] = Kind.COURSE_ACCOUNT


class AccountDetail(Aggregate[AccountDetailBody]):
    """What is known of an account besides what events tell."""

    kind: ClassVar[Kind] = Kind.ACCOUNT_DETAIL


_BODIES: dict[Kind, type[Body]] = {
    Kind.OUTCOME: OutcomeBody,
    Kind.GROUP: GroupBody,
    Kind.LINK: LinkBody,
    Kind.PROFICIENCY: ProficiencyBody,
    Kind.RESULT: ResultBody,
    Kind.ACCOUNT: AccountBody,
    Kind.COURSE: CourseBody,
    Kind.USER: UserBody,
    Kind.ENROLLMENT: EnrollmentBody,
    Kind.RESULT_DETAIL: ResultDetailBody,
    Kind.ALIGNMENT: AlignmentBody,
    Kind.SUBMISSION: SubmissionBody,
    Kind.POST_POLICY: PostPolicyBody,
    Kind.SECTION: SectionBody,
    Kind.TERM: TermBody,
    Kind.COURSE_DETAIL: CourseDetailBody,
    Kind.COURSE_ACCOUNT: CourseAccountBody,
    Kind.ACCOUNT_DETAIL: AccountDetailBody,
}


def observed_name(kind: Kind) -> str:
    """Return what an observation of a kind is called in the log."""
    return f"outcomes_{kind.value}_observed"


def id_field_of(kind: Kind) -> str:
    """Return the field of a body of this kind that holds its id."""
    return _BODIES[kind].id_field


# Never updates: of an observation and an event with the same times, the event is the later one.
OBSERVATION_EVENTS: tuple[type[Event], ...] = tuple(
    event_type for kind, body in _BODIES.items() for event_type in event_types(observed_name(kind), kind, body, "")
)
OBSERVED_AGGREGATES: tuple[type[Aggregate[Any]], ...] = (
    ResultDetail,
    Alignment,
    Submission,
    PostPolicy,
    Section,
    Term,
    CourseDetail,
    CourseAccount,
    AccountDetail,
)
