"""Keeping the record: `digest`, `log`, `verify`, `rebuild`, `status`."""

import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from outcomes.cli.options import (
    AsOfOption,
    Format,
    FormatOption,
    FormatOrParquet,
    KnownAtOption,
    LimitOption,
    NewestFirstOption,
    TenantOption,
    home_of,
    key_of,
    views_of,
)
from outcomes.cli.output import answer, answer_part, report_damage, say, say_next, write_json
from outcomes.cli.progress import progress
from outcomes.cli.session import at, catch_up, opened
from outcomes.domain.errors import LogDamaged, UsageError


def digest(
    context: typer.Context,
    *,
    tenant: TenantOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Fingerprint the whole state: equal for equal histories, whatever order they arrived in.

    Example: outcomes digest --as-of 2013-12-01
    """
    with at(context, tenant, as_of, known_at) as point:
        answer(point.digest(), form)


def log(
    context: typer.Context,
    *,
    after: Annotated[
        str | None,
        typer.Option("--after", metavar="P", help="Only events after this position; with --newest-first, before it."),
    ] = None,
    limit: LimitOption = None,
    newest_first: NewestFirstOption = False,
    follow: Annotated[
        bool, typer.Option("--follow", help="Keep printing events as they come, until interrupted.")
    ] = False,
    tenant: TenantOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE.parquet", help="With --format parquet: the file to make.")
    ] = None,
    form: Annotated[
        FormatOrParquet | None,
        typer.Option("--format", case_sensitive=False, help="Without it, the events as they came."),
    ] = None,
) -> None:
    """Print the events as they came, one per line, in the order in which they were appended.

    ingest takes the output back. For an event whose person was erased there is a line {"erased": …}, which ingest puts
    in quarantine. Line breaks inside an event (between its tokens) are printed as spaces.
    With --format ndjson each comes with its place: {"position", "recorded_at", "entity", "event"}. With table,
    json or csv: position, times, name, entity and digest of each. With parquet it writes them to a new file, a
    twentieth of the size, with all that the log knows of each: what outcomes replay --from takes, also --known-at.

    Example: outcomes log --after 1000 --format ndjson --follow
    """
    if form is FormatOrParquet.PARQUET or to is not None:
        is_narrowed = limit is not None or newest_first or follow or tenant is not None or as_of is not None
        _write_log(context, to if form is FormatOrParquet.PARQUET and not is_narrowed else None, after, known_at)
        return
    if follow and form in {FormatOrParquet.TABLE, FormatOrParquet.JSON}:
        raise UsageError(f"--format {form} ends, and --follow does not: choose ndjson or csv, or leave out --format")
    with opened(context) as home:
        with suppress(LogDamaged):  # what can be shown is shown, and what cannot is told at the end
            catch_up(home, is_end_awaited=follow)
        found = home.log(
            after=after,
            limit=limit,
            newest_first=newest_first,
            follow=follow,
            as_of=as_of,
            known_at=known_at,
            tenant=tenant,
            # Whoever reads along must not wait for the buffer to fill.
            waiting=sys.stdout.flush,
        )
        for words in found.remarks:
            say(words)
        if form is not None and form is not FormatOrParquet.NDJSON:
            answer_part(found, Format(form.value))
        else:
            for line in found.placed_lines() if form else found.lines():
                write_json(line)
            say_next(found)
        report_damage(found.damage)


def _write_log(context: typer.Context, to: Path | None, after: str | None, known_at: str | None) -> None:
    if to is None:
        raise UsageError(
            "--format parquet writes to a file: name a new one with --to; of the other options it takes --after and "
            "--known-at"
        )
    with opened(context) as home:
        answer(home.write_log(to, after=after, known_at=known_at), Format.TABLE)


def verify(
    context: typer.Context,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Replay every entity, not a sample of 200.")] = False,
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="CHECKPOINT",
            help="Prove that the log has only grown since this line of outcomes checkpoint, or a file that holds it.",
        ),
    ] = None,
    anew: Annotated[
        bool, typer.Option("--rebuild", help="Build new views, reading the log backwards, and compare every row.")
    ] = False,
    rearm: Annotated[
        bool, typer.Option("--rearm", help="After reporting triggers that are gone or changed, restore them.")
    ] = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """Prove that the log is whole and that the views equal a replay of it; exit 1 if not.

    Finds every event, and every row of any table of log.db, that was changed, removed, inserted or moved, and
    every trigger that is gone or was added, and names the place. A log that was cut back or rebuilt as a whole is found
    only --against a checkpoint; the answer says what is left unproved.

    Example: outcomes verify --all --against outcomes-checkpoint:1478:0a1b…
    """
    from outcomes.api import home  # noqa: PLC0415 - slow to load, and not needed to show help

    with progress("verifying") as advance:
        found = home.verify(
            home_of(context),
            views=views_of(context),
            **key_of(context),
            all=everything,
            against=against,
            rebuild=anew,
            rearm=rearm,
            watch=lambda position, head: advance(position, head, position),
        )
    answer(found, form)
    if not found.ok:
        raise typer.Exit(1)


def rebuild(context: typer.Context, form: FormatOption = Format.TABLE) -> None:
    """Make new views from the log beside the live ones, and swap them in at the end.

    Example: outcomes rebuild
    """
    with opened(context) as home, progress("rebuilding") as advance:
        found = home.rebuild(watch=lambda position, head: advance(position, head, position))
    answer(found, form)


def status(context: typer.Context, form: FormatOption = Format.TABLE) -> None:
    """Show the state of the home: head, sizes, counts, positions, tenants.

    Example: outcomes status
    """
    with opened(context) as home:
        found = home.status()
        answer(found, form)
    report_damage(found.damaged or ())
