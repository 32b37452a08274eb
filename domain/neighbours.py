"""Neighbouring events: not about outcomes themselves, but mastery cannot be told without them (DOMAIN.md 3, 5, 7, 8).

Ids in bodies of accounts, courses, users and enrollments are *global*: shard times 10^13 plus the local id.
"""

from typing import Any, ClassVar

from domain.aggregate import Aggregate
from domain.event import Body, Event
from domain.identity import Context, Kind, LocalId, context_of
from domain.outcome import WholeNumber
from domain.times import Timestamp

_SHARD = 10**13


def local_id(global_id: str) -> str:
    """Return the id inside its shard; what is no global id stays as it is (DOMAIN.md 1.10)."""
    if global_id.isascii() and global_id.isdigit():
        return str(int(global_id) % _SHARD)
    return global_id


class CalculationMethodBody(Body):
    """Fields of outcome_calculation_method_*: one row per context."""

    id_field: ClassVar[str] = "outcome_calculation_method_id"

    outcome_calculation_method_id: LocalId
    context_type: str | None = None
    context_id: LocalId | None = None
    calculation_method: str | None = None
    calculation_int: WholeNumber | None = None

    @property
    def context(self) -> Context:
        """Where the method was set."""
        return context_of(self.context_type, self.context_id)


class FriendlyDescriptionBody(Body):
    """Fields of outcome_friendly_description_*: words for students, one per outcome and context."""

    id_field: ClassVar[str] = "outcome_friendly_description_id"

    outcome_friendly_description_id: LocalId
    learning_outcome_id: LocalId | None = None
    description: str | None = None
    context_type: str | None = None
    context_id: LocalId | None = None

    @property
    def context(self) -> Context:
        """Where the description was written."""
        return context_of(self.context_type, self.context_id)


class AssessmentBody(Body):
    """Fields of rubric_assessed: when the work was handed in, and (in the envelope) who graded it.

    `id` is the artifact_id of the results that the grading makes. Without a submission `submitted_at` repeats
    `updated_at`: then there was no time of handing in (DOMAIN.md 5.5).
    """

    id_field: ClassVar[str] = "id"

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


class AccountBody(Body):
    """Fields of account_* that say where an account hangs; no parent means a root account."""

    id_field: ClassVar[str] = "account_id"

    account_id: LocalId
    name: str | None = None
    parent_account_id: LocalId | None = None


class CourseBody(Body):
    """Fields of course_* that say what a course is called and where it hangs."""

    id_field: ClassVar[str] = "course_id"

    course_id: LocalId
    uuid: str | None = None
    name: str | None = None
    account_id: LocalId | None = None


class UserBody(Body):
    """Fields of user_* that name a person."""

    id_field: ClassVar[str] = "user_id"

    user_id: LocalId
    uuid: str | None = None
    name: str | None = None


class EnrollmentBody(Body):
    """Fields of enrollment_* that join a person and a course."""

    id_field: ClassVar[str] = "enrollment_id"

    enrollment_id: LocalId
    course_id: LocalId | None = None
    user_id: LocalId | None = None
    user_uuid: str | None = None
    user_name: str | None = None
    type: str | None = None


class SettingBody(Body):
    """A feature of a root account that no Canvas event tells: `outcomes settings set` records it in the log."""

    id_field: ClassVar[str] = "setting"

    setting: LocalId
    value: bool


class ErasureBody(Body):
    """What is kept of an erasure: who asked, why, how much became unreadable; the person as a keyed hash only."""

    id_field: ClassVar[str] = "erasure"

    erasure: LocalId
    reason: str
    erased_by: str | None = None
    all_traces: bool = False
    keys: tuple[str, ...] = ()
    figures: tuple[dict[str, Any], ...] = ()


def _event_types(family: str, kind: Kind, body_type: type[Body], *endings: str) -> list[type[Event]]:
    """Make the event types of a family: they differ in nothing but their names."""
    return [
        type(
            "".join(part.title() for part in f"{family}{ending}".split("_")),
            (Event,),
            {
                "__doc__": f"Canvas's {family}{ending}.",
                "__slots__": (),
                "name": f"{family}{ending}",
                "kind": kind,
                "is_update": ending == "_updated",
                "body_type": body_type,
            },
        )
        for ending in endings or ("_created", "_updated")
    ]


SETTING_EVENT = "outcomes_setting_changed"
"""An event that is ours: not from Canvas, but appended like any other, so that as-of stays true."""

ERASURE_EVENT = "outcomes_student_erased"
"""The other one: a person was erased. It names the person by a hash that only this home can make."""

NEIGHBOUR_EVENTS: tuple[type[Event], ...] = (
    *_event_types("outcome_calculation_method", Kind.CALCULATION_METHOD, CalculationMethodBody),
    *_event_types("outcome_friendly_description", Kind.FRIENDLY_DESCRIPTION, FriendlyDescriptionBody),
    *_event_types("rubric_assessed", Kind.ASSESSMENT, AssessmentBody, ""),
    *_event_types("account", Kind.ACCOUNT, AccountBody),
    *_event_types("course", Kind.COURSE, CourseBody),
    *_event_types("user", Kind.USER, UserBody),
    *_event_types("enrollment", Kind.ENROLLMENT, EnrollmentBody),
    *_event_types(SETTING_EVENT, Kind.SETTING, SettingBody, ""),
    *_event_types(ERASURE_EVENT, Kind.ERASURE, ErasureBody, ""),
)


class CalculationMethod(Aggregate[CalculationMethodBody]):
    """An account's or course's calculation method after some of its events."""

    kind: ClassVar[Kind] = Kind.CALCULATION_METHOD


class FriendlyDescription(Aggregate[FriendlyDescriptionBody]):
    """A friendly description after some of its events."""

    kind: ClassVar[Kind] = Kind.FRIENDLY_DESCRIPTION


class Assessment(Aggregate[AssessmentBody]):
    """A rubric assessment after some of its events."""

    kind: ClassVar[Kind] = Kind.ASSESSMENT


class Account(Aggregate[AccountBody]):
    """An account after some of its events."""

    kind: ClassVar[Kind] = Kind.ACCOUNT


class Course(Aggregate[CourseBody]):
    """A course after some of its events."""

    kind: ClassVar[Kind] = Kind.COURSE


class User(Aggregate[UserBody]):
    """A person after some of their events."""

    kind: ClassVar[Kind] = Kind.USER


class Enrollment(Aggregate[EnrollmentBody]):
    """An enrollment after some of its events."""

    kind: ClassVar[Kind] = Kind.ENROLLMENT


class Setting(Aggregate[SettingBody]):
    """A setting of a tenant after some changes."""

    kind: ClassVar[Kind] = Kind.SETTING


class Erasure(Aggregate[ErasureBody]):
    """The erasure of a person after some repeats."""

    kind: ClassVar[Kind] = Kind.ERASURE


NEIGHBOURS: tuple[type[Aggregate[Any]], ...] = (
    CalculationMethod,
    FriendlyDescription,
    Assessment,
    Account,
    Course,
    User,
    Enrollment,
    Setting,
    Erasure,
)
