"""Questions about the past and the present: `tree`, `show`, `timeline`."""

from enum import StrEnum
from typing import Annotated

import typer

from outcomes.cli.options import (
    AfterOption,
    AsOfOption,
    Format,
    FormatOption,
    IdArgument,
    KindArgument,
    KnownAtOption,
    LimitOption,
    NewestFirstOption,
    TenantOption,
)
from outcomes.cli.output import answer, answer_part, say, write_text
from outcomes.cli.session import at


class TreeFormat(StrEnum):
    """How a tree is written."""

    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"
    CANVAS_CSV = "canvas-csv"


def tree(
    context: typer.Context,
    place: Annotated[str, typer.Option("--context", metavar="C", help="Account:1, Course:1234 or Global.")],
    *,
    include_deleted: Annotated[bool, typer.Option("--include-deleted", help="Show deleted nodes, too.")] = False,
    tenant: TenantOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    form: Annotated[
        TreeFormat,
        typer.Option(
            "--format",
            case_sensitive=False,
            help="Output for people, programs or spreadsheets; canvas-csv is what Canvas's import takes back.",
        ),
    ] = TreeFormat.TABLE,
) -> None:
    """Draw the outcome tree of an account, a course, or the global one, at any time.

    With --format canvas-csv it is a file for Canvas's own import, which sets what is in it as it was then.

    Example: outcomes tree --context Account:1 --as-of 2012-10-01
    """
    with at(context, tenant, as_of, known_at) as point:
        if form is TreeFormat.CANVAS_CSV:
            write_text(point.tree_csv(place))
            return
        found = point.tree(place, include_deleted=include_deleted)
    answer(found, Format(form.value))
    if not found:
        say(f"nothing is known of {found.context} at this point; outcomes status lists what the log holds")


def show(
    context: typer.Context,
    kind: KindArgument,
    local_id: IdArgument = None,
    *,
    tenant: TenantOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show one entity's state: its fields under Canvas's own names, and the event that set it.

    Example: outcomes show outcome:2366906 --as-of 2012-10-01
    """
    with at(context, tenant, as_of, known_at) as point:
        found = point.show(kind, local_id)
    answer(found, form)
    if not found:
        say(f"nothing is known of {found.kind}:{found.id} at this point")
        raise typer.Exit(1)


def timeline(  # noqa: PLR0913 - one for each filter
    context: typer.Context,
    *,
    place: Annotated[str | None, typer.Option("--context", metavar="C", help="Account:1, Course:1234, Global.")] = None,
    entity: Annotated[
        list[str] | None, typer.Option("--entity", metavar="KIND:ID", help="One entity; may be repeated.")
    ] = None,
    kind: Annotated[
        list[str] | None, typer.Option("--kind", metavar="KIND", help="Only outcome, group, link, …; may be repeated.")
    ] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="T", help="From this event time.")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="T", help="Up to this event time.")] = None,
    actor: Annotated[
        str | None,
        typer.Option("--actor", metavar="TEXT", help="Only by whoever's id, login, role, job or path has this text."),
    ] = None,
    field: Annotated[
        str | None,
        typer.Option("--field", metavar="NAME", help="Changes of this field, e.g. mastery_points."),
    ] = None,
    request: Annotated[
        str | None,
        typer.Option("--request", metavar="ID", help="Everything done in one request or job, by its id."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also events that changed nothing.")] = False,
    limit: LimitOption = None,
    after: AfterOption = None,
    newest_first: NewestFirstOption = False,
    tenant: TenantOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """List what changed, when and by whom, in the order in which it happened.

    Example: outcomes timeline --context Account:1 --since 2012-11-01 --field mastery_points
    """
    with at(context, tenant, as_of, known_at) as point:
        found = point.timeline(
            place,
            entity=entity or (),
            kind=kind or (),
            since=since,
            until=until,
            actor=actor,
            field=field,
            request=request,
            all=everything,
            limit=limit,
            after=after,
            newest_first=newest_first,
        )
        answer_part(found, form)
