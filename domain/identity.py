"""Who is meant: tenants, kinds, local ids, contexts.

Ids are local to a root account (DOMAIN.md 1.10), so nothing is ever keyed by a bare number.
"""

from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any, Final, NamedTuple

from pydantic_core import core_schema

from outcomes.domain.errors import UsageError

_LONGEST_ID = 255


class Kind(StrEnum):
    """The kinds of entity that have a state of their own."""

    OUTCOME = "outcome"
    GROUP = "group"
    LINK = "link"
    PROFICIENCY = "proficiency"
    RESULT = "result"
    CALCULATION_METHOD = "calculation_method"
    FRIENDLY_DESCRIPTION = "friendly_description"
    ASSESSMENT = "assessment"
    ACCOUNT = "account"
    COURSE = "course"
    USER = "user"
    ENROLLMENT = "enrollment"
    SETTING = "setting"
    ERASURE = "erasure"
    RESULT_DETAIL = "result_detail"
    ALIGNMENT = "alignment"
    SUBMISSION = "submission"
    POST_POLICY = "post_policy"
    SECTION = "section"
    TERM = "term"
    COURSE_DETAIL = "course_detail"
    COURSE_ACCOUNT = "course_account"
    ACCOUNT_DETAIL = "account_detail"
    ASSIGNMENT = "assignment"


OBSERVED_ONLY = frozenset(
    {
        Kind.RESULT_DETAIL,
        Kind.ALIGNMENT,
        Kind.SUBMISSION,
        Kind.POST_POLICY,
        Kind.SECTION,
        Kind.TERM,
        Kind.COURSE_DETAIL,
        Kind.COURSE_ACCOUNT,
        Kind.ACCOUNT_DETAIL,
    }
)
"""Kinds that no event of Canvas tells: they are known from exports."""

BACKGROUND = OBSERVED_ONLY | {
    Kind.ASSESSMENT,
    Kind.ACCOUNT,
    Kind.COURSE,
    Kind.USER,
    Kind.ENROLLMENT,
    Kind.ASSIGNMENT,
}
"""Kinds that explain outcomes but are not part of their story: a timeline leaves them out unless one is named."""


def parse_kind(text: str) -> Kind:
    """Read a kind that a person typed; raises UsageError naming the known ones."""
    try:
        return Kind(text.strip().lower())
    except ValueError as error:
        raise UsageError(f"no such kind: {text!r}: use one of {', '.join(Kind)}") from error


class EntityRef(NamedTuple):
    """One entity: the unit that has a history. `id` is the body's local id, as text."""

    tenant: str
    kind: Kind
    id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"  # as `parse_entity` takes it back


def id_sort_key(local_id: str) -> tuple[int, int, str]:
    """Sort ids as numbers where they are numbers (2 before 10), and the others after them as text."""
    # What is typed may be longer than any id in an event; Python refuses to read thousands of digits as a number.
    is_number = local_id.isascii() and local_id.isdigit() and len(local_id) <= _LONGEST_ID
    return (0, int(local_id), "") if is_number else (1, 0, local_id)


class Context(NamedTuple):
    """Where a tree hangs: `Account:1`, `Course:1234`, or `Global` (the site-wide groups, DOMAIN.md 3)."""

    type: str
    id: str

    def __str__(self) -> str:
        return self.type if self == GLOBAL else f"{self.type}:{self.id}"

    @property
    def course(self) -> str | None:
        """The id of the course that it is; None for anything else."""
        return self.id if self.type == "Course" else None


GLOBAL = Context("Global", "")
# Inside a global group a link's context is the group itself (DOMAIN.md 3: learning_outcome_link).
_GROUP_AS_CONTEXT = "LearningOutcomeGroup"


@lru_cache(maxsize=4096)  # asked for every event of a log, of few contexts
def context_of(context_type: str | None, context_id: str | None) -> Context:
    """Return the context that a body names; none at all means the global one."""
    if context_type is None or context_id is None or context_type == _GROUP_AS_CONTEXT:
        return GLOBAL
    return Context(context_type, context_id)


def parse_context(text: str) -> Context:
    """Read a context that a person typed: `Course:1234`, `account:1`, `Global`; raises UsageError."""
    head, _, local_id = text.strip().partition(":")
    kind = head.strip().lower()
    if kind in {"global", _GROUP_AS_CONTEXT.lower()}:
        return GLOBAL
    known = {"account": "Account", "course": "Course"}
    if kind not in known or not local_id.strip():
        raise UsageError(f"not a context: {text!r}: write Account:1, Course:1234 or Global")
    return Context(known[kind], local_id.strip())


def parse_entity(text: str) -> tuple[Kind, str]:
    """Read `KIND:ID` that a person typed, for example `outcome:12345`; raises UsageError."""
    kind, colon, local_id = text.strip().partition(":")
    if not colon or not local_id.strip():
        raise UsageError(f"not an entity: {text!r}: write KIND:ID, for example outcome:12345")
    return parse_kind(kind), local_id.strip()


def _id_from_number(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    raise ValueError("an id is text or a whole number")


class _LocalIdAnnotation:
    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> core_schema.CoreSchema:
        # Canvas writes ids as strings (DOMAIN.md 1.8); archives and hand-made events have numbers, even 7.0.
        # Not every id is a number: imported standards have ids like 114340E.
        text = core_schema.str_schema(
            strict=True, min_length=1, max_length=_LONGEST_ID, pattern=r"^[^\s\x00-\x1f\x7f]+$"
        )
        whole = core_schema.chain_schema([core_schema.int_schema(strict=True), _AS_TEXT])
        other = core_schema.no_info_plain_validator_function(_id_from_number)
        return core_schema.union_schema([text, whole, other], mode="left_to_right")


_AS_TEXT = core_schema.no_info_plain_validator_function(str)

LocalId = Annotated[str, _LocalIdAnnotation]
"""A field that holds an id as text or as a whole number; becomes text."""


def _text_of(value: Any) -> str | None:
    if type(value) is int:
        return str(value)
    return value if isinstance(value, str) else None


class _SisIdAnnotation:
    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(_text_of)


SisId = Annotated[str, _SisIdAnnotation]
"""A field with a school's own name for a person or place: any text, or a number. Other shapes are read as null."""

SHARD: Final = 10**13
"""Global ids are that of the shard times this, and the id inside it (DOMAIN.md 1.10)."""


def local_id(global_id: str) -> str:
    """Return the id inside its shard; what is no global id stays as it is (DOMAIN.md 1.10)."""
    if global_id.isascii() and global_id.isdigit():
        return str(int(global_id) % SHARD)
    return global_id
