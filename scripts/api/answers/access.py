"""Tokens of the service, and the record of who looked at whom."""

from dataclasses import dataclass
from datetime import datetime

from outcomes.api.answers.base import Record
from outcomes.api.answers.rows import RowList


@dataclass(frozen=True)
class NewToken(Record):
    """A token that was just made: `token` is its secret, which is shown this once and stored nowhere."""

    id: str
    token: str
    rights: tuple[str, ...]
    scope: str
    label: str
    expires: datetime | None


@dataclass(frozen=True)
class Token(Record):
    """A token without its secret; `revoked`, `expires` and `last_used` are None where there is no such time.

    `person` is who has its rights without the secret, by a proxy; None for nobody.
    """

    id: str
    label: str
    rights: tuple[str, ...]
    scope: str
    created: datetime
    expires: datetime | None
    last_used: datetime | None
    revoked: datetime | None
    person: str | None


class TokenList(RowList[Token]):
    """All tokens of a home, oldest first."""

    row_type = Token


@dataclass(frozen=True)
class Look(Record):
    """One answer that told of students: who was given how many `rows` of whom, and when.

    `token` and `label` say who asked; `student` is told where the question was about one; `via` is the form.
    """

    at: datetime
    token: str
    label: str
    route: str
    tenant: str | None
    course: str | None
    student: str | None
    as_of: str | None
    known_at: str | None
    rows: int
    via: str


class LookList(RowList[Look]):
    """Who looked at whom, oldest first."""

    row_type = Look


@dataclass(frozen=True)
class Pruned(Record):
    """How many looks were deleted: those of before a time."""

    pruned: int
    before: datetime
