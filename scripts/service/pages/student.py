"""Screen 7, one student across courses and terms: each score through time, and what of it came from edits."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import Any, NamedTuple

from outcomes.api.arguments import now
from outcomes.domain.times import moment, moment_text, parse_moment
from outcomes.service.pages import frame, moved, words
from outcomes.service.pages.contributing import Contribution, contributions
from outcomes.service.pages.erased import erased
from outcomes.service.pages.levels import Standing, levels_of, said, standing
from outcomes.service.pages.line_parts import line_parts
from outcomes.service.pages.moments import Line, Moment, line_of
from outcomes.service.pages.score_times import EDITS, cause_words, moments_of, score_text, turn_words
from outcomes.service.pages.screens import Data, Screen, Shown, View
from outcomes.service.pages.step_line import Chart, Span, chart
from outcomes.service.pages.unheard import unheard
from outcomes.service.pages.viewer import Viewer
from outcomes.service.problems import Problem

_MOST = 40
"""Of more scores than these only those of one course are drawn."""


class Move(NamedTuple):
    """One change of a score, for the table."""

    at: str
    time: Any
    score: str
    words: str
    is_edit: bool
    turn: str


class Story(NamedTuple):
    """One outcome in one course."""

    title: str
    course: str
    class_address: str
    policy: str
    score: str
    standing: Standing
    said: tuple[str, str]
    why: str
    chart: Chart | None
    summary: str
    moves: Sequence[Move]
    results: Sequence[Contribution]
    edit: str
    is_approximate: bool


class CourseLink(NamedTuple):
    """A course of the student."""

    name: str
    address: str
    is_here: bool
    number: int


def build(viewer: Viewer) -> Shown:
    """Show one student."""
    student = viewer.parameters["student"]
    rows = viewer.ask("mastery", student=student)
    name = viewer.student_name(student)
    later = rows or viewer.ask("mastery", at=None, student=student)
    if not later:
        if (gone := erased(viewer, student)) is not None:
            return gone
        if others := moved.of_student(viewer, student):
            return View("moved_student.html", name, {"moved": others}, "The scores", None)
        if (then := unheard(viewer, name, "The scores")) is not None:
            return then
        raise Problem(
            HTTPStatus.NOT_FOUND,
            "nobody of this id was assessed, as far as events have told: look for the person by name",
        )
    chosen = viewer.query.get("course")
    shown = [row for row in rows if chosen in {None, row["course_id"]}]
    if len(shown) > _MOST and chosen is None and shown:
        chosen = shown[-1]["course_id"]
        shown = [row for row in rows if row["course_id"] == chosen]
    stories = [_story(viewer, row) for row in shown]
    edited = [story for story in stories if story.edit]
    parts = {
        "name": name,
        "moved": moved.of_student(viewer, student),
        "stories": stories,
        "courses": _courses(viewer, rows, chosen),
        "mastered": sum(row["mastered"] is True for row in shown),
        "assessed": sum(row["score"] is not None for row in shown),
        "edited": edited,
        **line_parts(viewer, _line(viewer, shown or [dict(row) for row in later]), legend="one"),
    }
    return View("student.html", name, parts, "The scores", None)


def _line(viewer: Viewer, rows: Sequence[Mapping[str, Any]]) -> Line:
    """Return all moves of these scores as one line."""
    found: list[Moment] = []
    for row in rows:
        given = {"course": row["course_id"], "student": row["student"], "outcome": row["outcome_id"]}
        own = moments_of(viewer, viewer.keep("history", at=None, **given))
        found += [replace(one, did=f"{row['outcome_title']}: {one.did}") for one in own]
    return line_of(viewer, sorted(found, key=lambda one: one.time), "change")


def data(viewer: Viewer) -> Data:
    """Return the question of this view."""
    return "mastery", {"student": viewer.parameters["student"]}


def _courses(viewer: Viewer, rows: Sequence[Mapping[str, Any]], chosen: str | None) -> list[CourseLink]:
    ids = dict.fromkeys(row["course_id"] for row in rows)
    found = [CourseLink("all courses", viewer.where.here(course=None), chosen is None, len(rows))]
    for course in ids:
        number = sum(row["course_id"] == course for row in rows)
        name = frame.name_of(viewer, f"Course:{course}")
        found.append(CourseLink(name, viewer.where.here(course=course), chosen == course, number))
    return found


def _story(viewer: Viewer, row: Mapping[str, Any]) -> Story:
    given = {"course": row["course_id"], "student": row["student"], "outcome": row["outcome_id"]}
    at = viewer.where.at
    moves = [move for move in viewer.keep("history", at=None, **given) if at is None or move["at"] <= at]
    lines, edits = _lines(viewer, row, moves)
    figures = viewer.keep("class", course=row["course_id"])
    levels = next((levels_of(one) for one in figures if one["outcome_id"] == row["outcome_id"]), {})
    place = standing(row, levels)
    told = _moves(viewer, moves)
    return Story(
        title=row["outcome_title"] or f"outcome {row['outcome_id']}",
        course=frame.name_of(viewer, f"Course:{row['course_id']}"),
        class_address=viewer.where.to(f"/course/{row['course_id']}"),
        policy=words.policy(row),
        score=score_text(row["score"]),
        standing=place,
        said=said(row, place, levels),
        why=viewer.where.to("/why/{course}/{student}/{outcome}".format(**given)),
        chart=chart(moves, lines, edits, _span(viewer, moves, row)) if moves else None,
        summary=_summary(moves),
        moves=list(reversed(told)),
        results=contributions(viewer, **given),
        edit=_edit(viewer, moves),
        is_approximate=row["order"] == "approximate",
    )


def _lines(
    viewer: Viewer, row: Mapping[str, Any], moves: Sequence[Mapping[str, Any]]
) -> tuple[list[tuple[str, float]], list[tuple[str, str]]]:
    """Return the mastery points from each time on, and the edits of how it is scored, while there was a score."""
    if not moves:
        return [], []
    first, last = moves[0]["at"], viewer.where.at or moment_text(moment(now()))
    lines = [(move["at"], move["mastery_points"]) for move in moves if move["mastery_points"] is not None]
    edits = [(move["at"], "edited") for move in moves if move["cause"] in EDITS]
    for change in viewer.keep("impact", at=None, entity=row["outcome_id"]):
        if not first <= change["event_time"] <= last:
            continue
        points = next((pair for name, pair in change["fields"].items() if name.endswith("mastery_points")), None)
        if points is not None and points[1] is not None and row["scale_source"] == "outcome":
            lines.append((change["event_time"], points[1]))
            edits.append((change["event_time"], f"mastery {words.number(points[0])} → {words.number(points[1])}"))
        else:
            edits.append((change["event_time"], "scoring edited"))
    told = dict(sorted(edits, key=lambda edit: (edit[0], edit[1] == "edited")))
    return sorted(lines), sorted(told.items())


def _span(viewer: Viewer, moves: Sequence[Mapping[str, Any]], row: Mapping[str, Any]) -> Span:
    first, last = parse_moment(moves[0]["at"]), parse_moment(moves[-1]["at"])
    at = viewer.where.moment
    end = at or last + max((last - first) / 10, timedelta(days=14))
    scores = [move["score"] for move in moves if move["score"] is not None]
    most = max([row["points_possible"] or 0, *scores, 1.0])
    return Span(first, max(end, last), most)


def _moves(viewer: Viewer, moves: Sequence[Mapping[str, Any]]) -> list[Move]:
    found, was = [], False
    for move in moves:
        is_now = bool(move["mastered"])
        turn = turn_words(was=was, is_now=is_now)
        was = is_now
        time = words.moment_of(move["at"])
        found.append(
            Move(move["at"], time, score_text(move["score"]), cause_words(viewer, move), move["cause"] in EDITS, turn)
        )
    return found


def _edit(viewer: Viewer, moves: Sequence[Mapping[str, Any]]) -> str:
    """Say that mastery was lost or won by an edit, if that is how it stands."""
    turns, was = [], False
    for move in moves:
        is_now = bool(move["mastered"])
        if is_now != was:
            turns.append((move, is_now))
        was = is_now
    if not turns or turns[-1][0]["cause"] not in EDITS:
        return ""
    move, is_now = turns[-1]
    time = words.moment_of(move["at"])
    day = "" if time is None else words.day(time)
    turn = "gained" if is_now else "lost"
    return f"Mastery was {turn} on {day} by an edit, not by work: {cause_words(viewer, move)}."


def _summary(moves: Sequence[Mapping[str, Any]]) -> str:
    scores = [move["score"] for move in moves if move["score"] is not None]
    if not scores:
        return "no score yet"
    if len(moves) == 1:
        return f"one score, {scores[0]:.2f}"
    return f"{words.count(len(moves), 'change')} of the score, from {scores[0]:.2f} to {scores[-1]:.2f}"


SCREEN = Screen("/student/{student}", "mastery", build, data)
