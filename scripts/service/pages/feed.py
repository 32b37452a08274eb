"""Screen 10, the feed: does all of it come in, how late, what is missing, and the long work on it."""

import shutil
from collections import Counter
from datetime import timedelta
from typing import Any, NamedTuple

from outcomes.api.arguments import now
from outcomes.domain.errors import QuestionStopped
from outcomes.domain.times import moment, moment_text
from outcomes.service.pages import jobs, pulse, quarantine, words
from outcomes.service.pages.screens import Screen, Shown, View
from outcomes.service.pages.viewer import Viewer
from outcomes.store.access.rights import Right

_LATE = "1h"
_MOST_LATE = 20
_LEAST_FREE = 256 << 20
_SHOWN = 8
"""Kinds of events that are shown before the rest is folded."""


class Kind(NamedTuple):
    """One kind of event: how many came, and when the last of the newest few thousand did."""

    name: str
    number: int
    last: Any


def build(viewer: Viewer) -> Shown:
    """Show how the feed is."""
    status = viewer.ask("status")
    waiting, settled = quarantine.entries(viewer)
    behind = max(0, status["head"] - status["views_position"])
    free = shutil.disk_usage(viewer.home.folder).free
    found = pulse.read(viewer)
    kinds = _kinds(status["event_names"], found)
    troubles = _troubles(status, len(waiting), behind, free)
    parts: dict[str, Any] = {
        "status": status,
        "troubles": troubles,
        "last_event": words.moment_of(status["last_event_time"]),
        "quiet_for": _quiet_for(status),
        "pulse": found,
        "strip": pulse.strip(found),
        "kinds": kinds[:_SHOWN],
        "more_kinds": kinds[_SHOWN:],
        "largest": max(status["event_names"].values(), default=1),
        "entries": waiting[: quarantine.MOST],
        "number_waiting": len(waiting),
        "reasons": [one for one in Counter(entry.reason for entry in waiting).most_common() if one[1] > 1],
        "settled": settled,
        "inlets": viewer.inlets,
        "late": _late(viewer),
        "free": free / (1 << 30),
        "checkpoint": str(viewer.home.checkpoint()),
        "done": quarantine.done(viewer),
        "may_read": {Right.STUDENTS, Right.PEOPLE} <= viewer.grant.rights,
        **jobs.parts(viewer),
    }
    return View("feed.html", "The feed", parts)


def _troubles(status: dict[str, Any], waiting: int, behind: int, free: int) -> list[str]:
    """Return what needs somebody, in words; nothing if all is well."""
    found = [f"the log is damaged: {damage}" for damage in status.get("damaged") or ()]
    if waiting:
        found.append(f"{words.count(waiting, 'piece')} could not be read")
    if behind:
        found.append(f"answers are {words.count(behind, 'event')} behind what has come in")
    if free < _LEAST_FREE:
        found.append(f"only {free >> 20} MiB are free on the disk")
    if status["clock_behind_seconds"]:
        behind_by = words.span(words.seconds(status["clock_behind_seconds"]))
        found.append(f"this machine's clock is {behind_by} behind what was recorded last")
    return found


def _kinds(numbers: dict[str, int], found: pulse.Pulse) -> list[Kind]:
    ordered = sorted(numbers.items(), key=lambda one: (-one[1], one[0]))
    return [Kind(name.replace("_", " ").replace(".", " "), number, found.last.get(name)) for name, number in ordered]


def _quiet_for(status: dict[str, Any]) -> str:
    last = words.moment_of(status["last_recorded_at"])
    return "" if last is None else words.span(moment(now()) - last)


def _late(viewer: Viewer) -> list[dict[str, Any]] | None:
    """Return what came late since yesterday; nothing where the log only began then; None where it is too much."""
    yesterday = moment(now()) - timedelta(days=1)
    began = viewer.began
    if not viewer.may(Right.STUDENTS) or began is None or began > yesterday:
        return []
    try:
        found: list[dict[str, Any]] = viewer.ask(
            "late", over=_LATE, recorded_since=moment_text(yesterday), limit=_MOST_LATE
        )
    except QuestionStopped:
        return None
    return found


SCREEN = Screen("/feed", "feed", build)
