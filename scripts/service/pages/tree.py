"""Screen 2, the tree: slide through its changes, and see at each what was done, by whom, and whom it flipped."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from outcomes.domain.times import parse_moment
from outcomes.service.pages import frame, words
from outcomes.service.pages.line_parts import line_parts
from outcomes.service.pages.moments import Line, Moment, entries_of, line
from outcomes.service.pages.screens import Data, Elsewhere, Fragment, Screen, Shown, View
from outcomes.service.pages.story import Teller, with_flips
from outcomes.service.pages.templating import rendered
from outcomes.service.pages.tree_rows import (
    Row,
    differences,
    group_names,
    group_row,
    html,
    matching,
    outcomes_below,
    rows,
    swap,
    with_removed,
)
from outcomes.service.pages.viewer import Viewer

_MOST_TOLD = 40
_SECTIONS = {
    "unlinked": ("In no group", "outcomes of this place that none of its groups holds"),
    "detached": ("Hangs nowhere", "what is active, and whose group is deleted, elsewhere or unknown"),
}


def build(viewer: Viewer) -> Shown:
    """Show the tree of a context."""
    context = viewer.parameters["context"]
    found = line(viewer, context)
    if "step" in viewer.query:
        return _stepped(viewer, found)
    viewer.told_later = _told_later(viewer, found)
    if viewer.is_fragment and "shown" in viewer.query:
        return _fragment(viewer, context, found)
    shown = _rows(viewer, context, found.current if found.is_exact else None)
    text = viewer.query.get("q", "")
    wanted = matching(shown, text) if text else shown
    root, query = viewer.where.root, _query(viewer)
    drawn = (context, viewer.where.at, text, found.level, root, query)
    parts = {
        "tree": viewer.keep_made("html", drawn, lambda: html(wanted, root, query)),
        **_head_parts(viewer, found, wanted),
        **line_parts(viewer, found, is_whole=False, has_levels=True, legend="tree"),
        **_moment_parts(viewer, context, found, shown),
    }
    viewer.afterwards = partial(_prepare, context=context, found=found)
    return View("tree.html", _title(viewer, context), parts, "The tree", context)


def _title(viewer: Viewer, context: str) -> str:
    return f"Outcome tree of {frame.name_of(viewer, context)}"


def data(viewer: Viewer) -> Data:
    """Return the question of this view."""
    return "tree", {"context": viewer.parameters["context"]}


def _fragment(viewer: Viewer, context: str, found: Line) -> Fragment:
    """Send what differs from the time that the open page shows."""
    after = _rows(viewer, context, found.current if found.is_exact else None)
    shown_at, text = viewer.query["shown"] or None, viewer.query.get("q", "")
    changes: list[str] = viewer.keep_made(
        "swaps",
        (context, shown_at, viewer.where.at, text, found.level, viewer.where.root, _query(viewer)),
        lambda: _swaps(viewer, context, found, shown_at, after),
    )
    around = {
        "where": viewer.where,
        "sentence": frame.sentence(viewer, "The tree"),
        **frame.for_paper(frame.organisation(viewer), _title(viewer, context)),
        "known": viewer.known,
        "context": context,
        "place": context,
        "data": [(form.upper(), viewer.where.data(form)) for form in ("csv", "json")],
        **line_parts(viewer, found, is_whole=False, has_levels=True, legend="tree"),
        **_moment_parts(viewer, context, found, after),
    }
    viewer.afterwards = partial(_prepare, context=context, found=found)
    return Fragment(rendered("tree_step.html", **around) + "".join(changes))


def _swaps(viewer: Viewer, context: str, found: Line, shown_at: str | None, after: tuple[Row, ...]) -> list[str]:
    """Return the swaps that make the tree of now of the one that an open page shows."""
    shown_time = None if shown_at is None else parse_moment(shown_at)
    was = Line(found.moments, _place(found, shown_at), found.level, shown_time)
    before = _rows(viewer, context, was.current if was.is_exact else None, at=shown_at)
    text = viewer.query.get("q", "")
    if text:
        before, after = matching(before, text), matching(after, text)
    root, query = viewer.where.root, _query(viewer)
    changes = [swap("#tree-head", "innerHTML", _head(viewer, found, after))] if _tells(before) != _tells(after) else []
    if [row.id for row in before] == [row.id for row in after]:
        return [*changes, *differences(before, after, root, query)]
    return [*changes, swap("#tree", "innerHTML", html(after, root, query))]


def _tells(shown: Sequence[Row]) -> tuple[int, bool]:
    return outcomes_below(shown), not shown


def _head(viewer: Viewer, found: Line, wanted: Sequence[Row]) -> str:
    parts = {"where": viewer.where, "context": viewer.parameters["context"], "home_address": viewer.where.to("/")}
    return rendered("tree_head.html", **parts, **_head_parts(viewer, found, wanted))


def _head_parts(viewer: Viewer, found: Line, wanted: Sequence[Row]) -> dict[str, Any]:
    """Return what is said over the tree: how many outcomes, or why there are none."""
    return {
        "number": outcomes_below(wanted),
        "text": viewer.query.get("q", ""),
        "is_empty": not wanted,
        "is_before_log": not viewer.known,
        "first": found.moments[0] if found.moments else None,
    }


def _prepare(viewer: Viewer, context: str, found: Line) -> None:
    """Make the steps to the changes before and after, where the hand goes next, and the tree after these."""
    for place in (found.here - 1, found.here + 1):
        if 0 <= place < len(found.moments):
            one = found.moments[place]
            where = replace(viewer.where, at=one.until)
            query = {**viewer.query, "shown": viewer.where.at or ""}
            _fragment(replace(viewer, where=where, query=query), context, replace(found, here=place, at=one.time))
    if found.here > 1:
        two = found.moments[found.here - 2]
        _rows(viewer, context, two, at=two.until)


def _told_later(viewer: Viewer, found: Line) -> int:
    """Count the changes up to the time that is looked at which were recorded after it; none if the log began later."""
    at = viewer.where.at
    if at is None or viewer.where.known is not None:
        return 0
    recorded = viewer.home.at(known_at=at, tenant=viewer.tenant).known_at
    shown = found.moments[: max(0, found.here + 1)]
    return sum(one.positions[0] > recorded for one in shown) if recorded else 0


def _place(found: Line, at: str | None) -> int:
    times = [one.until for one in found.moments]
    return times.index(at) if at in times else len(times) if at is None else -1


def _stepped(viewer: Viewer, found: Line) -> Elsewhere:
    """Go to the change before or after: of anything here, or of one outcome alone."""
    only = viewer.query.get("only")
    if only:
        entries = viewer.ask("timeline", at=None, entity=[only])
        times = [entry["event_time"] for entry in entries]
    else:
        times = [one.until for one in found.moments]
    return Elsewhere(viewer.where.stepped(viewer.query["step"], times))


def _query(viewer: Viewer) -> str:
    _, _, query = viewer.where.to("/").partition("?")
    return f"?{query}" if query else ""


def _moment_parts(viewer: Viewer, context: str, found: Line, shown: Sequence[Row]) -> dict[str, Any]:
    one = found.current
    if one is None:
        return {"moment": None, "told": [], "more": 0, "all_of_it": None, "before": None, "after": None}
    entries = entries_of(viewer, context, one)
    told = Teller(viewer, group_names(shown)).told(entries)
    most = with_flips(viewer, told[:_MOST_TOLD])
    before = next((m for m in reversed(found.moments) if m.until < one.since), None)
    return {
        "moment": one,
        "told": most,
        "more": len(told) - len(most),
        "all_of_it": viewer.where.to(f"/changes/{context}", since=one.since, until=one.until),
        "before": viewer.where.here(at=before.until) if before else None,
        "after": viewer.where.here(at=one.until),
    }


def _rows(viewer: Viewer, context: str, moment: Moment | None, at: str | None = "") -> tuple[Row, ...]:
    """Return the lines of the tree at a time, with the marks of a moment."""
    when = viewer.where.at if at == "" else at
    marks: dict[str, str] = {}

    def make() -> tuple[Row, ...]:
        tree = viewer.ask("tree", at=when, known=str(viewer.known), context=context)
        if moment is not None:
            marks.update(_marks(entries_of(viewer, context, moment)))
        found = (*rows(tree["roots"], marks), *sections(tree, marks))
        if moment is None or not moment.removed:
            return found
        before = viewer.ask(
            "tree", at=words.just_before(parse_moment(moment.since)), known=str(viewer.known), context=context
        )
        return with_removed((*rows(before["roots"], {}), *sections(before, {})), found)

    viewer.check("tree", context=context)
    shown: tuple[Row, ...] = viewer.keep_made("rows", (context, when, moment and moment.positions), make)
    return shown


def sections(tree: Mapping[str, Any], marks: Mapping[str, str]) -> Iterable[Row]:
    """Yield what hangs in no group or nowhere, under headings that say so."""
    for name, (title, why) in _SECTIONS.items():
        if tree[name]:
            yield group_row(f"s-{name}", (title, "", "", why), rows(tree[name], marks))


def _marks(entries: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    verbs = {"created": "added", "restored": "added", "updated": "changed"}
    found: dict[str, str] = {}
    for entry in entries:
        mark = verbs.get(entry["change"])
        if mark == "changed" and {"learning_outcome_group_id", "parent_outcome_group_id"} & entry["fields"].keys():
            mark = "moved"
        if mark:
            found[f"{entry['kind']}:{entry['id']}"] = mark
    return found


SCREEN = Screen("/tree/{context}", "tree", build, data)
