"""Screen 3, changes: newest first, gathered by who made them in one go, with filters that can be taken off."""

from collections import Counter
from datetime import timedelta
from typing import Any, NamedTuple

from outcomes.domain.phrasing import listed
from outcomes.domain.times import moment, moment_text, parse_argument
from outcomes.service.pages import frame, words
from outcomes.service.pages.screens import Data, Screen, Shown, View
from outcomes.service.pages.story import Teller, Told, with_flips
from outcomes.service.pages.viewer import Viewer
from outcomes.service.pages.where import end_of_day

PAGE = 40
"""Entries on one page."""
_MOST = 10_000
"""Entries in the data beside it."""
_FOLDED = 8
"""A moment of more changes than these is one line that opens."""
_FILTERS = {
    "actor": "by",
    "field": "field",
    "kind": "of",
    "since": "since",
    "until": "until",
    "request": "request",
    "all": "also saves that changed nothing",
}
_PAUSE = timedelta(minutes=5)
_LATE_SECONDS = 86_400
_KINDS = ("outcome", "group", "link", "proficiency", "calculation_method", "friendly_description", "setting")


class Gathered(NamedTuple):
    """What one doer did in one go."""

    time: Any
    until: str
    who: str
    who_fully: str
    request: str | None
    told: list[Told]
    summary: str
    is_folded: bool
    late: str
    before: str
    after: str


class Chip(NamedTuple):
    """A filter that is on, and the address without it."""

    words: str
    without: str


def build(viewer: Viewer) -> Shown:
    """Show what changed in a context."""
    context = viewer.parameters["context"]
    entries, following = viewer.page("timeline", **_asked(viewer))
    told = with_flips(viewer, Teller(viewer, _groups(viewer, context)).told(entries))
    name = frame.name_of(viewer, context)
    parts = {
        "gathered": [_gathered(viewer, context, group) for group in _by_doer(told)],
        "chips": _chips(viewer),
        "older": None if following is None else viewer.where.here(after=following),
        "newest": viewer.where.here(after=None) if "after" in viewer.query else None,
        "kinds": [(kind, words.kind_name(kind)) for kind in _KINDS],
        "filters": {name: viewer.query.get(name, "") for name in _FILTERS},
    }
    return View("changes.html", f"Changes of {name}", parts, "The changes", context)


def data(viewer: Viewer) -> Data:
    """Return the question of this view: all that passes the filters, also what is on later pages."""
    return "timeline", {**_asked(viewer), "limit": _MOST}


def _asked(viewer: Viewer) -> dict[str, Any]:
    given: dict[str, Any] = {"context": viewer.parameters["context"], "newest_first": True, "limit": PAGE}
    given |= {
        name: viewer.query[name]
        for name in ("actor", "field", "since", "until", "request", "after")
        if viewer.query.get(name)
    }
    if "until" in given:
        # A day that is chosen in a calendar is meant to its end.
        given["until"] = moment_text(moment(end_of_day(given["until"])))
    if viewer.query.get("all"):
        given["all"] = True
    # Students' work is no change of what this is about.
    given["kind"] = [viewer.query["kind"]] if viewer.query.get("kind") else list(_KINDS)
    return given


def _groups(viewer: Viewer, context: str) -> dict[str, str]:
    return frame.group_names(viewer.ask("tree", context=context, include_deleted=True))


def _by_doer(told: list[Told]) -> list[list[Told]]:
    """Put together what stands together and was done by one doer without a longer pause."""
    found: list[list[Told]] = []
    for one in told:
        last = found[-1][-1] if found else None
        if last is not None and _doer(last) == _doer(one) and abs(last.time - one.time) <= _PAUSE:
            found[-1].append(one)
        else:
            found.append([one])
    return found


def _doer(one: Told) -> tuple[Any, ...]:
    actor = one.entry["actor"]
    return actor["user_id"], actor["login"], actor["role"], actor["job"]


def _summary(told: list[Told]) -> str:
    """Say what was done to how many things: "put" and the like is done to outcomes."""
    things = dict.fromkeys((one.verb, one.entry["kind"], one.entry["id"]) for one in told)
    numbers = Counter((verb, "outcome" if kind == "link" else kind) for verb, kind, _ in things)
    said = listed(f"{verb} {words.kind_count(kind, number)}" for (verb, kind), number in numbers.items())
    return said[:1].upper() + said[1:]


def _gathered(viewer: Viewer, context: str, told: list[Told]) -> Gathered:
    newest, oldest = told[0], told[-1]
    until = newest.entry["event_time"]
    late = max(one.entry["late_by_seconds"] for one in told)
    requests = {one.entry["actor"].get("request_id") for one in told}
    return Gathered(
        time=newest.time,
        until=until,
        who=newest.who,
        who_fully=newest.who_fully,
        request=requests.pop() if len(requests) == 1 else None,
        told=told,
        summary=_summary(told),
        is_folded=len(told) > _FOLDED,
        late=words.span(words.seconds(late)) if late > _LATE_SECONDS and not _is_of_back_fill(viewer, newest) else "",
        before=viewer.where.to(f"/tree/{context}", at=words.just_before(oldest.time)),
        after=viewer.where.to(f"/tree/{context}", at=until),
    )


def _is_of_back_fill(viewer: Viewer, one: Told) -> bool:
    """Say whether it came with the first that was recorded: what was loaded when the log began was not told late."""
    began = viewer.began
    recorded = words.moment_of(one.entry["recorded_at"])
    return began is None or recorded is None or (recorded - began).total_seconds() < _LATE_SECONDS


def _chips(viewer: Viewer) -> list[Chip]:
    found = []
    for name, label in _FILTERS.items():
        value = viewer.query.get(name)
        if value:
            shown = {"request": "saved together", "all": ""}.get(name, value)
            if name in {"since", "until"}:
                shown = words.day(moment(parse_argument(value)))
            if name == "kind":
                shown = words.kind_name(value)
            found.append(
                Chip(
                    f"{label} {shown}".strip() if name != "request" else shown,
                    viewer.where.here(**{name: None, "after": None}),
                )
            )
    return found


SCREEN = Screen("/changes/{context}", "changes", build, data)
