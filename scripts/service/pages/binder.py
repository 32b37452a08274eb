"""Screen 13, the binder: all of it to print for an accreditation visit, with what proves it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from outcomes.domain.times import moment_text
from outcomes.service.pages import compare, frame, scale, words
from outcomes.service.pages.citations import Citation, edition_of, fingerprint, log_of, this_moment
from outcomes.service.pages.keys import WORDS
from outcomes.service.pages.screens import Screen, Shown, View
from outcomes.service.pages.tree import sections
from outcomes.service.pages.tree_rows import Row, outcomes_below, rows
from outcomes.service.pages.viewer import Viewer

_MOST_COURSES = 30
_MOST_CHANGES = 400


class Figures(NamedTuple):
    """How a class stood."""

    course: str
    rows: Sequence[Mapping[str, Any]]


def build(viewer: Viewer) -> Shown:
    """Show what belongs into a binder."""
    context = viewer.query.get("c") or frame.default_context(viewer)
    at = viewer.where.at or moment_text(this_moment())
    name = frame.name_of(viewer, context)
    tree = viewer.ask("tree", at=at, context=context)
    shown = (*rows(tree["roots"], {}), *sections(tree, {}))
    earlier, later = compare.times(viewer, context)
    if later > at:
        # Changes "since" a later day than that of the binder are none: then it tells those of before it, as by itself.
        own = {name: value for name, value in viewer.query.items() if name not in {"vs_on", "vs_at"}}
        earlier, later = compare.times(replace(viewer, query=own), context)
    known = str(viewer.known)
    stored_scale, stored_method = scale.counting(viewer, viewer.ask("scales", at=at, context=context))
    found = fingerprint(viewer, ("tree", {"context": context}), at, known)
    parts: dict[str, Any] = {
        "name": name,
        "at_words": words.when(words.moment_of(at)),  # type: ignore[arg-type]
        "known_words": frame.sentence(viewer, "").knowledge,
        "lines": list(_lines(shown, 0)),
        "number": outcomes_below(shown),
        "scale": stored_scale,
        "method": stored_method,
        "decides": scale.decides(viewer),
        "since": compare.side(viewer, context, earlier),
        "until": compare.side(viewer, context, later),
        "changes": compare.changes(viewer, context, earlier, later)[:_MOST_CHANGES],
        "figures": _figures(viewer, at),
        "words": WORDS,
        "log": log_of(viewer),
        "fingerprint_tree": found,
        "cited": _citation(viewer, context, at, found),
        "at": at,
        "contexts": [place for place in frame.places(viewer) if place["tree"]],
    }
    return View("binder.html", f"Binder of {name}", parts, "The binder", context)


def _citation(viewer: Viewer, context: str, at: str, found: str) -> Citation:
    """Return how the tree that is printed is cited: its link opens the tree itself, which then proves itself."""
    known, log = str(viewer.known), log_of(viewer)
    link = viewer.where.to(
        f"/tree/{context}",
        at=at,
        known=known,
        fp=found,
        cited=f"{this_moment():%Y-%m-%d}",
        log=log,
        edition=edition_of(viewer),
    )
    text = (
        f"{frame.organisation(viewer)}, outcome tree {context}, as it was on {at}, known at position {known} "
        f"of log {log}, fingerprint {found}."
    )
    return Citation(link, text, found)


def _lines(found: Sequence[Row], depth: int) -> Any:
    for row in found:
        yield depth, row
        yield from _lines(row.children, depth + 1)


def _figures(viewer: Viewer, at: str) -> list[Figures]:
    courses = [place for place in frame.places(viewer) if place["results"] and place["context"].startswith("Course:")]
    found = []
    for place in courses[:_MOST_COURSES]:
        figures = viewer.ask("class", at=at, known=viewer.where.known, course=place["context"].partition(":")[2])
        told = [row for row in figures if row["assessed"]]
        if told:
            found.append(Figures(place["name"] or place["context"], told))
    return found


SCREEN = Screen("/binder", "binder", build)
