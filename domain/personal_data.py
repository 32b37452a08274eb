"""Whom an event is about, and who else it names: what must become unreadable when a person is erased.

Canvas knows a person by a uuid (results), a global id (envelopes, submissions) and a login; users and enrollments
join the first two (DOMAIN.md 8).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from outcomes.domain.catalog import EVENT_TYPES
from outcomes.domain.identity import SHARD, Kind

_GLOBAL_DIGITS, _MOST_DIGITS = 14, 19
_ABOUT_PEOPLE = frozenset(
    {Kind.RESULT, Kind.USER, Kind.ENROLLMENT, Kind.ASSESSMENT, Kind.RESULT_DETAIL, Kind.SUBMISSION}
)
_JOINING = frozenset({Kind.USER, Kind.ENROLLMENT})

OPTIONAL: Final = frozenset({"client_ip", "user_agent", "session_id", "referrer", "user_login"})
"""What `redact` drops: personal, and needed for no answer but "by whom"."""

_IMPERSONAL: Final = frozenset(
    {
        "event_name",
        "event_time",
        "root_account_uuid",
        "root_account_id",
        "root_account_lti_guid",
        "producer",
        "hostname",
        "http_method",
        "job_id",
        "job_tag",
        "export_table",
        "export_row",
        "exported_at",
    }
)
_OF_A_PLACE: Final = frozenset(
    {"context_type", "context_id", "context_account_id", "context_sis_source_id", "context_role"}
)
# /users/27064, /submissions/27064 (a submission's address ends with its student), /about/27064, ?student_id=27064,
# ?user_id=4123~27064, #{"student_id":"27064"}: addresses name people by local id, or with their shard.
_PLACES = "users|students|submissions|about|grades|observees"
_FIELDS = r"(?:student|user|grader|author|assessor|observee|observer)(?:_ids?)?"
_EQUALS = r"(?:\[\]|%5B%5D)?(?:=|%3D)(?:%22|\")?|(?:%22|\")\s*(?::|%3A)\s*(?:%22|\")?"
_IN_ADDRESS = re.compile(
    rf"(?:/(?:{_PLACES})/|{_FIELDS}(?:{_EQUALS}))(\d{{1,19}})(?:(?:~|%7E)(\d{{1,19}}))?(?!\d)", re.IGNORECASE
)
# /users/sis_login_id:ada and its like name them by another name of theirs.
_NAMED_IN_ADDRESS = re.compile(
    rf"/(?:{_PLACES})/(sis_user_id|sis_login_id|login_id|uuid)(?::|%3A)([^/?#&\s]+)", re.IGNORECASE
)
_SPACES = {"sis_user_id": "sis", "sis_login_id": "login", "login_id": "login", "uuid": "uuid"}


class PersonId(NamedTuple):
    """One of the names by which events know a person: its space is `uuid`, `id` (global), `login` or `sis`."""

    space: str
    value: str


class Persons(NamedTuple):
    """Whom an event is about (one person, by every id it gives), and who else it names."""

    subject: tuple[PersonId, ...]
    others: tuple[PersonId, ...]
    joins: bool
    """Whether the event is one that says which uuid and which id are one person."""


def persons_of(value: Mapping[str, Any]) -> Persons:
    """Return the people in a decoded event. What is no event of a person has no subject; what is ours names nobody."""
    metadata = _object(value.get("metadata")) or _object(value.get("attributes"))
    body = _object(value.get("body"))
    if metadata.get("producer") == "outcomes":
        return Persons((), (), joins=False)
    event_type = EVENT_TYPES.get(str(metadata.get("event_name")))
    kind = None if event_type is None else event_type.kind
    shard = _shard(metadata)
    subject: tuple[PersonId, ...] = ()
    if kind is None or kind in _ABOUT_PEOPLE:
        subject = tuple(dict.fromkeys(_subject(body, kind, shard)))
    others = dict.fromkeys(_others(metadata, body, shard))
    return Persons(subject, tuple(other for other in others if other not in subject), joins=kind in _JOINING)


def is_impersonal(metadata: Mapping[str, Any], name: str) -> bool:
    """Say whether a field of the envelope stays readable when those who acted are erased.

    Whatever is not known to be harmless counts as personal: Canvas may add fields.
    """
    return name in _IMPERSONAL or (name in _OF_A_PLACE and metadata.get("context_type") in {"Course", "Account"})


_NAMES_SOMEONE_ELSE: Final = frozenset(
    {
        "assessor_id",
        "author_id",
        "creator_id",
        "grader_id",
        "observee_id",
        "observer_id",
        "owner_id",
        "participant_id",
        "recipient_id",
        "reviewer_id",
        "sender_id",
        "submitter_id",
    }
)
_NAMES_A_SUBJECT: Final = frozenset({"user_id", "student_id"})


def names_someone_else(name: str) -> bool:
    """Say whether a field of a body holds the id of another person than its subject.

    An observer's enrollment names the observed (`associated_user_id`), a submission who graded it.
    """
    return name in _NAMES_SOMEONE_ELSE or name.endswith("_user_id")


def holds_someone_else(value: Any) -> bool:
    """Say whether anywhere inside a field's value a person is named by id."""
    return next(_ids_inside(value), None) is not None


def _ids_inside(value: Any) -> Iterator[Any]:
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, list):
            waiting += found
        elif isinstance(found, dict):
            for name, inner in found.items():
                if isinstance(inner, dict | list):
                    waiting.append(inner)
                elif inner is not None and (names_someone_else(name) or name in _NAMES_A_SUBJECT):
                    yield inner


def global_id(value: Any, shard: int) -> str | None:
    """Return an id as text, global where the shard is known; None for what is no id."""
    if not isinstance(value, str):
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            return None
        value = str(value)
    text = value.strip()
    if shard and len(text.lstrip("0")) < _GLOBAL_DIGITS and text.isascii() and text.isdigit():
        return str(shard * SHARD + int(text))
    return text or None


def _subject(body: Mapping[str, Any], kind: Kind | None, shard: int) -> Iterator[PersonId]:
    for name in ("uuid",) if kind is Kind.USER else ("user_uuid", "student_uuid"):
        if isinstance(body.get(name), str) and body[name]:
            yield PersonId("uuid", body[name])
    for name in ("user_id", "student_id"):
        found = global_id(body.get(name), shard)
        if found is not None:
            yield PersonId("id", found)


def _others(metadata: Mapping[str, Any], body: Mapping[str, Any], shard: int) -> Iterator[PersonId]:
    actor = global_id(metadata.get("user_id"), shard)
    login = metadata.get("user_login")
    if actor is not None:
        yield PersonId("id", actor)
    elif isinstance(login, str) and login:
        yield PersonId("login", login)
    named = [metadata.get("real_user_id"), *(body[name] for name in body if names_someone_else(name))]
    named += (inner for value in body.values() if isinstance(value, dict | list) for inner in _ids_inside(value))
    if metadata.get("context_type") == "User":
        named.append(metadata.get("context_id"))
    for found in (global_id(value, shard) for value in named):
        if found is not None:
            yield PersonId("id", found)
    for address in (metadata.get("url"), metadata.get("referrer")):
        if isinstance(address, str):
            for one, two in _IN_ADDRESS.findall(address):
                yield PersonId("id", str(int(one) * SHARD + int(two)) if two else str(global_id(one, shard)))
            for kind, value in _NAMED_IN_ADDRESS.findall(address):
                yield PersonId(_SPACES[kind.lower()], unquote(value))


def _shard(metadata: Mapping[str, Any]) -> int:
    root = global_id(metadata.get("root_account_id"), 0)
    is_number = root is not None and len(root) <= _MOST_DIGITS and root.isascii() and root.isdigit()
    return int(root) // SHARD if root and is_number else 0


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
