"""Trees, and two of them compared."""

from collections.abc import Iterable
from itertools import chain
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text
from rich.tree import Tree as Drawing

from outcomes.api.answers.base import time_text
from outcomes.api.answers.differences import PLACES, Diff, NodeChange, PolicyDifference, ScoreChange
from outcomes.api.answers.tree import SECTIONS, OutcomeTree, TreeNode
from outcomes.api.clean_text import clean
from outcomes.api.terminal import parts
from outcomes.api.terminal.dispatch import draw
from outcomes.api.terminal.parts import number
from outcomes.api.terminal.tables import Room

_STATES = {"active": "green", "archived": "yellow", "deleted": "red"}


@draw.register
def tree(found: OutcomeTree) -> RenderableType:
    """Draw roots, then what hangs nowhere, then outcomes in no group."""
    when = "now" if found.as_of is None else time_text(found.as_of)
    heading = f"{found.context} {when}, known at position {found.known_at}"
    drawn: list[RenderableType] = [Text(clean(heading), style="bold")]
    drawn += [_draw(root) for root in found.roots]
    for name, title in SECTIONS:
        nodes = getattr(found, name)
        if nodes:
            section = Drawing(Text(title, style="bold yellow"))
            for node in nodes:
                _hang(section, node)
            drawn.append(section)
    if not found:
        drawn.append(Text("nothing here at this point", style="dim"))
    return Group(*drawn)


def _draw(node: TreeNode) -> Drawing:
    drawing = Drawing(_label(node))
    for child in node.children:
        _hang(drawing, child)
    return drawing


def _hang(drawing: Drawing, node: TreeNode) -> None:
    branch = drawing.add(_label(node))
    for child in node.children:
        _hang(branch, child)


def _label(node: TreeNode) -> Text:
    label = Text(clean(node.heading), style="bold" if node.kind == "group" else "")
    label.append(f"  {node.kind}:{clean(node.id)}", style="dim")
    if node.state != "active":
        label.append(f"  {clean(node.state)}", style=_STATES.get(node.state, "yellow"))
    if node.mastery_points is not None:
        label.append(f"  mastery {number(node.mastery_points)} of {number(node.points_possible)}", style="cyan")
    if node.calculation_method is not None:
        size = node.calculation_int
        label.append(f"  {clean(node.calculation_method)}{'' if size is None else f' {size}'}", style="cyan")
    if node.implied is not None:
        meaning = "implied by its deletion" if node.implied == "deleted" else "uncertain: revived by import"
        label.append(f"  ({meaning})", style="yellow")
    if node.why is not None:
        label.append(f"  ({node.why}{f' group:{clean(node.parent_id)}' if node.parent_id else ''})", style="yellow")
    return label


@draw.register
def diff(found: Diff) -> RenderableType:
    """Draw a line for each difference."""
    places = [(name, row) for name in PLACES for row in getattr(found, name)]
    policies = [(row.change, row) for row in found.policies]
    students = [("student", row) for row in found.students or ()]
    rows: Iterable[_Difference] = chain(places, policies, students)
    return parts.fitted_table(("change", "context", "what", "title", "from → to"), rows, _difference_row)


_Difference = tuple[str, NodeChange | PolicyDifference | ScoreChange]


def _difference_row(difference: _Difference, room: Room) -> tuple[Any, ...]:
    name, row = difference
    match row:
        case NodeChange():
            what = "" if name in {"added", "removed"} else parts.changes(row.fields, room)
            if row.parent is not None:
                what = parts.moved(row.parent)
            called = "renamed" if row.renamed is not None else name
            return (called, row.context, f"{row.kind}:{row.id}", row.title, what)
        case PolicyDifference():
            return (name, "", f"{row.kind}:{row.id}", row.title, parts.changes(row.fields, room))
        case ScoreChange():
            scores = f"score {parts.arrow(*row.score)}, mastery {parts.arrow(*row.mastered)}"
            removed = ", removed from the course" if row.enrollment == "deleted" else ""
            return (name, f"Course:{row.course_id}", f"outcome:{row.outcome_id}", row.student, scores + removed)
