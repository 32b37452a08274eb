"""A course's mastery as a picture: students down, outcomes across, colour for how far each has come."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from outcomes.cli.output import clean
from outcomes.cli.rendering import number
from outcomes.domain.identity import id_sort_key
from outcomes.domain.mastery import LegacyStatus, legacy_status
from outcomes.projections.mastery.query import MasteryRow

# Colour and sign say the same, so that nothing is lost where there is no colour.
_LOOKS = {
    LegacyStatus.EXCEEDS: ("black on bright_green", "++", "well above mastery (1.5 times)"),
    LegacyStatus.MASTERY: ("black on green", "+", "mastery"),
    LegacyStatus.NEAR: ("black on yellow", "~", "near (half of mastery)"),
    LegacyStatus.REMEDIAL: ("white on red", "-", "below"),
    LegacyStatus.UNDEFINED: ("dim", "", "not assessed"),
}
_NAME_WIDTH = 24


def heat_map(rows: list[MasteryRow], names: dict[str, str]) -> RenderableType:
    """Draw the rows of one course, with a legend."""
    outcomes = {row.outcome_id: row for row in sorted(rows, key=lambda row: id_sort_key(row.outcome_id))}
    by_student: dict[str, dict[str, MasteryRow]] = {}
    for row in rows:
        by_student.setdefault(row.student, {})[row.outcome_id] = row
    grid = Table(box=None, pad_edge=False, header_style="bold")
    grid.add_column("student", max_width=_NAME_WIDTH, no_wrap=True)
    for outcome_id in outcomes:
        grid.add_column(clean(outcome_id), justify="right")
    removed = {row.student for row in rows if row.is_removed}
    shown = {
        student: f"{names.get(student, student)}{' (removed)' if student in removed else ''}" for student in by_student
    }
    for student in sorted(shown, key=lambda uuid: (shown[uuid].casefold(), uuid)):
        cells = [_cell(by_student[student].get(outcome_id)) for outcome_id in outcomes]
        grid.add_row(Text(clean(shown[student])), *cells)
    return Group(grid, Text(), _legend(), Text(), _titles(outcomes))


def _cell(row: MasteryRow | None) -> Text:
    if row is None or row.score is None or row.mastery_points is None:
        return Text("." if row is not None else "", style="dim")
    style, sign, _ = _LOOKS[legacy_status(row.score, row.mastery_points)]
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
        method = row.calculation_method or "method unknown"
        size = "" if row.calculation_int is None else f" {row.calculation_int}"
        policy = f"mastery {number(row.mastery_points)} of {number(row.points_possible)}, {clean(method)}{size}"
        titles.add_row(
            Text(clean(outcome_id), style="bold"), Text(clean(row.outcome_title or "(never seen)")), Text(policy)
        )
    return titles
