"""Screen 12, access: who may ask, and who looked at which student when. For administrators."""

from http import HTTPStatus
from typing import Any

from outcomes.api.access import Access
from outcomes.api.csv_lines import csv_lines
from outcomes.service.asker import require
from outcomes.service.pages.screens import Download, Elsewhere, Screen, Shown, View
from outcomes.service.pages.viewer import Viewer
from outcomes.service.places import require_whole
from outcomes.service.problems import Problem
from outcomes.store.access.rights import Right

_MOST = 200
_RIGHTS = {
    Right.TREE: "outcomes, scales, methods and their changes",
    Right.STUDENTS: "scores and names of students",
    Right.PEOPLE: "who acted: logins and requests",
    Right.INGEST: "bring events in",
    Right.OPERATE: "the feed, what could not be read",
    Right.ADMIN: "this screen",
}

_SCREENS = {
    "/": "Start",
    "/search": "Search",
    "/tree/{context}": "Tree",
    "/changes/{context}": "Changes",
    "/outcome/{id}": "Outcome",
    "/compare/{context}": "Compare",
    "/course/{course}": "Mastery",
    "/course/{course}/edits": "Mastery that edits changed",
    "/student/{student}": "Student",
    "/why/{course}/{student}/{outcome}": "Why a score is so",
    "/scale/{context}": "Scale",
    "/feed": "Feed",
    "/feed/quarantine/{number}": "A message that could not be read",
    "/binder": "Binder",
}
"""What people call the screens that tell of students, by their paths in the record of looks."""


def build(viewer: Viewer) -> Shown:
    """Show who may ask and who looked."""
    return _shown(viewer, None)


def create(viewer: Viewer) -> Shown:
    """Make a token, and show its secret this once."""
    _check(viewer)
    rights = [right for right in Right if viewer.form.get(f"right_{right}")]
    if beyond := [right for right in rights if not viewer.may(right)]:
        raise Problem(
            HTTPStatus.FORBIDDEN,
            f"you lack the right {' and '.join(beyond)} yourself, so you cannot give it: outcomes token create can",
        )
    label, expires = viewer.form.get("label", ""), viewer.form.get("expires") or None
    with Access.beside(viewer.home.folder) as access:
        made = access.create_token(
            ",".join(rights), scope=viewer.form.get("scope") or "all", label=label, expires=expires
        )
    return _shown(viewer, made.as_json())


def revoke(viewer: Viewer) -> Shown:
    """End a token at once."""
    _check(viewer)
    with Access.beside(viewer.home.folder) as access:
        access.revoke(viewer.parameters["id"])
    return Elsewhere(viewer.where.bare("/access"))


def looks_as_csv(viewer: Viewer) -> Shown:
    """Return who looked at which student as CSV."""
    _check(viewer)
    with Access.beside(viewer.home.folder) as access:
        looks = access.looks(since=_since(viewer))
    return Download(
        "".join(csv_lines(looks.as_lines(), looks.columns())).encode(), "text/csv; charset=utf-8", "looks.csv"
    )


def _since(viewer: Viewer) -> str | None:
    """Return since which day looks are meant; None for all."""
    return viewer.query.get("since") or None


def _shown(viewer: Viewer, made: dict[str, Any] | None) -> Shown:
    _check(viewer)
    with Access.beside(viewer.home.folder) as access:
        tokens = [token.as_json() for token in access.tokens()]
        looks = [look.as_json() for look in access.looks(since=_since(viewer), newest=_MOST)]
        number = access.count_looks(since=_since(viewer))
    parts = {
        "tokens": list(reversed(tokens)),
        "looks": looks,
        "number": number,
        "most": _MOST,
        "made": made,
        "rights": [(right, words) for right, words in _RIGHTS.items() if viewer.may(right)],
        "screens": _SCREENS,
        "since": _since(viewer) or "",
        "csv": viewer.where.bare("/access/looks", since=_since(viewer)),
        "may_students": viewer.may(Right.STUDENTS) and viewer.has_tenant,
        "create": viewer.where.bare("/access/create"),
        "revoke": viewer.where.bare("/access/revoke/"),
    }
    return View("access.html", "Access", parts, is_of_home=True)


def _check(viewer: Viewer) -> None:
    require(viewer.grant, {Right.ADMIN})
    require_whole(viewer.grant)


SCREEN = Screen("/access", "access", build)
CREATE = Screen("/access/create", "access", create, takes_form=True)
LOOKS = Screen("/access/looks", "access", looks_as_csv)
REVOKE = Screen("/access/revoke/{id}", "access", revoke, takes_form=True)
