"""A course's heat map; anything else of mastery as a table."""

from outcomes.api.answers.mastery import Mastery, MasteryRow
from outcomes.api.heat_map import HeatMap, status_of
from outcomes.api.html.page import fragment, table, text
from outcomes.api.html.rows import more_of
from outcomes.api.terminal.mastery import policy_in_words
from outcomes.api.terminal.parts import number, shown
from outcomes.domain.mastery import LegacyStatus

_COLUMNS = ("course_id", "student", "outcome_id", "outcome_title", "score", "mastered", "rating")
# A sign beside each colour, so that nothing is lost to those who do not see it.
_SIGNS = {
    LegacyStatus.EXCEEDS: ("exceeds", "++"),
    LegacyStatus.MASTERY: ("mastery", "+"),
    LegacyStatus.NEAR: ("near", "~"),
    LegacyStatus.REMEDIAL: ("remedial", "-"),
    LegacyStatus.UNDEFINED: ("quiet", ""),
}


def mastery_html(found: Mastery) -> str:
    """Return one course as a heat map, or the first rows of anything else as a table."""
    if found.course is not None:
        return _heat_map(HeatMap.of(found))
    rows, is_all = found.beginning()
    return fragment(table(_COLUMNS, [_row(row) for row in rows]), more_of(is_all=is_all))


def _row(row: MasteryRow) -> tuple[str, ...]:
    cells = (row.course_id, row.student_name or row.student, row.outcome_id, row.outcome_title or "")
    return (*map(text, cells), _cell(row), text(shown(row.mastered)), text(row.rating or ""))


def _heat_map(found: HeatMap) -> str:
    head = "".join(f'<th title="{_about(row)}">{text(outcome_id)}</th>' for outcome_id, row in found.outcomes.items())
    body = "".join(
        f"<tr><th>{text(name)}</th>{''.join(f'<td>{_cell(cell)}</td>' for cell in cells)}</tr>"
        for name, cells in found.students
    )
    legend = " ".join(
        f'<span class="tag {name}">{sign} {status.value.replace("_", " ")}</span>'
        for status, (name, sign) in _SIGNS.items()
    )
    titles = "".join(
        f"<li><b>{text(outcome_id)}</b> {text(row.outcome_title or '(never seen)')} "
        f'<span class="quiet">{text(policy_in_words(row))}</span></li>'
        for outcome_id, row in found.outcomes.items()
    )
    grid = f"<table><thead><tr><th>student</th>{head}</tr></thead><tbody>{body}</tbody></table>"
    return fragment(grid, f"<p>{legend}</p>", f"<ul>{titles}</ul>")


def _about(row: MasteryRow) -> str:
    return text(f"{row.outcome_title or '(never seen)'}: {policy_in_words(row)}")


def _cell(row: MasteryRow | None) -> str:
    if row is None:
        return ""
    name, sign = _SIGNS[status_of(row)]
    return f'<span class="tag {name}">{number(row.score) or "."}{sign}</span>'
