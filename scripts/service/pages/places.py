"""All places that a person may look at, to choose one: accounts, what hangs below them, and courses, by their names."""

from outcomes.service.pages import frame, words
from outcomes.service.pages.picker import choices
from outcomes.service.pages.screens import Screen, Shown, View
from outcomes.service.pages.viewer import Viewer

_MOST = 200
_HEADS = {
    "tree": "Whose tree?",
    "changes": "Whose changes?",
    "compare": "Compare what?",
    "mastery": "Mastery in which course?",
    "scale": "Whose scale and method?",
    "binder": "A binder of what?",
}


def build(viewer: Viewer) -> Shown:
    """Show the places whose names hold what was asked for; all of them if nothing was."""
    section = viewer.query.get("to", "tree")
    section = section if section in _HEADS else "tree"
    text = viewer.query.get("q", "").strip()
    here = viewer.query.get("c") or frame.default_context(viewer)
    asked = words.folded(text)
    found = [
        place
        for place in frame.places(viewer)
        if asked in words.folded(f"{place['name'] or ''} {place['context'].replace(':', ' ')}")
        and (section != "mastery" or place["results"])
    ]
    parts = {
        "text": text,
        "section": section,
        "here": here,
        "choices": choices(viewer, found[:_MOST], section, here),
        "number": len(found),
        "most": _MOST,
        "all": viewer.where.to("/places", to=section, c=here),
    }
    return View("places.html", _HEADS[section], parts)


SCREEN = Screen("/places", "", build)
