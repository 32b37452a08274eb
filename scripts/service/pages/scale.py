"""Screen 9, scale and method: what counts as mastery in a place, where that comes from, and what its changes did."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from outcomes.service.pages import frame, words
from outcomes.service.pages.contrast import contrast_of, luminance
from outcomes.service.pages.screens import Data, Elsewhere, Screen, Shown, View
from outcomes.service.pages.story import Teller, Told, with_flips
from outcomes.service.pages.viewer import Viewer

_COLOUR = re.compile(r"#?([0-9A-Fa-f]{6})")
_LEAST_CONTRAST = 3.0
"""What WCAG 1.4.11 asks of a colour that means something, against what lies beside it."""
_ACCOUNTS_DECIDE = "account_level_mastery_scales"


class Level(NamedTuple):
    """One level: the least points that reach it, and its colour in Canvas, if it has one (`#rrggbb`).

    `ink` is black or white, whichever is read better on it; `contrast` is the colour's with white paper.
    """

    name: str
    points: str
    is_mastery: bool
    colour: str | None
    ink: str
    contrast: str
    is_pale: bool


class Stored(NamedTuple):
    """A scale or method as some place has it."""

    place: str
    address: str
    since: datetime
    is_active: bool
    counts: bool
    levels: list[Level]
    method: str


def build(viewer: Viewer) -> Shown:
    """Show the scale and the method of a place."""
    context = viewer.parameters["context"]
    rows = viewer.ask("scales", context=context)
    entries = _entries(viewer, rows)
    if "step" in viewer.query:
        return Elsewhere(viewer.where.stepped(viewer.query["step"], [entry["event_time"] for entry in entries]))
    name = frame.name_of(viewer, context)
    scale, method = counting(viewer, rows)
    parts = {
        "name": name,
        "decides": decides(viewer),
        "is_of_course": context.startswith("Course:"),
        "scale": scale,
        "method": method,
        "above": [_stored(viewer, row) for row in rows if row["place"] != "below"],
        "below": [_stored(viewer, row) for row in rows if row["place"] == "below"],
        "told": _told(viewer, entries),
        **steps(viewer, [entry["event_time"] for entry in entries]),
    }
    return View("scale.html", f"Scale and method of {name}", parts, "The mastery scale", context)


def data(viewer: Viewer) -> Data:
    """Return the question of this view."""
    return "scales", {"context": viewer.parameters["context"]}


def steps(viewer: Viewer, times: Sequence[str]) -> dict[str, Any]:
    """Return the ways to the change before and after, of changes at these times, in their order."""
    at, where = viewer.where.at, viewer.where
    earlier = [time for time in times if at is None or time < at]
    return {
        "earlier": where.here(step="earlier") if earlier else None,
        "later": where.here(step="later") if at is not None else None,
        "levels": [],
    }


def decides(viewer: Viewer, **point: str | None) -> str:
    """Return "on", "off" or "not set": whether accounts and courses decide, and not each outcome."""
    told: dict[str, str] = {row["setting"]: row["value"] for row in viewer.ask("settings", **point)}
    return told[_ACCOUNTS_DECIDE]


def _entries(viewer: Viewer, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return all changes of what counts here or could, also those after the time that is looked at."""
    named = [f"{row['kind']}:{row['id']}" for row in rows if row["place"] != "below"]
    if viewer.where.at is not None:
        now = viewer.ask("scales", at=None, context=viewer.parameters["context"])
        named += [f"{row['kind']}:{row['id']}" for row in now if row["place"] != "below"]
    if not named or viewer.grant.scope.contexts:
        return []
    found: list[dict[str, Any]] = viewer.ask("timeline", at=None, entity=sorted(set(named)))
    return found


def _told(viewer: Viewer, entries: Sequence[Mapping[str, Any]]) -> list[Told]:
    at = viewer.where.at
    past = [entry for entry in entries if at is None or entry["event_time"] <= at]
    return with_flips(viewer, Teller(viewer).told(reversed(past)))


def counting(viewer: Viewer, rows: Sequence[Mapping[str, Any]]) -> tuple[Stored | None, Stored | None]:
    """Return the scale and the method that count, where accounts decide, of what is stored (see `Point.scales`)."""
    nearest = {row["kind"]: _stored(viewer, row) for row in rows if row["is_nearest"]}
    return nearest.get("proficiency"), nearest.get("calculation_method")


def _stored(viewer: Viewer, row: Mapping[str, Any]) -> Stored:
    since = words.moment_of(row["since"])
    assert since is not None  # noqa: S101 - each version has a time
    return Stored(
        place=frame.name_of(viewer, row["context"]),
        address=viewer.where.to(f"/scale/{row['context']}"),
        since=since,
        is_active=row["state"] == "active",
        counts=row["is_nearest"],
        levels=[level(told) for told in row["ratings"]],
        method=words.method(row["calculation_method"], row["calculation_int"])
        if row["kind"] == "calculation_method"
        else "",
    )


def level(told: Mapping[str, Any]) -> Level:
    """Return a level as it is drawn."""
    colour = _COLOUR.fullmatch(told.get("color") or "")
    light = luminance(colour[1]) if colour else 1.0
    on_white, on_black = (contrast_of(light, other) for other in (1.0, 0.0))
    return Level(
        name=words.plain_text(told.get("description")) or "without a name",
        points="–" if told.get("points") is None else words.number(told["points"]),
        is_mastery=bool(told.get("mastery")),
        colour=f"#{colour[1]}" if colour else None,
        ink="#fff" if on_white > on_black else "#000",
        contrast=f"{on_white:.1f}",
        is_pale=colour is not None and on_white < _LEAST_CONTRAST,
    )


SCREEN = Screen("/scale/{context}", "scale", build, data)
