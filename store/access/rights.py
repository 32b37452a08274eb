"""What a token allows: rights, and the scope in which they hold."""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple, Self

from outcomes.domain.errors import UsageError
from outcomes.domain.identity import GLOBAL, Context, parse_context


class Right(StrEnum):
    """What may be done."""

    TREE = "tree"
    """Structure, policies and their changes; nothing about a student, and of who acted their role only."""
    STUDENTS = "students"
    """Scores and names of students."""
    PEOPLE = "people"
    """Who acted: ids, logins, requests."""
    INGEST = "ingest"
    """Bring events in."""
    OPERATE = "operate"
    """Status, quarantine, proofs and other long work."""
    ADMIN = "admin"
    """Tokens, and the record of who looked at whom."""


OF_ONE_TIME_LINK = frozenset(Right) - {Right.INGEST}
"""All but to bring events in: whoever reads it started the service, and has the files and the command line, too."""


def parse_rights(text: str) -> frozenset[Right]:
    """Read `tree,students`; raises UsageError naming the known ones."""
    try:
        found = frozenset(Right(word.strip().lower()) for word in text.split(",") if word.strip())
    except ValueError:
        found = frozenset()
    if not found:
        raise UsageError(f"not rights: {text!r}: name some of {', '.join(Right)}, with commas between them")
    return found


_TENANT = "tenant:"
_EVERYTHING = "all"


class Scope(NamedTuple):
    """Where rights hold. Empty sets mean everywhere; a context means it and all that is known to hang below it."""

    tenants: frozenset[str] = frozenset()
    contexts: frozenset[Context] = frozenset()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `tenant:UUID,Account:12,Course:4452`, or `all`; raises UsageError.

        Ids of contexts are local to a tenant, so contexts need exactly one tenant beside them.
        """
        words = [word.strip() for word in text.split(",") if word.strip()]
        if words == [_EVERYTHING]:
            return cls()
        tenants = frozenset(word.removeprefix(_TENANT) for word in words if word.startswith(_TENANT))
        contexts = frozenset(parse_context(word) for word in words if not word.startswith(_TENANT))
        if not words or "" in tenants or GLOBAL in contexts:
            raise UsageError(
                f"not a scope: {text!r}: write all, or tenant:UUID, Account:ID, Course:ID with commas between them"
            )
        if contexts and len(tenants) != 1:
            raise UsageError(
                f"ids are local to a root account: {text!r}: name the one that {', '.join(map(str, sorted(contexts)))} "
                "is of, too, as tenant:UUID"
            )
        return cls(tenants, contexts)

    def __str__(self) -> str:
        parts: Iterable[str] = (
            *(f"{_TENANT}{uuid}" for uuid in sorted(self.tenants)),
            *map(str, sorted(self.contexts)),
        )
        return ",".join(parts) or _EVERYTHING


class Grant(NamedTuple):
    """Who asks, and what they may: `id` is that of the token or session, `label` what its owner called it."""

    id: str
    label: str
    rights: frozenset[Right]
    scope: Scope
