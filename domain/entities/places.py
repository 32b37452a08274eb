"""Where outcomes are used: accounts and courses (DOMAIN.md 3 and 8).

Ids in their bodies are *global*: shard times 10^13 plus the local id (DOMAIN.md 1.10).
"""

from typing import ClassVar

from outcomes.domain.aggregate import Aggregate
from outcomes.domain.columns import Column, Columns
from outcomes.domain.event import Body, event_types
from outcomes.domain.identity import Kind, LocalId


class AccountBody(Body):
    """Fields of account_* that say where an account hangs; no parent means a root account."""

    id_field: ClassVar[str] = "account_id"
    columns: ClassVar[Columns] = {
        "name": Column(),
    }

    account_id: LocalId
    name: str | None = None
    parent_account_id: LocalId | None = None


class CourseBody(Body):
    """Fields of course_* that say what a course is called and where it hangs."""

    id_field: ClassVar[str] = "course_id"
    columns: ClassVar[Columns] = {
        "name": Column(),
        "uuid": Column(),
    }

    course_id: LocalId
    uuid: str | None = None
    name: str | None = None
    account_id: LocalId | None = None


class Account(Aggregate[AccountBody]):
    """An account after some of its events."""

    kind: ClassVar[Kind] = Kind.ACCOUNT


class Course(Aggregate[CourseBody]):
    """A course after some of its events."""

    kind: ClassVar[Kind] = Kind.COURSE


ACCOUNT_EVENTS = event_types("account", Kind.ACCOUNT, AccountBody)
COURSE_EVENTS = event_types("course", Kind.COURSE, CourseBody)
