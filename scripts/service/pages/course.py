"""Screen 6, mastery in a course at any time: students by outcomes, each score with number, shape and colour."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple

from outcomes.domain.times import moment_text
from outcomes.service.pages import edits, frame, moved, quarantine, words
from outcomes.service.pages.contributing import Contribution, of_class, works_of_class
from outcomes.service.pages.levels import NONE, STANDINGS, UNKNOWN, Standing, levels_of, standing
from outcomes.service.pages.line_parts import line_parts
from outcomes.service.pages.moments import Line, Moment, line_of, moment_at
from outcomes.service.pages.score_times import score_text
from outcomes.service.pages.screens import Data, Screen, Shown, View
from outcomes.service.pages.viewer import Viewer
from outcomes.service.pages.where import NOW
from outcomes.store.access.rights import Right

_MOST_EDITS = 2
"""Of the edits of one day so many are said."""


class Column(NamedTuple):
    """One outcome: its title, how it is scored, and how many students stand where."""

    id: str
    title: str
    policy: str
    address: str
    sort: str
    is_sorted: bool
    results: str
    is_open: bool
    counts: Sequence[tuple[Standing, int, float, Sequence[str]]]
    assessed: int
    mastered: int


class Cell(NamedTuple):
    """One score. `moved` says from what to what it went since the other time."""

    score: str
    standing: Standing
    address: str
    title: str
    moved: str
    is_approximate: bool


@dataclass
class _Day:
    """What happened on one day."""

    until: str = ""
    results: int = 0
    edits: list[str] = field(default_factory=list)
    gained: int = 0
    lost: int = 0


class StudentRow(NamedTuple):
    """One student with a cell for each outcome."""

    name: str
    address: str
    note: str
    cells: Sequence[Cell]
    results: Sequence[Sequence[Contribution]] = ()
    """What the score of the column that is open is made of: for each thing that the class was assessed by."""


def build(viewer: Viewer) -> Shown:
    """Show who has mastered what in a course."""
    course = viewer.parameters["course"]
    context = f"Course:{course}"
    rows = viewer.ask("mastery", course=course)
    levels = _levels(viewer, course)
    before = _before(viewer, course)
    found = _line(viewer, context)
    columns = _columns(viewer, rows, levels)
    results = _results(viewer, rows)
    works = works_of_class(results)
    by_work = {
        student: [[one for one in own if one.work == work] for work in works] for student, own in results.items()
    }
    students = _students(viewer, rows, columns, levels, before, by_work)
    name = frame.name_of(viewer, context)
    parts = {
        "columns": columns,
        "students": students,
        "works": works,
        "moved_results": moved.of_course(viewer, course),
        "standings": (*STANDINGS, NONE),
        "unknown": UNKNOWN,
        "moved": sum(bool(cell.moved) for student in students for cell in student.cells),
        "since": None if before is None else _since(viewer),
        "first": found.moments[0] if found.moments else None,
        "is_unknown": any(cell.standing == UNKNOWN for student in students for cell in student.cells),
        "is_approximate": any(row["order"] == "approximate" for row in rows),
        "notes": sorted({note for row in rows for note in row["notes"]}),
        "since_steps": [(label, viewer.where.here(vs_at=at)) for label, at in _since_steps(found)],
        "unread": [(number, _piece(viewer, number)) for number in quarantine.of_course(viewer, course)],
        "edited": edits.tally(edits.edits(viewer, course)),
        "edits_address": viewer.where.to(f"/course/{course}/edits"),
        "plain": viewer.where.here(vs_at=None),
        **line_parts(viewer, found),
    }
    return View("course.html", f"Mastery in {name}", parts, "Mastery", context)


def data(viewer: Viewer) -> Data:
    """Return the question of this view."""
    return "mastery", {"course": viewer.parameters["course"]}


def _piece(viewer: Viewer, number: int) -> str | None:
    """Return the address of what could not be read, for those who may read it."""
    may = {Right.OPERATE, Right.PEOPLE} <= viewer.grant.rights and not viewer.is_scoped
    return viewer.where.bare(f"/feed/quarantine/{number}") if may else None


def _levels(viewer: Viewer, course: str) -> dict[str, list[float]]:
    return {one["outcome_id"]: list(levels_of(one)) for one in viewer.ask("class", course=course)}


def _before(viewer: Viewer, course: str) -> Mapping[tuple[str, str], Mapping[str, Any]] | None:
    """Return the rows of mastery at the other time, if one was chosen."""
    at = viewer.where.vs
    if at is None:
        return None
    rows = viewer.ask("mastery", at=None if at == NOW else at, course=course)
    return {(row["student"], row["outcome_id"]): row for row in rows}


def _since(viewer: Viewer) -> str:
    return words.other_time(viewer.where.vs)


def _since_steps(found: Line) -> list[tuple[str, str]]:
    current = found.current
    if current is None:
        return []
    steps = (("the day before", 1), ("a week before", 7), ("a month before", 30))
    return [(label, moment_text(current.time - timedelta(days=days))) for label, days in steps]


def _columns(viewer: Viewer, rows: Iterable[Mapping[str, Any]], levels: Mapping[str, list[float]]) -> list[Column]:
    by_outcome: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_outcome.setdefault(row["outcome_id"], []).append(row)
    found = []
    for outcome, group in by_outcome.items():
        first = group[0]
        places: Counter[Standing] = Counter()
        names: dict[Standing, list[str]] = {}
        for row in group:
            place = standing(row, levels.get(outcome, []))
            places[place] += 1
            names.setdefault(place, []).append(row["student_name"] or row["student"][:8])
        assessed = sum(number for place, number in places.items() if place in STANDINGS)
        counts = [
            (place, places[place], round(100 * places[place] / max(assessed, 1), 1), sorted(names.get(place, [])))
            for place in STANDINGS
        ]
        sort = "" if viewer.query.get("sort") == outcome else outcome
        is_open = outcome == viewer.query.get("cols")
        found.append(
            Column(
                id=outcome,
                title=first["outcome_title"] or f"outcome {outcome}",
                policy=words.policy(first),
                address=viewer.where.to(f"/outcome/{outcome}"),
                sort=viewer.where.here(sort=sort or None),
                is_sorted=not sort,
                results=viewer.where.here(cols=None if is_open else outcome),
                is_open=is_open,
                counts=counts,
                assessed=assessed,
                mastered=sum(row["mastered"] is True for row in group),
            )
        )
    return sorted(found, key=lambda column: (words.in_order(column.title), column.id))


def _results(viewer: Viewer, rows: Iterable[Mapping[str, Any]]) -> dict[str, list[Contribution]]:
    """Return what the scores of the column that is to be open are made of, by student."""
    outcome = viewer.query.get("cols")
    students = [row["student"] for row in rows if row["outcome_id"] == outcome]
    return of_class(viewer, viewer.parameters["course"], str(outcome), students) if outcome else {}


def _students(
    viewer: Viewer,
    rows: Iterable[Mapping[str, Any]],
    columns: Sequence[Column],
    levels: Mapping[str, list[float]],
    before: Mapping[tuple[str, str], Mapping[str, Any]] | None,
    results: Mapping[str, Sequence[Sequence[Contribution]]],
) -> list[StudentRow]:
    by_student: dict[str, dict[str, Mapping[str, Any]]] = {}
    for row in rows:
        by_student.setdefault(row["student"], {})[row["outcome_id"]] = row
    found = []
    for student, own in by_student.items():
        first = next(iter(own.values()))
        name = first["student_name"] or f"student {student[:8]}…"
        note = "" if first["enrollment"] in {"active", "unknown"} else first["enrollment"]
        cells = [_cell(viewer, own.get(column.id), column, levels, before, student, name) for column in columns]
        address = viewer.where.to(f"/student/{student}")
        found.append((own, StudentRow(name, address, note, cells, results.get(student, ()))))
    sort = viewer.query.get("sort")

    def key(one: tuple[Mapping[str, Mapping[str, Any]], StudentRow]) -> tuple[Any, ...]:
        score = one[0].get(sort, {}).get("score") if sort else None
        return (score is None, -(score or 0), one[1].name.casefold()) if sort else (one[1].name.casefold(),)

    return [row for _, row in sorted(found, key=key)]


def _cell(
    viewer: Viewer,
    row: Mapping[str, Any] | None,
    column: Column,
    levels: Mapping[str, list[float]],
    before: Mapping[tuple[str, str], Mapping[str, Any]] | None,
    student: str,
    name: str,
) -> Cell:
    course = viewer.parameters["course"]
    address = viewer.where.to(f"/why/{course}/{student}/{column.id}")
    moved = "" if before is None else _moved(before.get((student, column.id)), row)
    if row is None:
        return Cell("–", NONE, address, f"{name}, {column.title}: not assessed", moved, is_approximate=False)
    place = standing(row, levels.get(column.id, []))
    rating = f"“{row['rating']}”, " if row["rating"] else ""
    title = f"{name}, {column.title}: {score_text(row['score'])}, {rating}{place.words}"
    return Cell(score_text(row["score"]), place, address, title, moved, row["order"] == "approximate")


def _moved(before: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> str:
    """Say what a score was, and whether that was mastery, where either is otherwise now; else empty."""
    was, is_now = (None if row is None else row["score"] for row in (before, now))
    was_mastered, is_mastered = (row is not None and row["mastered"] is True for row in (before, now))
    parts = [score_text(was)] if was != is_now else []
    if was_mastered != is_mastered and was is not None:
        parts.append("mastery" if was_mastered else "not mastery")
    return f"was {', '.join(parts)}" if parts else ""


def _line(viewer: Viewer, context: str) -> Line:
    """Return the days on which work came in, or how something is scored was changed, here or above."""
    days: dict[str, _Day] = {}
    for entry in viewer.keep("timeline", at=None, context=context):
        day = days.setdefault(entry["event_time"][:10], _Day())
        day.until = max(day.until, entry["event_time"])
        day.results += entry["kind"] == "result"
    for edit in viewer.keep("impact", at=None, course=viewer.parameters["course"]):
        day = days.setdefault(edit["event_time"][:10], _Day())
        day.until = max(day.until, edit["event_time"])
        day.edits.append(edits.said(viewer, edit))
        day.gained += edit["gained"]
        day.lost += edit["lost"]
    return line_of(viewer, [_day(days[day]) for day in sorted(days)], "day")


def _day(day: _Day) -> Moment:
    parts = [words.count(day.results, "result")] if day.results else []
    parts += day.edits[:_MOST_EDITS]
    if len(day.edits) > _MOST_EDITS:
        parts.append(f"and {words.count(len(day.edits) - _MOST_EDITS, 'more edit')}")
    did, rise = "; ".join(parts) or "outcomes or groups were changed", max(1, day.results)
    return moment_at(day.until, "", did, policy=bool(day.edits), gained=day.gained, lost=day.lost, rise=rise)


SCREEN = Screen("/course/{course}", "mastery", build, data)
