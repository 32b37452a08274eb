"""Questions about the past and the present: `tree`, `show`, `timeline`."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.text import Text

from outcomes.cli import rendering
from outcomes.cli.options import (
    AsOfOption,
    Format,
    FormatOption,
    KnownAtOption,
    TenantOption,
    asked,
    home_of,
)
from outcomes.cli.output import answer, draw, say, write_lines
from outcomes.cli.session import at
from outcomes.domain.identity import Kind, parse_context, parse_entity, parse_kind
from outcomes.domain.times import parse_argument, to_text
from outcomes.domain.tree import Node
from outcomes.projections.as_of.state import state_at
from outcomes.projections.as_of.tree import tree_at
from outcomes.projections.history.timeline import TimelineEntry
from outcomes.projections.history.timeline import timeline as entries_of
from outcomes.projections.history.version_steps import Filters
from outcomes.projections.views.tables import TABLES

_FIELDS_SHOWN = 4


def tree(
    context: typer.Context,
    place: Annotated[str, typer.Option("--context", metavar="C", help="Account:1, Course:1234 or Global.")],
    *,
    include_deleted: Annotated[bool, typer.Option("--include-deleted", help="Show deleted nodes, too.")] = False,
    tenant: TenantOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Draw the outcome tree of an account, a course, or the global one, at any time.

    Example: outcomes tree --context Account:1 --as-of 2012-10-01
    """
    where = parse_context(place)
    with at(home_of(context), asked(tenant, as_of, known_at)) as question:
        found = tree_at(question.connection, question.point, where, include_deleted=include_deleted)
        heading = question.point.heading()
    when = heading["as_of"] or "now"
    value = {
        "tenant": heading["tenant"],
        "context": str(where),
        "as_of": heading["as_of"],
        "known_at": heading["known_at"],
        "roots": [node.as_json() for node in found.roots],
        "detached": [node.as_json() for node in found.detached],
        "unlinked": [node.as_json() for node in found.unlinked],
    }
    sections = (("roots", found.roots), ("detached", found.detached), ("unlinked", found.unlinked))
    answer(
        value,
        form,
        lambda: rendering.tree(found, f"{where} {when}, known at position {heading['known_at']}"),
        lambda: (row for section, nodes in sections for node in nodes for row in _flat(section, node)),
    )
    if not any(nodes for _, nodes in sections):
        say(f"nothing is known of {where} at this point; outcomes status lists what the log holds")


def show(
    context: typer.Context,
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help="outcome, group, link, proficiency, result, calculation_method, …")
    ],
    local_id: Annotated[str, typer.Argument(metavar="ID", help="Canvas's own id.")],
    *,
    tenant: TenantOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show one entity's state: its fields under Canvas's own names, and which event made it so.

    Example: outcomes show outcome 2366906 --as-of 2012-10-01
    """
    wanted = parse_kind(kind)
    with at(home_of(context), asked(tenant, as_of, known_at)) as question:
        value = state_at(question.connection, question.log, question.point, wanted, local_id)
    state = value["state"]
    answer(value, form, lambda: _draw_state(value))
    if state is None:
        say(f"nothing is known of {wanted}:{local_id} at this point")
        raise typer.Exit(1)


def timeline(  # noqa: PLR0913 - one for each filter
    context: typer.Context,
    *,
    place: Annotated[str | None, typer.Option("--context", metavar="C", help="Account:1, Course:1234, Global.")] = None,
    entity: Annotated[
        list[str] | None, typer.Option("--entity", metavar="KIND:ID", help="One entity; may be repeated.")
    ] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="T", help="From this event time.")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="T", help="Up to this event time.")] = None,
    actor: Annotated[
        str | None,
        typer.Option("--actor", metavar="TEXT", help="Who or by what: id, login, role, job, path with this text."),
    ] = None,
    field: Annotated[
        str | None,
        typer.Option("--field", metavar="NAME", help="Changes of this field, e.g. mastery_points."),
    ] = None,
    request: Annotated[
        str | None,
        typer.Option("--request", metavar="ID", help="All that was done in one request or job, by its id."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also events that changed nothing.")] = False,
    tenant: TenantOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """List what changed, when and by whom, in the order in which it happened.

    Example: outcomes timeline --context Account:1 --since 2012-11-01 --field mastery_points
    """
    filters = Filters(
        context=None if place is None else parse_context(place),
        entities=[parse_entity(text) for text in entity or ()],
        since=None if since is None else parse_argument(since),
        until=None if until is None else parse_argument(until),
        actor=actor,
        field=field,
        request=request,
        everything=everything,
    )
    with at(home_of(context), asked(tenant, as_of, known_at)) as question:
        entries = entries_of(question.connection, question.log, question.point, filters)
        if form is Format.TABLE:
            draw(_draw_timeline(entries))
        else:
            write_lines((entry.as_json() for entry in entries), form)


def _draw_state(value: dict[str, Any]) -> Any:
    state = dict(_flatten(value["state"] or {}))
    heading = f"{value['kind']}:{value['id']}"
    made = {"event_time": value["event_time"], "position": value["position"], "events": value["events"]}
    return rendering.facts({heading: "", **state, "": "", **made})


def _flatten(state: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in state.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{name}.")
        elif isinstance(value, list | tuple):
            for index, inner in enumerate(value):
                path = f"{prefix}{name}[{index}]"
                yield from _flatten(inner, path + ".") if isinstance(inner, dict) else iter([(path, inner)])
        else:
            yield f"{prefix}{name}", value


def _draw_timeline(entries: Iterator[TimelineEntry]) -> Any:
    rows = []
    for entry in entries:
        mark = "  (order conflict)" if entry.order_conflict else ""
        rows.append(
            (
                to_text(entry.event_time),
                rendering.change(entry.change),
                str(entry.ref),
                entry.title,
                Text(_draw_fields(entry) + mark),
                rendering.actor(entry.actor),
                entry.position,
            )
        )
    return rendering.table(("when", "change", "what", "title", "fields", "by", "position"), rows)


def _draw_fields(entry: TimelineEntry) -> str:
    if entry.change == "created":
        return f"{len(entry.fields)} fields set"
    parts = [
        f"{rendering.shortened(name)}: {rendering.arrow(before, after)}"
        for name, (before, after) in list(entry.fields.items())[:_FIELDS_SHOWN]
    ]
    more = len(entry.fields) - _FIELDS_SHOWN
    return "\n".join([*parts, *([f"and {more} more"] if more > 0 else [])])


def _flat(section: str, root: Node) -> Iterator[dict[str, Any]]:
    """Yield a row per node, parents before children, siblings in order, however deep."""
    pending: list[tuple[Node, tuple[str, ...]]] = [(root, ())]
    while pending:
        node, path = pending.pop()
        told = node.alone()
        columns = {name: told.get(name) for name in _TREE_COLUMNS}
        yield {"section": section, "depth": len(path), "path": "/".join(path), **columns}
        below = (*path, node.title or node.id)
        pending.extend((child, below) for child in reversed(node.children))


_TREE_COLUMNS = (
    "kind",
    "id",
    "title",
    "state",
    "known",
    "parent_id",
    *TABLES[Kind.GROUP].in_tree,
    "link_id",
    *TABLES[Kind.LINK].in_tree,
    *TABLES[Kind.OUTCOME].in_tree,
    "outcome_state",
    "link_state",
    "implied",
    "why",
)
