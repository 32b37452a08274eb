"""Screen 11, quarantine: what could not be read, as it came; read again, or taken out of the counts for a reason."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from outcomes.api.answers.operations import Quarantined, QuarantineEntry
from outcomes.domain.errors import UsageError
from outcomes.domain.identity import SHARD
from outcomes.service.events_in import may_bring
from outcomes.service.pages import words
from outcomes.service.pages.feed_words import Reason, reason_words
from outcomes.service.pages.screens import Elsewhere, Screen, Shown, View
from outcomes.service.pages.viewer import Viewer
from outcomes.service.problems import Problem

MOST = 100
"""Pieces that are listed."""
_MOST_BYTES = 65_536
_DIGITS = 18
_PLACES = re.compile(rb'"(result_context_id|course_id|context_id)"\s*:\s*"?(\d{1,19})\b')
_OF_COURSE = re.compile(rb'"context_type"\s*:\s*"Course"')


class Entry(NamedTuple):
    """One piece that could not be read. `source` is its last part, as much as tells one from another.

    `why` is the reason in plain words, with what helps; `reason` what the parser said.
    """

    number: int
    why: Reason
    reason: str
    source: str
    source_fully: str
    seen: Any
    size: int
    times: int
    address: str
    fate: str


def entries(viewer: Viewer) -> tuple[list[Entry], int]:
    """Return the pieces that wait, the newest first, and how many were read since or dismissed."""
    found = viewer.ask("quarantine", newest_first=True)
    waiting = [entry for entry in found if not entry["taken_at"] and not entry["dismissed_at"]]
    return [_entry(viewer, entry) for entry in waiting], len(found) - len(waiting)


def of_course(viewer: Viewer, course: str) -> list[int]:
    """Return the numbers of the newest pieces that wait and name a course: what they tell is missing there.

    Whoever sees the course may know how many there are; what is in them is another right.
    """
    quarantine = viewer.home.quarantine
    entries = [entry for entry in quarantine.list(newest_first=True, limit=MOST) if _waits(entry)]
    return [entry.number for entry in entries if _names_course(viewer, _beginning(viewer, entry.number), course)]


def _waits(entry: QuarantineEntry) -> bool:
    return entry.taken_at is None and entry.dismissed_at is None


def _beginning(viewer: Viewer, number: int) -> bytes:
    chunks = viewer.home.quarantine.show(number).chunks()
    return next(iter(chunks), b"")[:_MOST_BYTES]


def _names_course(viewer: Viewer, content: bytes, course: str) -> bool:
    tenants = viewer.home.tenants
    if len(tenants) > 1 and str(viewer.tenant).encode() not in content:
        return False
    named = {
        int(number) % SHARD
        for name, number in _PLACES.findall(content)
        if name != b"context_id" or _OF_COURSE.search(content)
    }
    return course.isascii() and course.isdigit() and len(course) <= _DIGITS and int(course) in named


def build(viewer: Viewer) -> Shown:
    """Show one piece as it came: as text, never as anything else."""
    number = _number(viewer)
    try:
        found, keeping = viewer.answer("quarantine/{number}", number=number)
    except UsageError as error:
        raise Problem(HTTPStatus.NOT_FOUND, f"no piece {number} is in quarantine") from error
    assert isinstance(found, Quarantined)  # noqa: S101 - what this question answers
    viewer.rows += 1  # what could not be read may tell of a student
    told = keeping(found.as_json()[0]) or {}
    content = found.content
    parts = {
        "entry": _entry(viewer, told),
        "places": told["places"],
        "content": visible(content[:_MOST_BYTES]),
        "is_cut": len(content) > _MOST_BYTES,
        "because": told["dismissed_because"],
        "dismiss": viewer.where.bare(f"/feed/quarantine/{number}/dismiss"),
        "retry": viewer.where.bare("/feed/retry"),
        "feed": viewer.where.bare("/feed"),
        "neighbours": _neighbours(viewer, number),
    }
    return View("quarantine.html", f"Piece {number} that could not be read", parts)


def visible(content: bytes) -> str:
    """Return bytes as text in which nothing is hidden: what is no character, or has no shape, stands as its code."""
    text = content.decode("utf-8", "backslashreplace")
    return "".join(
        one if one in "\n\t" or one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text
    )


def dismiss(viewer: Viewer) -> Shown:
    """Take a piece out of the counts, for a reason that is kept."""
    viewer.check("quarantine")
    number, reason = _number(viewer), viewer.form.get("reason", "")
    if not reason.strip():
        raise UsageError("say why it is dismissed: the reason is kept with it")
    assert viewer.writer is not None  # noqa: S101 - screens always have it
    viewer.writer.perform(lambda home: home.quarantine.dismiss(number, reason=reason))
    return Elsewhere(viewer.where.bare("/feed", done=f"dismissed:{number}"))


def retry(viewer: Viewer) -> Shown:
    """Read again what could not be read; what can be now, comes in."""
    viewer.check("quarantine")
    may_bring(viewer.grant)
    assert viewer.writer is not None  # noqa: S101 - screens always have it
    report = viewer.writer.perform(lambda home: home.quarantine.retry())
    return Elsewhere(viewer.where.bare("/feed", done=f"retried:{report.appended}"))


def done(viewer: Viewer) -> str:
    """Return in words what was just done, by the address that it led to: only in our own words."""
    what, _, number = viewer.query.get("done", "").partition(":")
    if not number.isdigit() or len(number) > _DIGITS:
        return ""
    said = {
        "dismissed": f"Piece {number} is dismissed. It stays in the log, and so does the reason.",
        "retried": f"All was read again: {words.count(int(number), 'event')} came in by it.",
    }
    return said.get(what, "")


def _neighbours(viewer: Viewer, number: int) -> list[tuple[str, str]]:
    before = viewer.ask("quarantine", after=str(number), limit=1, newest_first=True)
    after = viewer.ask("quarantine", after=str(number), limit=1)
    labels = ("← the piece before", before), ("the next piece →", after)
    return [(label, viewer.where.bare(f"/feed/quarantine/{row['number']}")) for label, rows in labels for row in rows]


def _number(viewer: Viewer) -> int:
    text = viewer.parameters["number"]
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise Problem(HTTPStatus.NOT_FOUND, "name a piece that could not be read by its number")
    return int(text)


def _entry(viewer: Viewer, entry: Mapping[str, Any]) -> Entry:
    fate = "read since" if entry["taken_at"] else "dismissed" if entry["dismissed_at"] else ""
    source = str(entry["source"])
    return Entry(
        number=entry["number"],
        why=reason_words(entry["reason"]),
        reason=entry["reason"],
        source=source.rpartition("/")[2] or source,
        source_fully=source,
        seen=words.moment_of(entry["last_seen"]),
        size=entry["bytes"],
        times=entry["times"],
        address=viewer.where.bare(f"/feed/quarantine/{entry['number']}"),
        fate=fate,
    )


SCREEN = Screen("/feed/quarantine/{number}", "feed", build)
DISMISS = Screen("/feed/quarantine/{number}/dismiss", "feed", dismiss, takes_form=True)
RETRY = Screen("/feed/retry", "feed", retry, takes_form=True)
