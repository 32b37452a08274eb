"""Any rows as a table."""

from typing import Any

from outcomes.api.answers.rows import SHOWN, Rows
from outcomes.api.html.page import fragment, table, text
from outcomes.api.terminal.parts import shortened


def rows_html(found: Rows[Any]) -> str:
    """Return the first rows with all their members, and whether there are more."""
    beginning, is_all = found.beginning()
    lines = list(beginning.as_lines())
    columns = tuple(lines[0]) if lines else ()
    return fragment(
        table(columns, [tuple(text(shortened(cell)) for cell in line.values()) for line in lines]),
        more_of(is_all=is_all),
    )


def more_of(*, is_all: bool) -> str:
    """Say that there are more rows than are shown, if there are."""
    return "" if is_all else f'<p class="quiet">… and more: these are the first {SHOWN} rows</p>'
