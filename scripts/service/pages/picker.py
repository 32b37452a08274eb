"""The place that is looked at, and the ways to others: beside every view, and as a list of all of them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from outcomes.service.pages import frame, words
from outcomes.service.pages.viewer import Viewer
from outcomes.store.access.rights import Right

_NEAR = 12
"""So many places stand beside a view; of more, those above it and the topmost."""


class Choice(NamedTuple):
    """One place to go to. `depth` says how far below the topmost account it hangs."""

    name: str
    kind: str
    address: str
    is_here: bool
    depth: int = 0


class Picker(NamedTuple):
    """The place of a view by its name, and where one can go from there."""

    here: str
    near: Sequence[Choice]
    number: int
    every: str
    section: str


def picker(viewer: Viewer, section: str, context: str | None) -> Picker | None:
    """Return the picker of a view; None where there is no choice."""
    found = frame.places(viewer)
    if len(found) <= 1:
        return None
    here = context or frame.default_context(viewer)
    near = found if len(found) <= _NEAR else _nearest(viewer, found, here)
    section = section if context is not None else "tree"
    every = viewer.where.to("/places", to=section, c=here)
    return Picker(frame.short_name_of(viewer, here), choices(viewer, near, section, here), len(found), every, section)


def choices(viewer: Viewer, found: Sequence[Mapping[str, Any]], section: str, here: str) -> list[Choice]:
    """Return places as ways to the same screen of each: those that hang below others come after them."""
    above = _above(viewer, tuple(place["context"] for place in found))
    listed = {place["context"] for place in found}
    order = {context: place for place, context in enumerate(listed_first(found))}

    def way(context: str) -> list[int]:
        return [order[one] for one in reversed(above[context]) if one in listed]

    rows = sorted(found, key=lambda place: way(place["context"]))
    return [_choice(viewer, place, section, here, len(way(place["context"])) - 1) for place in rows]


def listed_first(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return contexts by their names, accounts before courses."""
    rows = sorted(found, key=lambda place: (place["context"].startswith("Course:"), words.folded(place["name"])))
    return [place["context"] for place in rows]


def address_of(viewer: Viewer, section: str, place: Mapping[str, Any]) -> str:
    """Return the address of a screen at a place; of one that has no such screen, its tree."""
    context, to = place["context"], viewer.where.to
    if section == "mastery" and place["results"] and viewer.may(Right.STUDENTS):
        return to(f"/course/{context.partition(':')[2]}")
    if section == "binder":
        return to("/binder", c=context)
    return to(f"/{section}/{context}" if section in {"changes", "compare", "scale"} else f"/tree/{context}")


def _above(viewer: Viewer, contexts: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Return what each place hangs in, itself first."""
    here = viewer.home.at(known_at=str(viewer.known) if viewer.known else None, tenant=viewer.tenant)
    found: dict[str, tuple[str, ...]] = viewer.keep_made(
        "above", contexts, lambda: {context: here.places_above(context) or (context,) for context in contexts}
    )
    return found


def _nearest(viewer: Viewer, found: Sequence[Mapping[str, Any]], here: str) -> list[Mapping[str, Any]]:
    above = set(_above(viewer, (here,))[here])
    first = [place for place in found if place["context"] in above]
    rest = [place for place in found if place["context"] not in above]
    return [*first, *rest[: max(0, _NEAR - len(first))]]


def _choice(viewer: Viewer, place: Mapping[str, Any], section: str, here: str, depth: int) -> Choice:
    kind, _, local_id = place["context"].partition(":")
    name = place["name"] or f"{kind.lower()} {local_id}"
    told = f"{kind.lower()} {local_id}" if place["name"] else ""
    return Choice(name, told, address_of(viewer, section, place), place["context"] == here, max(0, depth))
