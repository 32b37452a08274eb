"""A tree that folds."""

from collections.abc import Iterable

from outcomes.api.answers.base import time_text
from outcomes.api.answers.tree import SECTIONS, OutcomeTree, TreeNode
from outcomes.api.html.page import fragment, tag, text
from outcomes.api.terminal.parts import number


def tree_html(found: OutcomeTree) -> str:
    """Return a tree as nested lists; groups fold."""
    when = "now" if found.as_of is None else time_text(found.as_of)
    parts = [f"<p><b>{text(found.context)}</b> {text(when)}, known at position {found.known_at}</p>"]
    parts.append(_nodes(found.roots))
    for name, title in SECTIONS:
        nodes = getattr(found, name)
        if nodes:
            parts.append(f"<p><b>{title}</b></p>{_nodes(nodes)}")
    if not found:
        parts.append('<p class="quiet">nothing here at this point</p>')
    return fragment(*parts)


def _nodes(roots: Iterable[TreeNode]) -> str:
    """Write nodes with all below them, however deep: a stack of what is still to be opened or closed."""
    written: list[str] = ["<ul>"]
    pending: list[TreeNode | str] = ["</ul>", *reversed(list(roots))]
    while pending:
        node = pending.pop()
        if isinstance(node, str):
            written.append(node)
        elif node.children:
            written.append(f"<li><details open><summary>{_label(node)}</summary><ul>")
            pending += ["</ul></details></li>", *reversed(node.children)]
        else:
            written.append(f"<li>{_label(node)}</li>")
    return "".join(written)


def _label(node: TreeNode) -> str:
    title = text(node.heading)
    label = f"<b>{title}</b>" if node.kind == "group" else title
    label += f' <span class="quiet">{node.kind}:{text(node.id)}{_policy(node)}</span>'
    if node.state != "active":
        label += f" {tag(node.state)}"
    for remark in (node.implied and f"link {node.implied}", node.why):
        if remark:
            label += f" <i>({text(remark)})</i>"
    return label


def _policy(node: TreeNode) -> str:
    told = ""
    if node.mastery_points is not None:
        told += f", mastery {number(node.mastery_points)} of {number(node.points_possible)}"
    if node.calculation_method is not None:
        size = "" if node.calculation_int is None else f" {node.calculation_int}"
        told += f", {text(node.calculation_method)}{size}"
    return told
