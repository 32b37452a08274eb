"""Mastery that edits took or gave in a course, not work: whom each flipped, and which it was."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from outcomes.domain.phrasing import listed
from outcomes.service.pages import frame, words
from outcomes.service.pages.score_times import score_text
from outcomes.service.pages.screens import Data, Screen, Shown, View
from outcomes.service.pages.story import field_changes
from outcomes.service.pages.viewer import Viewer

_MOST = 500
_LINKED = {"deleted": "took it out of the course", "active": "put it into the course"}


class Turn(NamedTuple):
    """One student who lost or gained mastery, and the edit that did it."""

    time: datetime
    student: str
    student_address: str
    outcome: str
    why: str
    stood: str
    is_loss: bool
    edit: str
    edit_address: str


def build(viewer: Viewer) -> Shown:
    """Show whom edits flipped in a course, up to the time that is looked at; the newest first, all or one way."""
    course = viewer.parameters["course"]
    found = edits(viewer, course)
    lost, gained = (sum(edit[way] for edit in found) for way in ("lost", "gained"))
    chosen = viewer.query.get("only", "")
    name = frame.name_of(viewer, f"Course:{course}")
    turns = [
        turn
        for edit in reversed(found)
        for turn in sorted(_turns(viewer, course, edit), key=lambda one: words.folded(one.student))
    ]
    turns = [turn for turn in turns if chosen in {"", "lost" if turn.is_loss else "gained"}]
    parts = {
        "ways": [
            (f"{way} ({number})", viewer.where.here(only=key or None), key == chosen)
            for way, key, number in (("all", "", lost + gained), ("lost", "lost", lost), ("gained", "gained", gained))
        ],
        "turns": turns[:_MOST],
        "more": max(0, len(turns) - _MOST),
        "tally": tally(found),
        "course_address": viewer.where.to(f"/course/{course}"),
        "course": name,
    }
    return View("edits.html", f"Mastery that edits changed in {name}", parts, "Mastery", f"Course:{course}")


def data(viewer: Viewer) -> Data:
    """Return the question of this view."""
    return "impact", {"course": viewer.parameters["course"]}


def edits(viewer: Viewer, course: str) -> list[dict[str, Any]]:
    """Return the edits of how a course is scored, up to the time that is looked at."""
    found: list[dict[str, Any]] = viewer.keep("impact", at=None, course=course)
    at = viewer.where.at
    return [edit for edit in found if at is None or edit["event_time"] <= at]


def tally(found: Iterable[Mapping[str, Any]]) -> str:
    """Say how often edits took or gave mastery; empty if they never did."""
    told = list(found)
    lost, gained = (sum(edit[way] for edit in told) for way in ("lost", "gained"))
    parts = [f"took mastery {words.count(lost, 'time')}"] if lost else []
    if gained:
        parts.append(
            f"gave it {words.count(gained, 'time')}" if lost else f"gave mastery {words.count(gained, 'time')}"
        )
    return listed(parts)


def said(viewer: Viewer, edit: Mapping[str, Any]) -> str:
    """Say in one line who did what."""
    who = words.who(edit["actor"])
    if edit["kind"] == "link":
        return f"{who} {_LINKED.get(str(edit['fields']['workflow_state'][1]), 'changed its place')}"
    changes = [f"{one.name} {one.before} → {one.after}" for one in field_changes(edit["fields"])]
    what = "" if edit["kind"] == "outcome" else f" of {frame.readable(viewer, edit['title'] or edit['kind'])}"
    return f"{who} changed {listed(changes) or 'how it is scored'}{what}"


def _turns(viewer: Viewer, course: str, edit: Mapping[str, Any]) -> Iterable[Turn]:
    at = edit["event_time"]
    time = words.moment_of(at)
    assert time is not None  # noqa: S101 - every event has a time
    for row in edit["students"]:
        was, is_now = (value is True for value in row["mastered"])
        if was == is_now:
            continue
        outcome = row["outcome_id"]
        yield Turn(
            time,
            viewer.student_name(row["student"]),
            viewer.where.to(f"/student/{row['student']}"),
            row["outcome_title"] or f"outcome {outcome}",
            viewer.where.to(f"/why/{course}/{row['student']}/{outcome}", at=at),
            _stood(row["score"], is_loss=was),
            was,
            said(viewer, edit),
            _address(viewer, edit, outcome),
        )


def _stood(scores: Sequence[float | None], *, is_loss: bool) -> str:
    """Say how a score stood before and after, and whether it was mastery; the score once, if it stayed."""
    turns = ("mastery", "not mastery") if is_loss else ("not mastery", "mastery")
    if scores[0] == scores[1]:
        return f"{score_text(scores[0])}: {turns[0]} → {turns[1]}"
    sides = [
        "no score" if score is None else f"{score_text(score)}, {turn}"
        for score, turn in zip(scores, turns, strict=True)
    ]
    return " → ".join(sides)


def _address(viewer: Viewer, edit: Mapping[str, Any], outcome: str) -> str:
    """Return where the edit is told: at the outcome's history, or at the scale's."""
    at = edit["event_time"]
    if edit["kind"] in {"proficiency", "calculation_method"} and edit["title"]:
        return viewer.where.to(f"/scale/{edit['title'].rpartition(' of ')[2]}", at=at)
    return viewer.where.to(f"/outcome/{outcome}", at=at)


SCREEN = Screen("/course/{course}/edits", "mastery", build, data)
