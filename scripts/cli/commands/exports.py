"""What Canvas exports, beside what its events told: `bootstrap`, `reconcile`."""

from pathlib import Path
from typing import Annotated

import typer

from outcomes.cli.options import Format, FormatOption, TenantOption
from outcomes.cli.output import answer, say
from outcomes.cli.progress import progress
from outcomes.cli.session import catch_up, opened

AtOption = Annotated[str, typer.Option("--at", metavar="TIME", help="When the export was made, according to its job.")]

ShardOption = Annotated[
    int | None,
    typer.Option(
        "--shard",
        min=0,
        max=922_336,
        metavar="N",
        help="Canvas's shard, if no event gives it: a global id is N x 10^13 + the local one.",
    ),
]

ContextOption = Annotated[
    str | None,
    typer.Option(
        "--context",
        metavar="CONTEXT",
        help="Account or course that a CSV of outcomes belongs to; else the root account.",
    ),
]


def bootstrap(
    context: typer.Context,
    *,
    from_: Annotated[
        Path,
        typer.Option(
            "--from",
            metavar="FOLDER|outcomes.csv|report.csv",
            help="Canvas Data 2 files (jsonl, csv, tsv, parquet), a CSV of outcomes, an Outcome Results report.",
        ),
    ],
    at: AtOption,
    encrypt: Annotated[bool, typer.Option("--encrypt", help="Make an encrypted home, if there is none yet.")] = False,
    tenant: TenantOption = None,
    shard: ShardOption = None,
    place: ContextOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Start with what Canvas held before its events came: record an export's rows as observations.

    Each says what a row was when it was saved, and nothing about before. What events told is not repeated; a second
    run adds nothing. Nothing is written before all of the export has been read.

    Example: outcomes bootstrap --from canvas-data-2/ --at 2026-06-01
    """
    from outcomes.api.export_files import check_file  # noqa: PLC0415 - not needed to show help
    from outcomes.store.sources.exports.files import tables_in  # noqa: PLC0415 - the same

    if from_.is_file():  # before a home is made for what is none
        check_file(from_)
    else:
        tables_in(from_)
    with opened(context, create=True, encrypt=encrypt) as home, progress("reading") as advance:
        catch_up(home)
        watch = lambda _table, rows: advance(rows, None, rows)  # noqa: E731 - one call
        found = home.bootstrap(from_, at=at, tenant=tenant, shard=shard, context=place, watch=watch)
    for words in found.remarks:
        say(words)
    answer(found, form)


def reconcile(
    context: typer.Context,
    *,
    from_: Annotated[
        Path,
        typer.Option(
            "--from",
            metavar="FOLDER|outcomes.csv|report.csv|rollups.json",
            help="Canvas Data 2 files, a CSV of outcomes, an Outcome Results report, or rollups of Canvas's REST API.",
        ),
    ],
    at: AtOption,
    lag: Annotated[
        str, typer.Option("--lag", metavar="DURATION", help="How far the export may lag behind its time.")
    ] = "4h",
    write: Annotated[
        bool, typer.Option("--write", help="Record what was missed, and show the scores it changed.")
    ] = False,
    course: Annotated[
        str | None, typer.Option("--course", metavar="ID", help="Course of rollups that name none.")
    ] = None,
    tenant: TenantOption = None,
    shard: ShardOption = None,
    place: ContextOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Prove what events missed: compare the log with an export of Canvas; exit 1 if something is missing.

    Every entity gets one verdict: same, missed, never_told, lagging, contradiction, silent, gone, cannot_say. Rollups
    of Canvas are compared number by number: what no cause of a closed list explains is called a bug.

    Example: outcomes reconcile --from canvas-data-2/ --at 2026-06-01T04:00Z --write
    """
    with opened(context) as home, progress("comparing") as advance:
        catch_up(home)
        found = home.reconcile(
            from_,
            at=at,
            lag=lag,
            write=write,
            course=course,
            tenant=tenant,
            shard=shard,
            context=place,
            watch=lambda _table, rows: advance(rows, None, rows),
        )
        for words in found.remarks:
            say(words)
        answer(found, form)
    if not found:
        raise typer.Exit(1)
