"""Screen 1, the start: what changed lately, which places there are, and whether the feed is healthy."""

from typing import Any, NamedTuple

from outcomes.domain.errors import SeveralTenants
from outcomes.service.pages import frame
from outcomes.service.pages.moments import line
from outcomes.service.pages.screens import Screen, Shown, View
from outcomes.service.pages.viewer import Viewer
from outcomes.store.access.rights import Right

_NEWEST = 5


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
        "newest": [(one, viewer.where.to(f"/tree/{context}", at=one.until)) for one in reversed(moments[-_NEWEST:])],
        "accounts": [place for place in places if place["context"].startswith("Account:") and place["tree"]],
        "courses": [place for place in places if place["context"].startswith("Course:")],
        "is_empty": not places,
        "first_context": context,
        "health": viewer.ask("status") if viewer.may(Right.OPERATE) and not viewer.is_scoped else None,
    }
    return View("start.html", frame.organisation(viewer), parts)


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
