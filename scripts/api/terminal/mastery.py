"""Scores: a course as a heat map, others as a table; explanations, flips, class figures."""

from collections.abc import Iterator
from functools import partial
from itertools import chain
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from outcomes.api.answers.base import as_json, time_text
from outcomes.api.answers.mastery import (
    ClassReport,
    ExplainedResult,
    Explanation,
    Flips,
    History,
    Impact,
    KeptFigures,
    Level,
    Mastery,
    MasteryRow,
    PolicyChange,
    PolicySource,
    ScoreMove,
)
from outcomes.api.clean_text import clean
from outcomes.api.heat_map import HeatMap, status_of
from outcomes.api.terminal import parts
from outcomes.api.terminal.dispatch import draw
from outcomes.api.terminal.events import fields_in_words
from outcomes.api.terminal.parts import number, shown
from outcomes.api.terminal.tables import Fitted, Lines, Room
from outcomes.domain.mastery import LegacyStatus
from outcomes.domain.mastery.derivation import number as rounded

# Colour and sign say the same, so that nothing is lost where there is no colour.
_LOOKS = {
    LegacyStatus.EXCEEDS: ("black on bright_green", "++", "well above mastery (1.5 times)"),
    LegacyStatus.MASTERY: ("black on green", "+", "mastery"),
    LegacyStatus.NEAR: ("black on yellow", "~", "near (half of mastery)"),
    LegacyStatus.REMEDIAL: ("white on red", "-", "below"),
    LegacyStatus.UNDEFINED: ("dim", "", "not assessed"),
}
_NAME_WIDTH = 24
_COLUMNS = (
    "course_id",
    "student",
    "outcome_id",
    "outcome_title",
    "score",
    "mastered",
    "rating",
    "mastery_points",
    "calculation_method",
    "calculation_int",
    "results_used",
    "enrollment",
    "notes",
)


@draw.register
def mastery(rows: Mastery) -> RenderableType:
    """Draw one course as a heat map with a legend, and anything else as a table."""
    if rows.course is not None:
        found = HeatMap.of(rows)
        if found.students:
            return Fitted(partial(_heat_map, found))
    return parts.table(_COLUMNS, ([_column(row, name) for name in _COLUMNS] for row in rows))


def _column(row: MasteryRow, name: str) -> Any:
    if name == "student":
        return row.student_name or row.student
    value = getattr(row, name)
    return "; ".join(value) if isinstance(value, tuple) else value


def _heat_map(found: HeatMap, room: Room) -> RenderableType:
    grid = Table(box=None, pad_edge=False, header_style="bold")
    grid.add_column("student", max_width=room and _NAME_WIDTH, no_wrap=True)
    for outcome_id in found.outcomes:
        grid.add_column(clean(outcome_id), justify="right")
    for name, row in found.students:
        grid.add_row(Text(clean(name)), *(_cell(cell) for cell in row))
    return Group(grid, Text(), _legend(), Text(), _titles(found.outcomes))


def _cell(row: MasteryRow | None) -> Text:
    if row is None or row.score is None or row.mastery_points is None:
        return Text("." if row is not None else "", style="dim")
    style, sign, _ = _LOOKS[status_of(row)]
    return Text(f" {number(row.score)}{sign} ", style=style)


def _legend() -> Text:
    legend = Text()
    for style, sign, meaning in _LOOKS.values():
        legend.append(f" {sign or '.'} ", style=style)
        legend.append(f" {meaning}   ")
    return legend


def _titles(outcomes: dict[str, MasteryRow]) -> Table:
    titles = Table.grid(padding=(0, 2))
    for outcome_id, row in outcomes.items():
        policy = Text(policy_in_words(row))
        titles.add_row(Text(clean(outcome_id), style="bold"), Text(clean(row.outcome_title or "(never seen)")), policy)
    return titles


def policy_in_words(row: MasteryRow) -> str:
    """Say how an outcome is scored."""
    method = row.calculation_method or "method unknown"
    size = "" if row.calculation_int is None else f" {row.calculation_int}"
    return f"mastery {number(row.mastery_points)} of {number(row.points_possible)}, {clean(method)}{size}"


@draw.register
def flips(found: Flips) -> RenderableType:
    """Draw a line for each student."""
    columns = ("course_id", "student", "outcome_id", "outcome_title", "score", "mastered")
    return parts.table(columns, ([_arrow(getattr(row, name)) for name in columns] for row in found))


@draw.register
def history(found: History) -> RenderableType:
    """Draw a line for each move: the score and from where on it was mastered, what it meant, and what moved it."""
    columns = ("when", "score", "mastery from", "stands", "turn", "cause", "event", "fields", "by", "position")
    return parts.fitted_table(columns, found.turns(), _history_row)


def _history_row(item: tuple[ScoreMove, str | None], room: Room) -> tuple[Any, ...]:
    move, turn = item
    stands = {None: "not assessed", True: "mastery", False: "not mastery"}[move.mastered]
    entry = move.entry
    told: tuple[Any, ...] = ("", "", "")
    if entry is not None:
        told = (f"{entry.kind}:{entry.id}", Lines(fields_in_words(entry, room)), parts.actor(entry.actor, room))
    score = (time_text(move.at), move.score, move.mastery_points, stands)
    return (*score, turn or "", move.cause, *told, move.position)


@draw.register
def impact(found: Impact) -> RenderableType:
    """Draw a line for each change."""
    return parts.fitted_table(("when", "change", "by", "gained mastery", "lost mastery", "flipped"), found, _impact_row)


def _impact_row(change: PolicyChange, room: Room) -> tuple[Any, ...]:
    who = change.actor.login or change.actor.job
    words = parts.changes(change.fields, room)
    return (as_json(change.event_time), words, who, change.gained, change.lost, change.flipped)


def _arrow(value: Any) -> Any:
    return parts.arrow(value[0], value[1], None) if isinstance(value, tuple) else value


@draw.register
def explanation(found: Explanation) -> RenderableType:
    """Draw an explanation: the answer, every result with its part in it, the sum, and what is approximate."""
    verdict = {None: "not assessed", True: "mastery", False: "not mastery"}[found.mastered]
    method = found.calculation_method or "unknown method"
    points = f"mastery {shown(found.mastery_points)} of {shown(found.points_possible)}"
    head = {
        "outcome": f"{found.outcome_title or '(never seen)'} (outcome:{found.outcome_id})",
        "score": f"{shown(found.score)}: {verdict}" + (f", {found.rating}" if found.rating else ""),
        "scale": f"{points}, {_from(found.scale)}",
        "method": f"{method} {number(found.calculation_int)}".strip() + f", {_from(found.method)}",
    }
    columns = ("result", "assessed", "handed in", "score", "of", "percent", "value", "weight", "why not")
    members = ("id", "assessed_at", "submitted_at", "score", "possible", "percent", "value", "weight", "why_not")
    results = ([_member(result, name) for name in members] for result in found.results)
    drawn: list[RenderableType] = [parts.facts(head), Text(), parts.table(columns, results), Text()]
    drawn += [Text("  " + clean(step)) for step in found.steps]
    drawn += [Text(), *(Text(clean(remark), style="dim") for remark in chain(found.notes, found.approximate))]
    return Group(*drawn)


def _member(result: ExplainedResult, name: str) -> Any:
    value = getattr(result, name)
    # Weights are ours and told to be read; what came in, and what each result is worth, stands with all its digits.
    return Text(rounded(value)) if name == "weight" else as_json(value)


def _from(source: PolicySource) -> str:
    known = {"outcome": "the outcome's own", "default": "Canvas's default", "unknown": "not known"}
    words = known.get(source.source, f"from {source.source}")
    return words if source.position is None else f"{words} (position {source.position})"


_FIGURES = ("outcome_id", "outcome_title", "students", "assessed", "mean", "median", "mastered")


@draw.register
def class_report(found: ClassReport) -> RenderableType:
    """Draw a line for each outcome, and below it those kept at erasures."""
    rows: list[tuple[Any, ...]] = []
    for row in found:
        rows.append((*(getattr(row, name) for name in _FIGURES), _spread(row.distribution), None))
        rows += _kept(row.kept)
    return parts.table((*_FIGURES, "distribution", "kept at an erasure"), rows)


def _kept(kept: tuple[KeptFigures, ...]) -> Iterator[tuple[Any, ...]]:
    for row in kept:
        figures = (getattr(row, name) for name in _FIGURES[2:])
        of_then = "" if row.as_of is None else f", as of {as_json(row.as_of)}"
        yield (None, None, *figures, _spread(row.distribution), f"{as_json(row.erased_at)}{of_then}")


def _spread(levels: tuple[Level, ...]) -> str:
    return ", ".join(f"{level.rating}: {level.students}" for level in levels if level.students)
