"""Who learns and who teaches: users and the enrollments that join them to courses (DOMAIN.md 3 and 8).

Ids in their bodies are *global*: shard times 10^13 plus the local id (DOMAIN.md 1.10).
"""

from typing import ClassVar

from outcomes.domain.aggregate import Aggregate
from outcomes.domain.columns import Column, Columns
from outcomes.domain.event import Body, event_types
from outcomes.domain.identity import Kind, LocalId, SisId


class UserBody(Body):
    """Fields of user_* that name a person."""

    id_field: ClassVar[str] = "user_id"
    columns: ClassVar[Columns] = {
        "uuid": Column(),
        "name": Column(),
    }

    user_id: LocalId
    uuid: str | None = None
    name: str | None = None
    user_sis_id: SisId | None = None


class EnrollmentBody(Body):
    """Fields of enrollment_* that join a person and a course."""

    id_field: ClassVar[str] = "enrollment_id"
    columns: ClassVar[Columns] = {
        "user_uuid": Column(),
        "user_name": Column(),
        "type": Column(),
        "user_id": Column(),
        "course_section_id": Column(),
    }

    enrollment_id: LocalId
    course_id: LocalId | None = None
    user_id: LocalId | None = None
    user_uuid: str | None = None
    user_name: str | None = None
    type: str | None = None
    course_section_id: LocalId | None = None


class User(Aggregate[UserBody]):
    """A person after some of their events."""

    kind: ClassVar[Kind] = Kind.USER


class Enrollment(Aggregate[EnrollmentBody]):
    """An enrollment after some of its events."""

    kind: ClassVar[Kind] = Kind.ENROLLMENT


USER_EVENTS = event_types("user", Kind.USER, UserBody)
ENROLLMENT_EVENTS = event_types("enrollment", Kind.ENROLLMENT, EnrollmentBody)
