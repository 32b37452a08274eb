"""Screen 13, the binder: all of it to print for an accreditation visit, with what proves it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from outcomes.domain.times import moment, moment_text
from outcomes.service.pages import citations, compare, frame, scale, words
from outcomes.service.pages.differences import Side, in_order, told, trees
from outcomes.service.pages.keys import WORDS
from outcomes.service.pages.screens import Screen, Shown, View
from outcomes.service.pages.tree import sections
from outcomes.service.pages.tree_rows import Row, outcomes_below, rows
from outcomes.service.pages.viewer import Viewer
from outcomes.service.pages.where import end_of_day
from outcomes.store.access.rights import Right

_MOST_COURSES = 30
_MOST_CHANGES = 400
_YEAR = timedelta(days=365)


class Figures(NamedTuple):
    """How a class stood."""

    course: str
    rows: Sequence[Mapping[str, Any]]


class Contents(NamedTuple):
    """The answers that are printed; the fingerprint is of all of them."""

    tree: Mapping[str, Any]
    scales: Sequence[Mapping[str, Any]]
    decides: str
    changes: Mapping[str, Any]
    classes: Mapping[str, Sequence[Mapping[str, Any]]]

    @property
    def fingerprint(self) -> str:
        """What stands for all of them."""
        return citations.fingerprint_of([citations.fingerprint_of(answer) for answer in self])


def build(viewer: Viewer) -> Shown:
    """Show what belongs into a binder."""
    context = viewer.query.get("c") or frame.default_context(viewer)
    at = viewer.where.at or viewer.now
    since, is_chosen = _since(viewer, at)
    name = frame.name_of(viewer, context)
    found = _contents(viewer, context, since, at, viewer.where.known or str(viewer.known))
    shown = (*rows(found.tree["roots"], {}), *sections(found.tree, {}))
    earlier, later = (compare.side(viewer, time, viewer.where.known) for time in (since, at))
    stored_scale, stored_method = scale.counting(viewer, found.scales)
    organisation = frame.organisation(viewer)
    title = f"Binder of {name}" if name == organisation else f"{organisation}, binder of {name}"
    parts: dict[str, Any] = {
        "name": name,
        "at_words": words.when(later.time),
        "known_words": frame.sentence(viewer, "").knowledge,
        "lines": list(_lines(shown, 0)),
        "number": outcomes_below(shown),
        "scale": stored_scale,
        "method": stored_method,
        "decides": found.decides,
        "since": earlier,
        "until": later,
        "is_chosen": is_chosen,
        "is_refused": viewer.where.vs is not None and not is_chosen,
        "changes": _changes(viewer, context, found, earlier, later)[:_MOST_CHANGES],
        "figures": _figures(viewer, found),
        "hides_figures": not _may_classes(viewer),
        "are_of_midnight": not viewer.may(Right.STUDENTS),
        "words": WORDS,
        "log": citations.log_of(viewer),
        "cited": citations.cited(viewer, found.fingerprint, title, {"c": context, "vs_at": since}),
        "origin": viewer.origin,
        "checkpoint": str(viewer.home.checkpoint()),
        "at": at,
        "contexts": [place for place in frame.places(viewer) if place["tree"]],
        **_proof(viewer, context, since, at, found),
    }
    return View("binder.html", f"Binder of {name}", parts, "The binder", context)


def _since(viewer: Viewer, at: str) -> tuple[str, bool]:
    """Return since when changes are told, and whether that was chosen: a year before, if it was not, or is later."""
    chosen = viewer.where.vs
    if chosen is not None and chosen < at:
        return chosen, True
    a_year_before = compare.side(viewer, at, None).time - _YEAR
    return moment_text(moment(end_of_day(f"{a_year_before:%Y-%m-%d}"))), False


def _contents(viewer: Viewer, context: str, since: str, at: str, known: str | None) -> Contents:
    point = {"at": at, "known": known}
    of_classes = {"at": at, "known": known if viewer.may(Right.STUDENTS) else None}
    courses = [place for place in frame.places(viewer) if place["results"] and place["context"].startswith("Course:")]
    classes = {}
    for place in courses[:_MOST_COURSES] if _may_classes(viewer) else ():
        course = place["context"].partition(":")[2]
        classes[course] = [row for row in viewer.ask("class", **of_classes, course=course) if row["assessed"]]
    return Contents(
        tree=viewer.ask("tree", **point, context=context),
        scales=viewer.ask("scales", **point, context=context),
        decides=scale.decides(viewer, **point),
        changes=viewer.ask("diff", known=known, context=context, from_=since, to=at),
        classes={course: told for course, told in classes.items() if told},
    )


def _may_classes(viewer: Viewer) -> bool:
    """Say whether figures of classes may be told: as they were known before, only to who may see students."""
    return viewer.where.known is None or viewer.may(Right.STUDENTS)


def _proof(viewer: Viewer, context: str, since: str, at: str, shown: Contents) -> dict[str, Any]:
    """Return what became of a citation that was opened."""
    if "fp" not in viewer.query:
        return {}

    def fingerprint_at(_: str | None, known: str | None) -> str:
        found = shown if known == viewer.where.known else _contents(viewer, context, since, at, known)
        return found.fingerprint

    return {"proof": citations.proof(viewer, fingerprint_at)}


def _changes(viewer: Viewer, context: str, found: Contents, earlier: Side, later: Side) -> list[Any]:
    different = told(viewer, found.changes, trees(viewer, context, earlier, later))
    return list(in_order(different))


def _lines(found: Sequence[Row], depth: int) -> Iterator[tuple[int, Row]]:
    for row in found:
        yield depth, row
        yield from _lines(row.children, depth + 1)


def _figures(viewer: Viewer, found: Contents) -> list[Figures]:
    return [Figures(frame.name_of(viewer, f"Course:{course}"), told) for course, told in found.classes.items()]


SCREEN = Screen("/binder", "binder", build)
