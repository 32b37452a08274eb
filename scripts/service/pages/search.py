"""Search: outcomes by their titles, students by their names. It is a form, so that no name is in an address."""

from typing import Any, NamedTuple

from outcomes.service.pages import frame
from outcomes.service.pages.screens import Screen, Shown, View
from outcomes.service.pages.viewer import Viewer
from outcomes.store.access.rights import Right

_MOST = 50


class Found(NamedTuple):
    """Something that has the words in its name."""

    name: str
    place: str
    address: str


def build(viewer: Viewer) -> Shown:
    """Show what has the words in its name."""
    text = viewer.form.get("q", "").strip()
    parts = {"text": text, "outcomes": [], "students": [], "most": _MOST, "may_students": viewer.may(Right.STUDENTS)}
    if text:
        parts |= {"outcomes": _outcomes(viewer, text.casefold()), "students": _students(viewer, text.casefold())}
    return View("search.html", "Search", parts)


def _outcomes(viewer: Viewer, text: str) -> list[Found]:
    found: dict[str, Found] = {}
    for place in frame.places(viewer):
        if not place["tree"]:
            continue
        tree = viewer.ask("tree", context=place["context"])
        pending: list[dict[str, Any]] = [*tree["roots"], *tree["detached"], *tree["unlinked"]]
        while pending:
            node = pending.pop()
            pending.extend(node.get("children", ()))
            if node["kind"] == "outcome" and text in (node["title"] or "").casefold():
                name = place["name"] or place["context"]
                found.setdefault(node["id"], Found(node["title"], name, viewer.where.to(f"/outcome/{node['id']}")))
            if len(found) >= _MOST:
                return list(found.values())
    return sorted(found.values())


def _students(viewer: Viewer, text: str) -> list[Found]:
    if not viewer.may(Right.STUDENTS) or viewer.is_scoped:
        return []
    rows = viewer.ask("students", at=None)
    named = [row for row in rows if text in (row["name"] or "").casefold() or row["student"] == text]
    return [
        Found(row["name"] or row["student"], "", viewer.where.to(f"/student/{row['student']}")) for row in named[:_MOST]
    ]


SCREEN = Screen("/search", "search", build, takes_form=True)
