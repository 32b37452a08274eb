"""Search: outcomes by their titles, of now and of before, students by their names.

It is a form, so that no name is in an address.
"""

from typing import Any, NamedTuple

from outcomes.service.pages import frame, words
from outcomes.service.pages.screens import Screen, Shown, View
from outcomes.service.pages.viewer import Viewer
from outcomes.store.access.rights import Right

_MOST = 50
_MOST_ACCOUNTS, _MOST_RENAMED = 5, 300


class Found(NamedTuple):
    """Something that has the words in its name."""

    name: str
    place: str
    address: str


def build(viewer: Viewer) -> Shown:
    """Show what has the words in its name."""
    text = viewer.form.get("q", "").strip()
    parts = {
        "text": text,
        "outcomes": [],
        "students": [],
        "former": [],
        "most": _MOST,
        "may_students": viewer.may(Right.STUDENTS),
    }
    if text:
        wanted = words.folded(text)
        parts |= {"outcomes": _outcomes(viewer, wanted), "students": _students(viewer, wanted)}
        parts["former"] = _former(viewer, wanted)
    return View("search.html", "Search", parts)


def _outcomes(viewer: Viewer, text: str) -> list[Found]:
    found: dict[str, Found] = {}
    for place in frame.places(viewer):
        if not place["tree"]:
            continue
        tree = viewer.ask("tree", context=place["context"])
        name = place["name"] or place["context"]
        roots: list[dict[str, Any]] = [*tree["roots"], *tree["detached"], *tree["unlinked"]]
        pending = [(node, name) for node in roots]
        while pending:
            node, path = pending.pop()
            below = path if node["title"] == name else f"{path} / {node['title']}"
            pending.extend((child, below) for child in node.get("children", ()))
            if node["kind"] == "outcome" and text in words.folded(node["title"]):
                where = f"{path} · {words.policy(node)}"
                found.setdefault(node["id"], Found(node["title"], where, viewer.where.to(f"/outcome/{node['id']}")))
            if len(found) >= _MOST:
                return list(found.values())
    return sorted(found.values())


def _former(viewer: Viewer, text: str) -> list[Found]:
    """Return outcomes that had the words in a title of before: a report may name them so."""
    accounts = [place["context"] for place in frame.places(viewer) if place["tree"] and "Account:" in place["context"]]
    found = []
    for context in accounts[:_MOST_ACCOUNTS]:
        given = {"context": context, "field": "title", "newest_first": True, "limit": _MOST_RENAMED}
        for entry in viewer.page("timeline", **given)[0]:
            before, after = entry["fields"].get("title", (None, None))
            time = words.moment_of(entry["event_time"])
            if entry["kind"] == "outcome" and entry["change"] == "updated" and time and text in words.folded(before):
                address = viewer.where.to(f"/outcome/{entry['id']}", at=words.just_before(time))
                found.append(Found(before, f"until {words.short_day(time)}, then {after}", address))
    return found[:_MOST]


def _students(viewer: Viewer, text: str) -> list[Found]:
    if not viewer.may(Right.STUDENTS) or viewer.is_scoped:
        return []
    rows = viewer.ask("students", at=None)
    named = [row for row in rows if text in words.folded(row["name"]) or words.folded(row["student"]) == text]
    return [
        Found(row["name"] or row["student"], "", viewer.where.to(f"/student/{row['student']}")) for row in named[:_MOST]
    ]


SCREEN = Screen("/search", "search", build, takes_form=True)
