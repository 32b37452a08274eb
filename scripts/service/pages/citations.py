"""Citations: a link that pins both clocks and holds a fingerprint of the answer, so that it can prove itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import orjson

from outcomes.api.arguments import now
from outcomes.domain.times import moment, moment_text
from outcomes.service.pages import words
from outcomes.service.pages.viewer import Viewer
from outcomes.service.personal_data import without_people

_LENGTH = 12
_OF_POINT = ("known_at", "as_of")
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
    answer = viewer.ask(name, at=at, known=known, **given)
    told = without_people(answer)
    if isinstance(told, Mapping):
        told = {key: value for key, value in told.items() if key not in _OF_POINT}
    return sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()[:_LENGTH]


def citation(viewer: Viewer, data: Data, title: str, organisation: str) -> Citation:
    """Return the citation of a view as it is shown now."""
    where, today = viewer.where, this_moment()
    at, known = where.at or moment_text(today), str(viewer.known)
    found = fingerprint(viewer, data, at, known)
    link = where.here(
        at=at, known=known, fp=found, cited=f"{today:%Y-%m-%d}", log=log_of(viewer), edition=edition_of(viewer)
    )
    text = (
        f"{organisation}, {title}, as it was on {at}, known at position {known} of log {log_of(viewer)}, "
        f"fingerprint {found}."
    )
    return Citation(link, text, found)


def this_moment() -> datetime:
    """Return now, no finer than addresses have times."""
    time = moment(now())
    return time.replace(microsecond=time.microsecond // 1000 * 1000)


def proof(viewer: Viewer, data: Data) -> Proof:
    """Say whether a cited answer is what it was, and why not."""
    query, where = viewer.query, viewer.where
    later_address = where.here(known=None)
    if query.get("log") not in {None, log_of(viewer)}:
        said = (
            f"This citation is of another log ({query['log']}…, not {log_of(viewer)}…): what is shown is of this one."
        )
        return Proof(is_exact=False, words=said, later=None, later_address=later_address)
    found = fingerprint(viewer, data, where.at, where.known)
    if found != query["fp"]:
        return Proof(is_exact=False, words=_why(viewer, found), later=None, later_address=later_address)
    cited = words.day_of(query.get("cited", ""))
    said = "exactly as cited" + (f" on {words.day(cited)}" if cited else "")
    later = None
    if where.known is not None and int(where.known) < viewer.home.head:
        is_same = fingerprint(viewer, data, where.at, None) == found
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
