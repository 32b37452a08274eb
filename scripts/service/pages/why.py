"""Screen 8, why a score is what it is: each result and its weight, the sum line by line, and what moved it last."""

from typing import Any, NamedTuple

from outcomes.service.pages import frame, moved, sum_lines, words
from outcomes.service.pages.erased import erased
from outcomes.service.pages.levels import levels_of, said, standing
from outcomes.service.pages.line_parts import line_parts
from outcomes.service.pages.moments import line_of
from outcomes.service.pages.score_times import EDITS, cause_words, moments_of, score_text, turn_words
from outcomes.service.pages.screens import Data, Screen, Shown, View
from outcomes.service.pages.viewer import Viewer
from outcomes.service.pages.work import Work, works

_SOURCES = {
    "outcome": "the outcome's own",
    "default": "the default of Canvas",
    "unknown": "unknown: events do not tell whether account scales are on",
    "course": "the course's",
    "account": "the account's",
}


class Part(NamedTuple):
    """One result and its part in the score. `worth` says how it got its points of the scale."""

    id: str
    work: Work
    handed_in: Any
    assessed: Any
    score: str
    worth: str
    weight: str
    share: float
    is_used: bool
    why_not: str
    graded_by: str


class Move(NamedTuple):
    """One change of the score."""

    time: Any
    at: str
    before: str
    after: str
    words: str
    is_edit: bool
    turn: str


def build(viewer: Viewer) -> Shown:
    """Show why a score is what it is."""
    given = _given(viewer)
    found = viewer.ask("explain", **given)
    moves = viewer.keep("history", at=None, **given)
    if found is None and not moves and (gone := erased(viewer, given["student"])) is not None:
        return gone
    course = given["course"]
    title = (found or {}).get("outcome_title") or _title(viewer, given["outcome"])
    student = viewer.student_name(given["student"])
    now = _now(viewer, moves)
    levels = _levels(viewer, given)
    place = None if found is None else standing(found, levels)
    parts: dict[str, Any] = {
        "found": found,
        "moved": moved.of_score(viewer, **given),
        "standing": place,
        "said": ("", "") if found is None or place is None else said(found, place, levels),
        **_sum(viewer, found, f"{student}, {title}, {frame.name_of(viewer, f'Course:{course}')}"),
        "method": words.method((found or {}).get("calculation_method"), (found or {}).get("calculation_int")),
        "scale_source": _source((found or {}).get("scale_source")),
        "method_source": _source((found or {}).get("method_source")),
        **frame.for_paper(frame.organisation(viewer), f"{student}, {title}"),
        "moves": list(reversed(_moves(viewer, moves))),
        "last": now,
        "student": student,
        "student_address": viewer.where.to(f"/student/{given['student']}"),
        "course": frame.name_of(viewer, f"Course:{course}"),
        "course_address": viewer.where.to(f"/course/{course}"),
        "outcome_address": viewer.where.to(f"/outcome/{given['outcome']}"),
        "outcome_title": title,
        "first": moves[0] if moves else None,
        **line_parts(viewer, line_of(viewer, moments_of(viewer, moves), "change"), legend="one"),
    }
    score = (found or {}).get("score")
    asked = "Why is there no score?" if score is None else f"Why {score_text(score)}?"
    return View("why.html", asked, parts, "The score", f"Course:{course}")


def data(viewer: Viewer) -> Data:
    """Return the question of this view."""
    return "explain", _given(viewer)


def _given(viewer: Viewer) -> dict[str, str]:
    return {name: viewer.parameters[name] for name in ("course", "student", "outcome")}


def _levels(viewer: Viewer, given: dict[str, str]) -> dict[float, str]:
    for figures in viewer.keep("class", course=given["course"]):
        if figures["outcome_id"] == given["outcome"]:
            return levels_of(figures)
    return {}


def _sum(viewer: Viewer, found: dict[str, Any] | None, head: str) -> dict[str, Any]:
    """Return the results and how they are put together: for the page, and as text to copy."""
    if found is None:
        return {"parts": [], "rule": "", "steps": [], "doubts": [], "text": ""}
    numbers = sum_lines.Numbers(found["results"])
    assessed = works(viewer, [row["id"] for row in found["results"]])
    told = sum_lines.worth(found)
    steps = sum_lines.lines_of(found, numbers)
    names = {name: work.name for name, work in assessed.items()}
    return {
        "parts": [_part(row, assessed[row["id"]], told.get(row["id"], "–"), numbers) for row in found["results"]],
        "rule": sum_lines.rule(found),
        "steps": steps,
        "doubts": [numbers.put(reason.removeprefix("order: ")) for reason in found["approximate"]],
        "text": sum_lines.as_text(f"{head}: {score_text(found['score'])}", found, names, steps),
    }


def _title(viewer: Viewer, outcome: str) -> str:
    shown = viewer.ask("show", kind="outcome", id=outcome)
    return ((shown or {}).get("state") or {}).get("title") or f"outcome {outcome}"


def _source(source: str | None) -> str:
    head, _, rest = (source or "unknown").partition(":")
    return f"{_SOURCES.get(head.lower(), head)} {rest}".strip()


def _part(result: dict[str, Any], work: Work, worth: str, numbers: sum_lines.Numbers) -> Part:
    weight = result["weight"]
    return Part(
        id=result["id"],
        work=work,
        handed_in=words.moment_of(result["submitted_at"]),
        assessed=words.moment_of(result["assessed_at"]),
        score=words.points_of(result["score"], result["possible"]),
        worth=worth,
        weight=sum_lines.part(weight) if weight else "–",
        share=round(100 * weight, 2),
        is_used=result["used"],
        why_not=numbers.put(result["why_not"] or ""),
        graded_by=(result["graded_by"] or "").partition("@")[0],
    )


def _moves(viewer: Viewer, moves: list[dict[str, Any]]) -> list[Move]:
    found: list[Move] = []
    before: dict[str, Any] | None = None
    for move in moves:
        was, is_now = bool(before and before["mastered"]), bool(move["mastered"])
        found.append(
            Move(
                words.moment_of(move["at"]),
                viewer.where.here(at=move["at"]),
                score_text(before["score"] if before else None),
                score_text(move["score"]),
                cause_words(viewer, move),
                move["cause"] in EDITS,
                turn_words(was=was, is_now=is_now),
            )
        )
        before = move
    return found


def _now(viewer: Viewer, moves: list[dict[str, Any]]) -> Move | None:
    """Return the last move up to the time that is looked at."""
    at = viewer.where.at
    shown = [move for move in moves if at is None or move["at"] <= at]
    return _moves(viewer, shown)[-1] if shown else None


SCREEN = Screen("/why/{course}/{student}/{outcome}", "mastery", build, data)
