"""Citations: a link that pins both clocks and holds a fingerprint of the answer, so that it can prove itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson

from outcomes.service.pages import words
from outcomes.service.pages.viewer import Viewer
from outcomes.service.pages.where import NOW
from outcomes.service.personal_data import without_people

_LENGTH = 12
_OF_POINT = ("known_at", "as_of", "from", "to")
"""What a document says of where it was asked: told besides, and no part of what was found there."""
FingerprintAt = Callable[[str | None, str | None], str]
"""The fingerprint of what a view shows, at a time and as known at a position or now."""
Data = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Citation:
    """What to copy: the link, and the words for a report."""

    link: str
    text: str
    fingerprint: str


@dataclass(frozen=True)
class Proof:
    """What became of a citation that was opened. `later` is told where what came since changes the answer."""

    is_exact: bool
    words: str
    later: str | None
    later_address: str


def fingerprint(viewer: Viewer, data: Data, at: str | None, known: str | None) -> str:
    """Return what stands for an answer; who acted is no part of it, so that it is the same for all who may look."""
    name, given = data
    return fingerprint_of(viewer.ask(name, at=at, known=known, **given))


def fingerprint_of(answer: Any) -> str:
    """Return what stands for an answer, or for several in a list."""
    told = without_people(answer)
    if isinstance(told, Mapping):
        told = {key: value for key, value in told.items() if key not in _OF_POINT}
    return sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()[:_LENGTH]


def citation(viewer: Viewer, data: Data, title: str, organisation: str, pinned: Mapping[str, str | None]) -> Citation:
    """Return the citation of a view as it is shown now; `pinned` is what its address must say besides both clocks."""
    at, known = viewer.where.at or viewer.now, str(viewer.known)
    named = title if organisation in title else f"{organisation}, {title}"
    return cited(viewer, fingerprint(viewer, data, at, known), named, pinned)


def cited(viewer: Viewer, found: str, title: str, pinned: Mapping[str, str | None]) -> Citation:
    """Return the citation of what has a fingerprint."""
    where, log = viewer.where, log_of(viewer)
    at, known = where.at or viewer.now, str(viewer.known)
    vs = viewer.now if where.vs == NOW else where.vs
    proving = {"fp": found, "cited": viewer.now[:10], "log": log, "edition": edition_of(viewer)}
    link = where.here(**{"at": at, "known": known, "vs_at": vs, **pinned, **proving})
    text = f"{title}, as it was on {at}, known at position {known} of log {log}, fingerprint {found}."
    return Citation(link, text, found)


def proof(viewer: Viewer, fingerprint_at: FingerprintAt) -> Proof:
    """Say whether a cited answer is what it was, and why not."""
    query, where = viewer.query, viewer.where
    later_address = where.here(known=None)
    if query.get("log") not in {None, log_of(viewer)}:
        said = (
            f"This citation is of another log ({query['log']}…, not {log_of(viewer)}…): what is shown is of this one."
        )
        return Proof(is_exact=False, words=said, later=None, later_address=later_address)
    found = fingerprint_at(where.at, where.known)
    if found != query["fp"]:
        return Proof(is_exact=False, words=_why(viewer, found), later=None, later_address=later_address)
    day = words.day_of(query.get("cited", ""))
    said = "exactly as cited" + (f" on {words.day(day)}" if day else "")
    later = None
    if where.known is not None and viewer.known < viewer.home.head:
        is_same = fingerprint_at(where.at, None) == found
        later = "What has come in since changes nothing of it." if is_same else "What has come in since changes it."
    return Proof(is_exact=True, words=said, later=later, later_address=later_address)


def _why(viewer: Viewer, found: str) -> str:
    if viewer.query.get("edition") not in {None, edition_of(viewer)}:
        return "This differs from the citation: since then a person's data was erased from this log."
    if viewer.where.known is None:
        return (
            "This differs from the citation: the link no longer says what was known then, and more has come in since."
        )
    return (
        f"This differs from the citation (its fingerprint is {found} here): the link was altered, this is seen with "
        "other rights, or this version of outcomes computes otherwise."
    )


def log_of(viewer: Viewer) -> str:
    """Return the first characters of the log's id."""
    return (viewer.home.log_id or "")[:8]


def edition_of(viewer: Viewer) -> str:
    """Return what changes with each erasure."""
    return sha256(viewer.home.edition.encode()).hexdigest()[:8]
