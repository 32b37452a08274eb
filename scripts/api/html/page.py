"""What all HTML of answers shares: escaping, and a style that holds on light and on dark ground.

Everything is in one fragment, without scripts, and without anything that is fetched. Ground and text are those of the
page around it; what is coloured is a tint that can be read on both.
"""

from html import escape
from typing import Any

from outcomes.api.clean_text import clean

_STYLE = """
.outcomes{font:13px/1.45 system-ui,sans-serif;color:inherit;overflow-x:auto}
.outcomes table{border-collapse:collapse;background:none;color:inherit}
.outcomes th,.outcomes td{padding:2px 8px;text-align:left;vertical-align:top;background:none;color:inherit}
.outcomes th{font-weight:600;border-bottom:1px solid rgba(128,128,128,.5)}
.outcomes tr+tr td{border-top:1px solid rgba(128,128,128,.18)}
.outcomes .number{text-align:right;font-variant-numeric:tabular-nums}
.outcomes .quiet{opacity:.65}
.outcomes summary{cursor:pointer}
.outcomes ul{list-style:none;margin:0;padding-left:1.2em}
.outcomes .created,.outcomes .mastery,.outcomes .exceeds{background:rgba(46,160,67,.28)}
.outcomes .exceeds{background:rgba(46,160,67,.5)}
.outcomes .near,.outcomes .archived{background:rgba(210,153,34,.32)}
.outcomes .remedial,.outcomes .deleted{background:rgba(248,81,73,.3)}
.outcomes .updated{background:rgba(56,139,253,.22)}
.outcomes .restored{background:rgba(163,113,247,.28)}
.outcomes .tag{border-radius:3px;padding:0 4px}
"""


def fragment(*parts: str) -> str:
    """Return parts that are HTML as one block with its style."""
    return f'<div class="outcomes"><style>{_STYLE}</style>{"".join(parts)}</div>'


def text(value: Any) -> str:
    """Return a value as text that a browser shows and does not obey."""
    return escape(clean(str(value)))


def tag(word: str) -> str:
    """Return a state, or the name of a change, in its colour."""
    return f'<span class="tag {text(word)}">{text(word)}</span>'


def table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Return a table; cells are HTML."""
    head = "".join(f"<th>{text(column)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
