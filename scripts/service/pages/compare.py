"""Screen 5, two times side by side: what was added, removed, moved or changed, and on demand whom it touches."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from outcomes.api.arguments import now
from outcomes.domain.times import moment, moment_text
from outcomes.service.pages import frame, words
from outcomes.service.pages.moments import line
from outcomes.service.pages.score_times import score_text
from outcomes.service.pages.screens import Data, Screen, Shown, View
from outcomes.service.pages.story import FieldChange, field_changes, title_of
from outcomes.service.pages.viewer import Viewer
from outcomes.service.pages.where import end_of_day
from outcomes.store.access.rights import Right

_MONTH = 30
_PLACES = ("changed", "moved", "added", "removed")
_MOST_STUDENTS = 300


class Difference(NamedTuple):
    """One thing that differs."""

    title: str
    what: str
    address: str | None
    fields: Sequence[FieldChange]
    note: str


class Touched(NamedTuple):
    """One student's score at both times."""

    student: str
    address: str
    outcome: str
    before: str
    after: str
    turn: str


def build(viewer: Viewer) -> Shown:
    """Show how a context differs between two times."""
    context = viewer.parameters["context"]
    earlier, later = times(viewer, context)
    wants_students = viewer.query.get("students") == "1" and viewer.may(Right.STUDENTS)
    name = frame.name_of(viewer, context)
    parts: dict[str, Any] = {
        "earlier": side(viewer, context, earlier),
        "later": side(viewer, context, later),
        "may_students": viewer.may(Right.STUDENTS),
        "students": None,
        "with_students": viewer.where.here(students="1", vs_at=earlier, vs_on=None),
        **_knowledge(viewer),
    }
    found = viewer.ask("diff", **data(viewer)[1], students=wants_students)
    told = _told(viewer, context, found, earlier, later)
    parts |= {**told, "total": _number_of_outcomes(viewer, context, later), "differing": sum(map(len, told.values()))}
    if wants_students:
        parts["students"] = [_touched(viewer, row, later) for row in found["students"][:_MOST_STUDENTS]]
        parts["more_students"] = max(0, len(found["students"]) - _MOST_STUDENTS)
    return View("compare.html", f"What differs in {name}", parts, "The later side (B)", context)


def changes(viewer: Viewer, context: str, earlier: str, later: str) -> list[tuple[str, Difference]]:
    """Return all that differs between two times, each with what became of it."""
    found = viewer.ask("diff", **_given(context, earlier, later))
    told = _told(viewer, context, found, earlier, later)
    return [(kind if kind != "policies" else "", one) for kind, rows in told.items() for one in rows]


def _told(
    viewer: Viewer, context: str, found: Mapping[str, Any], earlier: str, later: str
) -> dict[str, list[Difference]]:
    groups = _groups(viewer, context, later) | _groups(viewer, context, earlier)
    told = {kind: [_difference(viewer, row, groups, kind) for row in found[kind]] for kind in _PLACES}
    return told | {"policies": [_policy(viewer, row) for row in found["policies"]]}


def data(viewer: Viewer) -> Data:
    """Return the question of this view."""
    context = viewer.parameters["context"]
    known = viewer.query.get("vs_known")
    if known:
        this = viewer.where.known or str(viewer.known)
        return "diff", {"context": context, "from_known": _known(known), "to_known": this}
    return "diff", _given(context, *times(viewer, context))


def _knowledge(viewer: Viewer) -> dict[str, Any]:
    """Return what is said where one time is compared, as it was known then and as it is known now."""
    known = viewer.query.get("vs_known", "")
    return {
        "vs_known_words": _known_words(known) if known else "",
        "vs_known_day": "" if known.isdigit() else known[:10],
        "two_times": viewer.where.here(vs_known=None),
    }


def _known(given: str) -> str:
    """Return a position, or the end of a day or an instant; raises UsageError."""
    return given if given.isdigit() else moment_text(moment(end_of_day(given)))


def _known_words(given: str) -> str:
    if given.isdigit():
        return f"as we knew it after event {int(given):,}"
    return f"as we knew it {words.when(moment(end_of_day(given)))}"


def _given(context: str, earlier: str, later: str) -> dict[str, Any]:
    return {"context": context, "from_": earlier, "to": later}


def times(viewer: Viewer, context: str) -> tuple[str, str]:
    """Return the two times, the earlier first; without another one it is a month before."""
    this = viewer.where.at or moment_text(moment(now()))
    other = viewer.query.get("vs_at")
    if viewer.query.get("vs_on"):
        other = moment_text(moment(end_of_day(viewer.query["vs_on"])))
    elif other == "now":
        other = moment_text(moment(now()))
    elif not other:
        times = [one.until for one in line(viewer, context).moments if one.until < this]
        other = times[-min(_MONTH, len(times))] if times else this
    first, second = sorted((other, this))
    return first, second


def side(viewer: Viewer, context: str, at: str) -> dict[str, Any]:
    """Return what is said of one of the two times."""
    time = words.moment_of(at)
    assert isinstance(time, datetime)  # noqa: S101 - an instant that was just written
    return {
        "at": at,
        "words": words.when(time),
        "day": f"{time - timedelta(milliseconds=1):%Y-%m-%d}",
        "date": words.day(time),
        "address": viewer.where.to(f"/tree/{context}", at=at),
    }


def _groups(viewer: Viewer, context: str, at: str) -> dict[str, str]:
    tree = viewer.ask("tree", at=at, context=context, include_deleted=True)
    return frame.group_names(tree)


def _number_of_outcomes(viewer: Viewer, context: str, at: str) -> int:
    tree = viewer.ask("tree", at=at, context=context)
    pending, found = [*tree["roots"], *tree["detached"], *tree["unlinked"]], 0
    while pending:
        node = pending.pop()
        found += node["kind"] == "outcome"
        pending.extend(node.get("children", ()))
    return found


def _difference(viewer: Viewer, row: Mapping[str, Any], groups: Mapping[str, str], kind: str) -> Difference:
    note = ""
    if kind == "moved":
        before, after = (groups.get(str(group), "no group") for group in row["parent"])
        note = f"from {before} to {after}"
    elif row["parent_id"] and kind in {"added", "removed"}:
        note = f"in {groups.get(str(row['parent_id']), 'a group')}"
    if row.get("renamed") and kind == "moved":
        note = f"{note}; before: {row['renamed'][0]}".strip("; ")
    address = viewer.where.to(f"/outcome/{row['id']}") if row["kind"] == "outcome" else None
    what = "" if row["kind"] == "outcome" else "group "
    shown = [] if kind in {"added", "removed"} else list(field_changes(row["fields"]))
    return Difference(row["title"] or row["id"], what, address, shown, note)


def _policy(viewer: Viewer, row: Mapping[str, Any]) -> Difference:
    became = {"created": "added", "deleted": "removed", "updated": "", "removed": "removed"}.get(row["change"], "")
    shown = [] if became else list(field_changes(row["fields"]))
    context = row["title"].rpartition(" of ")[2]
    title = title_of(viewer, row["kind"], row["title"])
    return Difference(title, "", viewer.where.to(f"/scale/{context}"), shown, became)


def _touched(viewer: Viewer, row: Mapping[str, Any], later: str) -> Touched:
    turn = ""
    if row["mastered"][0] != row["mastered"][1]:
        turn = "mastery gained" if row["mastered"][1] else "mastery lost" if row["mastered"][0] else ""
    return Touched(
        viewer.student_name(row["student"]),
        viewer.where.to(f"/why/{row['course_id']}/{row['student']}/{row['outcome_id']}", at=later),
        row["outcome_title"] or row["outcome_id"],
        score_text(row["score"][0]),
        score_text(row["score"][1]),
        turn,
    )


SCREEN = Screen("/compare/{context}", "compare", build, data)
