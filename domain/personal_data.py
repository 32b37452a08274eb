"""Whom an event is about, and who else it names: what must become unreadable when a person is erased.

Canvas knows a person by a uuid (results), a global id (envelopes, submissions) and a login; users and enrollments
join the first two (DOMAIN.md 8).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from outcomes.domain.catalog import EVENT_TYPES
from outcomes.domain.identity import Kind

_SHARD = 10**13
_GLOBAL_DIGITS, _MOST_DIGITS = 14, 19
_ABOUT_PEOPLE = frozenset({Kind.RESULT, Kind.USER, Kind.ENROLLMENT, Kind.ASSESSMENT})
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
    }
)
_OF_A_PLACE: Final = frozenset(
    {"context_type", "context_id", "context_account_id", "context_sis_source_id", "context_role"}
)
# /users/27064, ?student_id=27064, ?user_id=4123~27064: addresses name people by local id, or with their shard.
_IN_ADDRESS = re.compile(
    r"(?:/users/|/students/|(?:student|user)_ids?(?:\[\]|%5B%5D)?=)(\d{1,19})(?:~(\d{1,19}))?(?!\d)", re.IGNORECASE
)


class PersonId(NamedTuple):
    """One of the names by which events know a person: its space is `uuid`, `id` (global) or `login`."""

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


NAMES_SOMEONE_ELSE: Final = frozenset({"associated_user_id"})
"""Fields of a body that name another person than its subject (an observer's enrollment names the observed)."""


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
        return str(shard * _SHARD + int(text))
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
    named = [metadata.get("real_user_id"), *(body.get(name) for name in NAMES_SOMEONE_ELSE)]
    if metadata.get("context_type") == "User":
        named.append(metadata.get("context_id"))
    for found in (global_id(value, shard) for value in named):
        if found is not None:
            yield PersonId("id", found)
    for address in (metadata.get("url"), metadata.get("referrer")):
        if isinstance(address, str):
            for one, two in _IN_ADDRESS.findall(address):
                yield PersonId("id", str(int(one) * _SHARD + int(two)) if two else str(global_id(one, shard)))


def _shard(metadata: Mapping[str, Any]) -> int:
    root = global_id(metadata.get("root_account_id"), 0)
    is_number = root is not None and len(root) <= _MOST_DIGITS and root.isascii() and root.isdigit()
    return int(root) // _SHARD if root and is_number else 0


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
