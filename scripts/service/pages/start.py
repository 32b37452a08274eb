"""Screen 1, the start: what changed lately, which places there are, and whether the feed is healthy."""

from typing import Any, NamedTuple

from outcomes.domain.errors import SeveralTenants
from outcomes.service.pages import frame, pulse
from outcomes.service.pages.moments import Moment, entries_of, line
from outcomes.service.pages.screens import Screen, Shown, View
from outcomes.service.pages.story import FieldChange, field_changes
from outcomes.service.pages.viewer import Viewer
from outcomes.store.access.rights import Right

_NEWEST = 5
_MOST_FIELDS = 3
_READ = 200
"""Newest events that tell how far behind Canvas we are."""


class School(NamedTuple):
    """A root account to choose."""

    name: str
    tenant: str
    address: str


def build(viewer: Viewer) -> Shown:
    """Show where to begin."""
    try:
        places = frame.places(viewer)
    except SeveralTenants:
        return View("schools.html", "Choose a school", {"schools": _schools(viewer)}, is_bare=True)
    context = frame.default_context(viewer)
    moments = line(viewer, context).moments if places else []
    parts: dict[str, Any] = {
        "newest": [_told(viewer, context, one) for one in reversed(moments[-_NEWEST:])],
        "accounts": [place for place in places if place["context"].startswith("Account:") and place["tree"]],
        "courses": [place for place in places if place["context"].startswith("Course:")],
        "is_empty": not places,
        "first_context": context,
        "lag": pulse.read(viewer, _READ).lag_words if viewer.may(Right.OPERATE) and not viewer.is_scoped else "",
        "health": viewer.ask("status") if viewer.may(Right.OPERATE) and not viewer.is_scoped else None,
    }
    return View("start.html", frame.organisation(viewer), parts)


def _told(viewer: Viewer, context: str, one: Moment) -> tuple[Moment, str, list[FieldChange]]:
    """Return a moment with its address, and of a single change what it was before and after, if that is short."""
    address = viewer.where.to(f"/tree/{context}", at=one.until)
    if one.changed != 1 or one.added or one.moved or one.removed:
        return one, address, []
    fields = [
        change
        for entry in entries_of(viewer, context, one)
        if entry["change"] == "updated"
        for change in field_changes(entry["fields"])
    ]
    return one, address, [change for change in fields if not change.is_long][:_MOST_FIELDS]


def _schools(viewer: Viewer) -> list[School]:
    found = []
    for tenant in viewer.home.tenants:
        if viewer.grant.scope.tenants and tenant not in viewer.grant.scope.tenants:
            continue
        places = viewer.home.at(tenant=tenant).places()
        names = [place.name for place in places if place.name and place.context.startswith("Account:")]
        name = names[0] if names else next((place.name for place in places if place.name), None)
        found.append(School(name or f"school {tenant[:8]}…", tenant, f"{viewer.where.root}/{tenant}/"))
    return found


SCREEN = Screen("/", "start", build)
