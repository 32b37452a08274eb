"""Whether a student belongs to a course: the state of the strongest of their enrollments there. DOMAIN.md 5.3."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class EnrollmentState(StrEnum):
    """What is told of a student in a course, strongest first: the order is that of Canvas's Enrollment::STATE_RANK."""

    ACTIVE = "active"
    INVITED = "invited"
    COMPLETED = "completed"
    INACTIVE = "inactive"
    UNKNOWN = "unknown"
    """No event told, or it told a state that Canvas did not have: the student stays."""
    DELETED = "deleted"
    """Every known enrollment is deleted: the student has no rollup and no place in any class figure."""


STUDENT_TYPES: Final = ("StudentEnrollment", "StudentViewEnrollment")
"""The enrollments that make a student, Test Students among them; teachers, designers and observers are none."""

_RANK: Final = {state: rank for rank, state in enumerate(EnrollmentState)}
# An invitation not sent yet, and one declined: neither is "deleted", so Canvas's list of all students has both.
_READ_AS: Final[Mapping[str | None, EnrollmentState]] = MappingProxyType(
    {
        None: EnrollmentState.ACTIVE,
        "creation_pending": EnrollmentState.INVITED,
        "rejected": EnrollmentState.INACTIVE,
        **{state.value: state for state in EnrollmentState},
    }
)


def membership(states: Iterable[str | None]) -> EnrollmentState:
    """Give the state in force from the workflow states of one student's enrollments in one course.

    No state at all means active, as it does elsewhere; no enrollment at all means unknown.
    """
    read = (_READ_AS.get(state, EnrollmentState.UNKNOWN) for state in states)
    return min(read, key=_RANK.__getitem__, default=EnrollmentState.UNKNOWN)
