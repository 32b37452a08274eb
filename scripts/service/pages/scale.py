"""Screen 9, mastery scale and calculation method of a place: what is in force, from where, and what its edits did."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from outcomes.service.pages import frame, words
from outcomes.service.pages.contrast import contrast
from outcomes.service.pages.screens import Data, Screen, Shown, View
from outcomes.service.pages.story import Teller, with_flips
from outcomes.service.pages.viewer import Viewer
from outcomes.store.access.rights import Right

_KINDS = ("proficiency", "calculation_method")
_SETTING = "account_level_mastery_scales"


class Level(NamedTuple):
    """One level of a mastery scale, with its colour and how well black or white is read on it."""

    name: str
    points: str
    is_mastery: bool
    colour: str
    contrast: str


class Rule(NamedTuple):
    """The scale or method of one place in the chain."""

    place: str
    address: str
    kind: str
    levels: Sequence[Level]
    method: str
    state: str
    is_in_force: bool


def build(viewer: Viewer) -> Shown:
    """Show by which scale and method scores of a place are made."""
    context = viewer.parameters["context"]
    name = frame.name_of(viewer, context)
    chain = _chain(viewer, context)
    entries = [entry for place in chain for entry in _entries(viewer, place)]
    rules = _rules(viewer, chain)
    told = Teller(viewer).told(sorted(entries, key=lambda entry: entry["event_time"], reverse=True))
    settings = {setting["setting"]: setting["value"] for setting in viewer.ask("settings")}
    parts = {
        "chain": [
            (frame.name_of(viewer, place), viewer.where.to(f"/scale/{place}"), place == context) for place in chain
        ],
        "scales": [rule for rule in rules if rule.kind == "proficiency"],
        "methods": [rule for rule in rules if rule.kind == "calculation_method"],
        "setting": settings.get(_SETTING, "not set"),
        "history": with_flips(viewer, told),
        "may_students": viewer.may(Right.STUDENTS),
        "name": name,
    }
    return View("scale.html", f"Mastery scale of {name}", parts, "The scale", context)


def data(viewer: Viewer) -> Data:
    """Return the question of this view."""
    return "timeline", {"context": viewer.parameters["context"], "field": "ratings"}


def _chain(viewer: Viewer, context: str) -> list[str]:
    if viewer.grant.scope.contexts:
        return [context]
    here = viewer.home.at(viewer.where.at, viewer.where.known, viewer.tenant)
    return list(here.places_above(context))


def _entries(viewer: Viewer, place: str) -> list[dict[str, Any]]:
    at = viewer.where.at
    entries = viewer.keep("timeline", at=None, context=place)
    return [entry for entry in entries if entry["kind"] in _KINDS and (at is None or entry["event_time"] <= at)]


def rules_of(viewer: Viewer, context: str) -> list[Rule]:
    """Return the scales and methods of a place and of those above it, innermost first."""
    return _rules(viewer, _chain(viewer, context))


def _rules(viewer: Viewer, chain: Sequence[str]) -> list[Rule]:
    found: list[Rule] = []
    for kind in _KINDS:
        is_decided = False
        for place in chain:
            for local_id in dict.fromkeys(entry["id"] for entry in _entries(viewer, place) if entry["kind"] == kind):
                shown = viewer.ask("show", kind=kind, id=local_id)
                state = (shown or {}).get("state")
                if state is None:
                    continue
                is_active = state.get("workflow_state") == "active"
                found.append(_rule(viewer, place, kind, state, is_in_force=is_active and not is_decided))
                is_decided = is_decided or is_active
    return found


def _rule(viewer: Viewer, place: str, kind: str, state: Mapping[str, Any], *, is_in_force: bool) -> Rule:
    ratings = state.get("outcome_proficiency_ratings") or state.get("ratings") or []
    levels = [_level(rating) for rating in ratings if isinstance(rating, dict)]
    method = words.method(state.get("calculation_method"), state.get("calculation_int"))
    told = state.get("workflow_state") or ""
    return Rule(
        frame.name_of(viewer, place), viewer.where.to(f"/scale/{place}"), kind, levels, method, told, is_in_force
    )


def _level(rating: Mapping[str, Any]) -> Level:
    colour = str(rating.get("color") or "").lstrip("#")
    told = contrast(colour)
    best = "" if told is None else f"{told:.1f} : 1"
    points = words.number(rating.get("points"))
    return Level(
        str(rating.get("description") or ""), points, bool(rating.get("mastery")), f"#{colour}" if told else "", best
    )


SCREEN = Screen("/scale/{context}", "scale", build, data)
