"""Answers as people like to read them: drawn trees, coloured states, short tables."""

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree as Drawing

from outcomes.cli.output import clean
from outcomes.domain.mastery.derivation import exact
from outcomes.domain.mastery.derivation import number as rounded
from outcomes.domain.tree import Node, Tree

_STATES = {"active": "green", "archived": "yellow", "deleted": "red"}
_CHANGES = {"created": "green", "updated": "cyan", "deleted": "red", "restored": "magenta", "none": "dim"}
_PATH_SHOWN = 24


def number(value: float | None) -> str:
    """Write a number with every digit that it has, and no idle one: 3 for 3.0; nothing for none.

    A table never shortens a number into another: two that differ must look different.
    """
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else exact(value)


def shown(value: Any) -> str:
    """Write any JSON value of a state in one line."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return number(value)
    return clean(" ".join(str(value).split()))


def shortened(value: Any, width: int = 60) -> str:
    """Write a value in one line of a bounded length."""
    return _cut(shown(value), width)


def arrow(before: Any, after: Any, width: int | None = 60) -> str:
    """Write a change from one value to another so that the two look different, also where they are cut to `width`.

    What is the same to the eye (other blanks, marks that nobody sees, the same beginning) is written as JSON, from
    shortly before the first difference on.
    """
    one, other = shown(before), shown(after)
    cut = [text if width is None else _cut(text, width) for text in (one, other)]
    if before != after and _looks(cut[0]) == _looks(cut[1]):
        exact_texts = json.dumps(before), json.dumps(after)
        pairs = enumerate(zip(*exact_texts, strict=False))
        same = next((place for place, (one, other) in pairs if one != other), min(map(len, exact_texts)))
        start = 0 if width is None else max(0, same - width // 3)
        cut = [("…" if start else "") + (text if width is None else _cut(text[start:], width)) for text in exact_texts]
    return f"{cut[0]} → {cut[1]}"


def _looks(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).split())


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str | None = None) -> Table:
    """Return a plain table; cells may be text with style."""
    drawn = Table(*columns, title=title, box=None, pad_edge=False, title_justify="left", header_style="bold")
    for row in rows:
        drawn.add_row(*(cell if isinstance(cell, Text) else Text(shown(cell)) for cell in row))
    return drawn


def facts(pairs: Mapping[str, Any], title: str | None = None) -> Table:
    """Return names and values under one another."""
    drawn = Table.grid(padding=(0, 2))
    if title:
        drawn.title = title
    for name, value in pairs.items():
        drawn.add_row(Text(clean(name), style="bold"), value if isinstance(value, Text) else Text(shown(value)))
    return drawn


def change(name: str) -> Text:
    """Return the name of a change in its colour."""
    return Text(name, style=_CHANGES.get(name, ""))


def actor(told: Mapping[str, Any]) -> Text:
    """Say who did it (who stood behind a masquerade; the job with its number), and below that by what."""
    person, job = told["login"] or told["user_id"], told["job"]
    if told["real_user_id"]:
        person = f"{told['real_user_id']} as {person or 'someone'}"
    if job and told["job_id"]:
        job = f"job {job}" if job == told["job_id"] else f"{job} (job {told['job_id']})"
    lines = [clean(part) for part in (person, job, _ending(told["via"])) if part]
    return Text("\n".join(lines) or "-")


def _ending(via: str | None) -> str | None:
    """Shorten a path to its end, which says what was done to what."""
    method, _, path = (via or "").rpartition(" ")
    if len(path) <= _PATH_SHOWN:
        return via
    return f"{method} …{path[1 - _PATH_SHOWN :]}".strip()


def tree(found: Tree, heading: str) -> RenderableType:
    """Draw roots, then what hangs nowhere, then outcomes in no group."""
    parts: list[RenderableType] = [Text(clean(heading), style="bold")]
    parts += [_draw(root) for root in found.roots]
    for title, nodes in (("detached", found.detached), ("in no group", found.unlinked)):
        if nodes:
            drawing = Drawing(Text(title, style="bold yellow"))
            for node in nodes:
                _hang(drawing, node)
            parts.append(drawing)
    if not (found.roots or found.detached or found.unlinked):
        parts.append(Text("nothing here at this point", style="dim"))
    return Group(*parts)


def _draw(node: Node) -> Drawing:
    drawing = Drawing(_label(node))
    for child in node.children:
        _hang(drawing, child)
    return drawing


def _hang(drawing: Drawing, node: Node) -> None:
    branch = drawing.add(_label(node))
    for child in node.children:
        _hang(branch, child)


def _label(node: Node) -> Text:
    title = node.title if node.title is not None else "(never seen)" if not node.known else "(no title)"
    label = Text(clean(title), style="bold" if node.kind == "group" else "")
    label.append(f"  {node.kind}:{clean(node.id)}", style="dim")
    if node.state != "active":
        label.append(f"  {clean(node.state)}", style=_STATES.get(node.state, "yellow"))
    mastery = node.details.get("mastery_points")
    if mastery is not None:
        label.append(f"  mastery {number(mastery)} of {number(node.details.get('points_possible'))}", style="cyan")
    method = node.details.get("calculation_method")
    if method is not None:
        size = node.details.get("calculation_int")
        label.append(f"  {clean(method)}{'' if size is None else f' {size}'}", style="cyan")
    if node.details.get("implied") is not None:
        meaning = "implied by its deletion" if node.details["implied"] == "deleted" else "uncertain: revived by import"
        label.append(f"  ({meaning})", style="yellow")
    if node.why is not None:
        label.append(f"  ({node.why}{f' group:{clean(node.parent_id)}' if node.parent_id else ''})", style="yellow")
    return label


def explanation(value: Mapping[str, Any]) -> RenderableType:
    """Draw an explanation: the answer, every result with its part in it, the sum, and what is approximate."""
    verdict = {None: "not assessed", True: "mastery", False: "not mastery"}[value["mastered"]]
    method = value["calculation_method"] or "unknown method"
    points = f"mastery {shown(value['mastery_points'])} of {shown(value['points_possible'])}"
    head = {
        "outcome": f"{value['outcome_title'] or '(never seen)'} (outcome:{value['outcome_id']})",
        "score": f"{shown(value['score'])}: {verdict}" + (f", {value['rating']}" if value["rating"] else ""),
        "scale": f"{points}, {_from(value['scale'])}",
        "method": f"{method} {number(value['calculation_int'])}".strip() + f", {_from(value['method'])}",
    }
    columns = ("result", "assessed", "handed in", "score", "of", "percent", "value", "weight", "why not")
    keys = ("id", "assessed_at", "submitted_at", "score", "possible", "percent", "value", "weight", "why_not")
    parts: list[RenderableType] = [facts(head), Text()]
    # Weights are ours and told to be read; what came in, and what each result is worth, stands with all its digits.
    told = ({**result, "weight": Text(rounded(result["weight"]))} for result in value["results"])
    parts += [table(columns, ([result[key] for key in keys] for result in told)), Text()]
    parts += [Text("  " + clean(step)) for step in value["steps"]]
    remarks = [*value["notes"], *value["approximate"]]
    parts += [Text(), *(Text(clean(remark), style="dim") for remark in remarks)]
    return Group(*parts)


def _from(source: Mapping[str, Any]) -> str:
    known = {"outcome": "the outcome's own", "default": "Canvas's default", "unknown": "not known"}
    words = known.get(source["source"], f"from {source['source']}")
    return words if source["position"] is None else f"{words} (position {source['position']})"
