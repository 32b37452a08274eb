"""Screens 10 and 11, the feed: is all of it coming in, what could not be read, and what to do about it."""

from collections import Counter
from datetime import timedelta
from http import HTTPStatus
from typing import Any, NamedTuple

from outcomes.api.arguments import now
from outcomes.domain.errors import QuestionStopped, UsageError
from outcomes.domain.times import moment, moment_text
from outcomes.service.pages import words
from outcomes.service.pages.screens import Elsewhere, Screen, Shown, View
from outcomes.service.pages.viewer import Viewer
from outcomes.service.problems import Problem

_MOST = 100
_LATE = "1h"
_MOST_LATE = 20
_MOST_BYTES = 65_536


class Entry(NamedTuple):
    """One piece that could not be read."""

    number: int
    reason: str
    source: str
    seen: Any
    size: int
    times: int
    address: str
    fate: str


def build(viewer: Viewer) -> Shown:
    """Show how the feed is."""
    status = viewer.ask("status")
    entries = viewer.ask("quarantine")
    waiting = [entry for entry in entries if not entry["taken_at"] and not entry["dismissed_at"]]
    behind = status["head"] - status["views_position"]
    parts: dict[str, Any] = {
        "status": status,
        "last_event": words.moment_of(status["last_event_time"]),
        "last_recorded": words.moment_of(status["last_recorded_at"]),
        "quiet_for": _quiet_for(status),
        "names": sorted(status["event_names"].items(), key=lambda one: -one[1]),
        "most_of_a_name": max(status["event_names"].values(), default=1),
        "entries": [_entry(viewer, entry) for entry in waiting[:_MOST]],
        "number_waiting": len(waiting),
        "reasons": Counter(entry["reason"] for entry in waiting).most_common(),
        "settled": len(entries) - len(waiting),
        "inlets": viewer.inlets,
        "late": _late(viewer),
        "findings": _findings(viewer),
        "asked_doctor": "doctor" in viewer.query,
        "doctor": viewer.where.here(doctor="1"),
        "checkpoint": str(viewer.home.checkpoint()),
        "is_well": not waiting and behind == 0 and not status.get("damaged"),
        "done": viewer.query.get("done", ""),
    }
    return View("feed.html", "The feed", parts)


def entry(viewer: Viewer) -> Shown:
    """Show one piece that could not be read, as it came: as text, never as anything else."""
    number = _number(viewer)
    try:
        found = viewer.ask("quarantine/{number}", number=number)
    except UsageError as error:
        raise Problem(HTTPStatus.NOT_FOUND, f"no piece {number} could not be read") from error
    told = found[0]
    content = told["content"]
    parts = {
        "entry": _entry(viewer, told),
        "places": told["places"],
        "line": told["line"],
        "content": content[:_MOST_BYTES],
        "is_cut": len(content) > _MOST_BYTES,
        "dismissed": told["dismissed_because"],
        "dismiss": viewer.where.bare(f"/feed/quarantine/{number}/dismiss"),
        "retry": viewer.where.bare("/feed/retry"),
        "feed": viewer.where.bare("/feed"),
    }
    return View("quarantine.html", f"Piece {number} that could not be read", parts)


def dismiss(viewer: Viewer) -> Shown:
    """Take a piece out of the counts, for a reason that is kept."""
    viewer.check_question("quarantine")
    number, reason = _number(viewer), viewer.form.get("reason", "")
    if not reason.strip():
        raise UsageError("say why it is dismissed: the reason is kept with it")
    viewer.home.quarantine.dismiss(number, reason=reason)
    return Elsewhere(viewer.where.bare("/feed") + f"?done=dismissed+{number}")


def retry(viewer: Viewer) -> Shown:
    """Read again what could not be read."""
    viewer.check_question("quarantine")
    report = viewer.home.quarantine.retry()
    return Elsewhere(viewer.where.bare("/feed") + f"?done=read+again:+{report.appended}+came+in")


def _number(viewer: Viewer) -> int:
    text = viewer.parameters["number"]
    if not (text.isascii() and text.isdigit() and len(text) < 19):  # noqa: PLR2004 - digits of SQLite's integers
        raise Problem(HTTPStatus.NOT_FOUND, "pieces that could not be read have numbers")
    return int(text)


def _entry(viewer: Viewer, entry: dict[str, Any]) -> Entry:
    fate = "read since" if entry["taken_at"] else "dismissed" if entry["dismissed_at"] else ""
    return Entry(
        entry["number"],
        entry["reason"],
        entry["source"],
        words.moment_of(entry["last_seen"]),
        entry["bytes"],
        entry["times"],
        viewer.where.bare(f"/feed/quarantine/{entry['number']}"),
        fate,
    )


def _quiet_for(status: dict[str, Any]) -> str:
    last = words.moment_of(status["last_recorded_at"])
    return "" if last is None else words.span(moment(now()) - last)


def _late(viewer: Viewer) -> list[dict[str, Any]] | None:
    """Return what came late since yesterday; None where that takes too long to find."""
    since = moment_text(moment(now()) - timedelta(days=1))
    began = viewer.began
    if began is None or began > moment(now()) - timedelta(days=1):
        return []
    try:
        found: list[dict[str, Any]] = viewer.ask("late", over=_LATE, recorded_since=since, limit=_MOST_LATE)
    except QuestionStopped:
        return None
    return found


def _findings(viewer: Viewer) -> list[dict[str, Any]] | None:
    if "doctor" not in viewer.query:
        return None
    try:
        return [finding.as_json() for finding in viewer.home.at(tenant=viewer.tenant).doctor() if finding.count]
    except QuestionStopped:
        return None


SCREEN = Screen("/feed", "feed", build)
QUARANTINE = Screen("/feed/quarantine/{number}", "feed", entry)
DISMISS = Screen("/feed/quarantine/{number}/dismiss", "feed", dismiss, takes_form=True)
RETRY = Screen("/feed/retry", "feed", retry, takes_form=True)
