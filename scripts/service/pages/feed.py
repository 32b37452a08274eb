"""Screen 10, the feed: does all of it come in, how late, what is missing, and the long work on it."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from outcomes.api.arguments import now
from outcomes.domain.errors import QuestionStopped
from outcomes.domain.times import moment, moment_text
from outcomes.service.disk import free_bytes, lack_of_room
from outcomes.service.pages import jobs, pulse, quarantine, words
from outcomes.service.pages.feed_words import event_words, finding_words
from outcomes.service.pages.screens import Screen, Shown, View
from outcomes.service.pages.viewer import Viewer
from outcomes.store.access.rights import Right

_LATE = "1h"
_MOST_LATE = 20
_WINDOWS = {"day": ("a day", 1), "week": ("a week", 7), "month": ("a month", 31), "all": ("all of this log", None)}
"""Since when what came late is listed, by the name in the address: words, and days back."""
_HISTORY = timedelta(days=1)
"""What was recorded so soon after the log began was loaded from files: it is history, and says nothing of lateness."""
_SHOWN = 8
"""Kinds of events that are shown before the rest is folded."""


class LateEvent(NamedTuple):
    """One thing that was told late, and what that changed here."""

    what: str
    address: str | None
    time: Any
    late_by: str
    changed: str


class Late(NamedTuple):
    """What came late since a time. `rows` is None where there is too much to look through while one waits."""

    rows: list[LateEvent] | None
    since: str
    windows: list[tuple[str, str, bool]]
    began: datetime | None
    is_all_history: bool
    is_more: bool


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
    free = free_bytes(viewer.home.folder)
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
        "reasons": [one for one in Counter(entry.why.words for entry in waiting).most_common() if one[1] > 1],
        "finding_words": finding_words,
        "settled": settled,
        "inlets": viewer.inlets,
        "late": _late(viewer) if viewer.has_tenant else None,
        "is_of_several": not viewer.has_tenant,
        "free": free / (1 << 30),
        "checkpoint": str(viewer.home.checkpoint()),
        "done": quarantine.done(viewer),
        "may_read": {Right.STUDENTS, Right.PEOPLE} <= viewer.grant.rights,
        **jobs.parts(viewer),
    }
    return View("feed.html", "The feed", parts, is_of_home=True)


class Trouble(NamedTuple):
    """Something that needs somebody: what it is, and what it means or asks for."""

    what: str
    so: str


def _troubles(status: dict[str, Any], waiting: int, behind: int, free: int) -> list[Trouble]:
    """Return what needs somebody; nothing if all is well."""
    found = [
        Trouble(f"the log is damaged: {damage}", "bring nothing more in, and let whoever runs this machine see to it")
        for damage in status.get("damaged") or ()
    ]
    if waiting:
        what = f"{words.count(waiting, 'message')} could not be read"
        found.append(Trouble(what, "what they tell is missing in all answers until somebody sees to them, below"))
    if behind:
        what = f"answers do not tell the newest {words.count(behind, 'event')} yet"
        found.append(Trouble(what, "they follow by themselves; if they do not, let the service be started again"))
    if lack := lack_of_room(free):
        found.append(Trouble(*lack))
    if status["clock_behind_seconds"]:
        behind_by = words.span(words.seconds(status["clock_behind_seconds"]))
        what = f"this machine's clock is {behind_by} behind what was recorded last"
        found.append(Trouble(what, "let whoever runs it set it right: times of recording go by it"))
    return found


def _kinds(numbers: dict[str, int], found: pulse.Pulse) -> list[Kind]:
    ordered = sorted(numbers.items(), key=lambda one: (-one[1], one[0]))
    return [Kind(event_words(name), number, found.last.get(name)) for name, number in ordered]


def _quiet_for(status: dict[str, Any]) -> str:
    last = words.moment_of(status["last_recorded_at"])
    return "" if last is None else words.span(moment(now()) - last)


def _late(viewer: Viewer) -> Late | None:
    """Return what came late since the time that was chosen; None for who may not see students, whom it is about."""
    if not viewer.may(Right.STUDENTS):
        return None
    chosen = viewer.query.get("late", "day")
    chosen = chosen if chosen in _WINDOWS else "day"
    windows = [
        (words_, viewer.where.here(late=name) + "#late", name == chosen) for name, (words_, _) in _WINDOWS.items()
    ]
    told, days = _WINDOWS[chosen]
    this, began = moment(now()), viewer.began
    after_history = None if began is None else began + _HISTORY
    if after_history is None or after_history > this:
        return Late([], told, windows, began, is_all_history=began is not None, is_more=False)
    since = after_history if days is None else max(after_history, this - timedelta(days=days))
    try:
        found = viewer.ask("late", over=_LATE, recorded_since=moment_text(since), limit=_MOST_LATE + 1)
    except QuestionStopped:
        return Late(None, told, windows, began, is_all_history=False, is_more=True)
    rows = [_late_event(viewer, one) for one in found[:_MOST_LATE]]
    return Late(rows, told, windows, began, is_all_history=False, is_more=len(found) > _MOST_LATE)


def _late_event(viewer: Viewer, one: dict[str, Any]) -> LateEvent:
    kind = {"link": "place of "}.get(one["kind"], f"{one['kind'].replace('_', ' ')} ")
    address = viewer.where.to(f"/outcome/{one['id']}") if one["kind"] == "outcome" else None
    scores, places = len(one["scores"]), sum(len(rows) for rows in one["tree"].values())
    changed = [words.count(scores, "score")] if scores else []
    changed += [f"{words.count(places, 'line')} of the tree"] if places else []
    said = f"it changed {' and '.join(changed)}" if changed else "it changed no score and no tree"
    if one["overtaken"]:
        said = "something later had come before it, so today is as it was"
    late_by = words.span(words.seconds(one["late_by_seconds"]))
    return LateEvent(f"{kind}{one['title'] or one['id']}", address, words.moment_of(one["event_time"]), late_by, said)


SCREEN = Screen("/feed", "feed", build)
