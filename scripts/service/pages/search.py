"""Search: outcomes by their titles, of now and of before, students by their names.

It is a form, so that no name is in an address.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from outcomes.domain.phrasing import listed
from outcomes.service.pages import frame, words
from outcomes.service.pages.screens import Screen, Shown, View
from outcomes.service.pages.viewer import Viewer
from outcomes.store.access.rights import Right

_MOST = 50
_MOST_ACCOUNTS, _MOST_RENAMED = 5, 300
_SECTIONS = ("roots", "detached", "unlinked")


class Found(NamedTuple):
    """Something that has the words in its name: where it is, and what tells it from others of the same name."""

    name: str
    place: str
    address: str
    note: str = ""


@dataclass
class Match:
    """An outcome in the trees: the places that have it, whether a group of any holds it, and since when it is there."""

    id: str
    title: str
    policy: str
    paths: list[str] = field(default_factory=list)
    is_here: bool = False
    is_in_group: bool = False
    since: datetime | None = None


def build(viewer: Viewer) -> Shown:
    """Show what has the words in its name."""
    text = viewer.form.get("q", "").strip()
    here = viewer.form.get("c") or frame.default_context(viewer)
    parts: dict[str, Any] = {
        "text": text,
        "outcomes": [],
        "students": [],
        "former": [],
        "removed": [],
        "most": _MOST,
        "here": here,
        "here_name": frame.name_of(viewer, here),
        "may_students": viewer.may(Right.STUDENTS),
    }
    if text:
        wanted = words.folded(text)
        matches = _matches(viewer, wanted, here)
        parts |= {"outcomes": [_found(viewer, one) for one in matches], "students": _students(viewer, wanted)}
        parts |= _before(viewer, wanted, {one.id for one in matches})
    return View("search.html", "Search", parts)


def _matches(viewer: Viewer, text: str, here: str) -> list[Match]:
    """Return outcomes of the trees: those of this place first, then those that a group holds, then the oldest."""
    found: dict[str, Match] = {}
    places = [place for place in frame.places(viewer) if place["tree"]]
    for place in sorted(places, key=lambda place: (place["context"] != here, place["context"].startswith("Course:"))):
        tree = viewer.ask("tree", context=place["context"])
        for node, path, is_in_group in _outcomes(tree, place["name"] or place["context"]):
            if text not in words.folded(node["title"]):
                continue
            one = found.setdefault(node["id"], Match(node["id"], node["title"], words.policy(node)))
            one.paths += [path] if path not in one.paths else []
            one.is_here |= place["context"] == here
            one.is_in_group |= is_in_group
        if len(found) >= _MOST:
            break
    for one in found.values():
        one.since = _since(viewer, one.id)
    rows = sorted(found.values(), key=lambda one: (not one.is_here, not one.is_in_group, _age(one), one.title, one.id))
    return rows[:_MOST]


def _age(one: Match) -> tuple[bool, str]:
    return (one.since is None, "" if one.since is None else one.since.isoformat())


def _outcomes(tree: Mapping[str, Any], name: str) -> Iterator[tuple[Mapping[str, Any], str, bool]]:
    """Yield the outcomes of a tree, each with the path of groups to it, and whether any holds it."""
    for section in _SECTIONS:
        start = name if section == "roots" else f"{name}, in no group"
        pending: list[tuple[Mapping[str, Any], str]] = [(node, start) for node in tree[section]]
        while pending:
            node, path = pending.pop()
            below = path if node["title"] == name else f"{path} / {node['title']}"
            pending.extend((child, below) for child in node.get("children", ()))
            if node["kind"] == "outcome":
                yield node, path, section == "roots"


def _since(viewer: Viewer, outcome: str) -> datetime | None:
    """Return when an outcome was first told of."""
    rows, _ = viewer.page("timeline", at=None, entity=[f"outcome:{outcome}"], limit=1)
    return words.moment_of(rows[0]["event_time"]) if rows else None


def _found(viewer: Viewer, one: Match) -> Found:
    first, *others = one.paths
    also = f", also in {listed([path.partition(' / ')[0] for path in others])}" if others else ""
    state = "in force" if one.is_in_group else "in no group"
    since = "" if one.since is None else f" since {words.short_day(one.since)}"
    note = f"{state}{since} · {one.policy} · outcome {one.id}"
    return Found(one.title, f"{first}{also}", viewer.where.to(f"/outcome/{one.id}"), note)


def _before(viewer: Viewer, text: str, there: set[str]) -> dict[str, list[Found]]:
    """Return outcomes that had the words in a title of before, as a report may name them, and those that are gone."""
    former = list(_former(viewer, text))
    removed: dict[str, Found] = {}
    for entry in _entries(viewer, "workflow_state"):
        time = words.moment_of(entry["event_time"])
        is_meant = entry["kind"] == "outcome" and entry["change"] == "deleted" and text in words.folded(entry["title"])
        if is_meant and time and entry["id"] not in there:
            address = viewer.where.to(f"/outcome/{entry['id']}", at=words.just_before(time))
            note = f"not in force: removed on {words.short_day(time)} · outcome {entry['id']}"
            removed.setdefault(entry["id"], Found(entry["title"], "", address, note))
    return {"former": former[:_MOST], "removed": list(removed.values())[:_MOST]}


def _former(viewer: Viewer, text: str) -> Iterator[Found]:
    for entry in _entries(viewer, "title"):
        before, after = entry["fields"].get("title", (None, None))
        time = words.moment_of(entry["event_time"])
        if entry["kind"] == "outcome" and entry["change"] == "updated" and time and text in words.folded(before):
            address = viewer.where.to(f"/outcome/{entry['id']}", at=words.just_before(time))
            yield Found(before, f"until {words.short_day(time)}, then {after}", address, f"outcome {entry['id']}")


def _entries(viewer: Viewer, name: str) -> Iterable[Mapping[str, Any]]:
    """Yield the newest changes of a field in the accounts."""
    accounts = [place["context"] for place in frame.places(viewer) if place["tree"] and "Account:" in place["context"]]
    for context in accounts[:_MOST_ACCOUNTS]:
        yield from viewer.page("timeline", context=context, field=name, newest_first=True, limit=_MOST_RENAMED)[0]


def _students(viewer: Viewer, text: str) -> list[Found]:
    if not viewer.may(Right.STUDENTS) or viewer.is_scoped:
        return []
    rows = viewer.ask("students", at=None)
    named = [row for row in rows if text in words.folded(row["name"]) or words.folded(row["student"]) == text]
    return [
        Found(row["name"] or row["student"], "", viewer.where.to(f"/student/{row['student']}")) for row in named[:_MOST]
    ]


SCREEN = Screen("/search", "search", build, takes_form=True)
