"""Time compared with time: `diff`, `blame`, `late`, `moments`, `replay`."""

from enum import StrEnum
from typing import Annotated

import typer

from outcomes.cli.options import (
    AfterOption,
    AsOfOption,
    Format,
    FormatOption,
    FormatOrParquet,
    IdArgument,
    KindArgument,
    KnownAtOption,
    LimitOption,
    NewestFirstOption,
    TenantOption,
)
from outcomes.cli.output import answer, answer_part, say
from outcomes.cli.progress import progress
from outcomes.cli.session import at, catch_up, opened
from outcomes.domain.errors import UsageError


def diff(
    context: typer.Context,
    *,
    place: Annotated[
        str | None, typer.Option("--context", metavar="C", help="Account:1, Course:1234 or Global; else all.")
    ] = None,
    from_: Annotated[str | None, typer.Option("--from", metavar="T1", help="The earlier event time.")] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="T2", help="The later event time; else now.")] = None,
    from_known: Annotated[
        str | None,
        typer.Option(
            "--from-known", metavar="P1", help="The earlier tree as the log knew it at this position or time."
        ),
    ] = None,
    to_known: Annotated[
        str | None,
        typer.Option("--to-known", metavar="P2", help="The later tree as the log knew it at this one; else now."),
    ] = None,
    students: Annotated[
        bool, typer.Option("--students", help="Add the students whose score or mastery changed.")
    ] = False,
    tenant: TenantOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Compare two trees: at two event times, or at one time as the log knew it at two positions.

    Example: outcomes diff --context Account:1 --from 2012-10-01 --to 2012-12-01
    """
    with opened(context) as home:
        catch_up(home)
        found = home.diff(
            place,
            from_,
            to,
            from_known=from_known,
            to_known=to_known,
            students=students,
            tenant=tenant,
            as_of=as_of,
            known_at=known_at,
        )
        for words in found.remarks:
            say(words)
        answer(found, form)


def blame(
    context: typer.Context,
    kind: KindArgument,
    local_id: IdArgument = None,
    *,
    tenant: TenantOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Say for each field of an entity who set it, and when.

    Example: outcomes blame outcome:501
    """
    with at(context, tenant, as_of, known_at) as point:
        found = point.blame(kind, local_id)
    answer(found, form)
    if not found:
        say(f"nothing is known of {found.kind}:{found.id} at this point")
        raise typer.Exit(1)


def late(
    context: typer.Context,
    *,
    over: Annotated[
        str, typer.Option("--over", metavar="DURATION", help="At least this late: 90s, 15m, 1h, 2d, 1w.")
    ] = "1h",
    recorded_since: Annotated[
        str | None, typer.Option("--recorded-since", metavar="TIME", help="Only what entered the log from then on.")
    ] = None,
    recorded_until: Annotated[
        str | None, typer.Option("--recorded-until", metavar="TIME", help="Only what entered the log up to then.")
    ] = None,
    limit: LimitOption = None,
    after: AfterOption = None,
    newest_first: NewestFirstOption = False,
    tenant: TenantOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """List events that were recorded long after they happened, and what each of them changed.

    Example: outcomes late --over 2d
    """
    with at(context, tenant, as_of, known_at) as point:
        found = point.late(
            over=over,
            recorded_since=recorded_since,
            recorded_until=recorded_until,
            limit=limit,
            after=after,
            newest_first=newest_first,
        )
        answer_part(found, form)


class By(StrEnum):
    """What of the changes is put together."""

    DAY = "day"
    MOMENT = "moment"
    CHANGE = "change"


def moments(
    context: typer.Context,
    *,
    place: Annotated[str, typer.Option("--context", metavar="C", help="Account:1, Course:1234 or Global.")],
    by: Annotated[
        By,
        typer.Option(
            "--by", case_sensitive=False, help="A day; what one person did in one request or job; each change."
        ),
    ] = By.MOMENT,
    limit: LimitOption = None,
    after: AfterOption = None,
    tenant: TenantOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Group a context's changes by what one person did in one go, newest first, with how many students each flipped.

    Example: outcomes moments --context Account:1 --limit 20
    """
    with at(context, tenant, as_of, known_at) as point:
        found = point.moments(place, by=by.value, limit=limit, after=after)
        answer_part(found, form)
        is_empty = after is None and limit != 0 and not found
    if is_empty:
        say(f"nothing changed in {place} up to this point; outcomes status lists the contexts that the log knows")


class Engine(StrEnum):
    """What shares out a replay of files among processes."""

    LOCAL = "local"
    SPARK = "spark"


def replay(
    context: typer.Context,
    *,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="FILE.db|FOLDER|postgresql://HOST/DATABASE/SCHEMA",
            help="The file (or folder) to make, which must not exist yet; or a schema.",
        ),
    ],
    from_: Annotated[
        list[str] | None,
        typer.Option(
            "--from",
            metavar="DIR|FILE",
            help="Read these files of events, or a log as Parquet, instead of the home. Repeatable.",
        ),
    ] = None,
    engine: Annotated[
        Engine | None,
        typer.Option(
            "--engine",
            case_sensitive=False,
            help="With --from: processes on this machine, or Spark, which also writes to s3://….",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", metavar="N", min=1, help="With --from: this many processes; else one per core."),
    ] = None,
    tenant: TenantOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    form: Annotated[
        FormatOrParquet,
        typer.Option(
            "--format", case_sensitive=False, help="Form of the answer; parquet makes a folder with a file per table."
        ),
    ] = FormatOrParquet.TABLE,
) -> None:
    """Write the whole state at a point to a new SQLite file with plain tables, which any tool can open.

    With --format parquet it is a new folder with one .parquet file for each table. A schema in PostgreSQL may be there
    from an earlier replay: the new tables take its place at once. Give the password in PGPASSWORD or ~/.pgpass.

    With --from it is the state that any number of files of events, of any tenants, add up to, computed by several
    processes without a home: a folder of Parquet, TABLE/tenant=UUID/part-N.parquet. Only the log as Parquet (outcomes
    log --format parquet) has positions: --known-at needs it.

    Example: outcomes replay --as-of 2013-12-01 --to december.db
    """
    is_parquet = form is FormatOrParquet.PARQUET
    told = Format.TABLE if is_parquet else Format(form.value)
    if from_:
        from outcomes.cluster.files import replay_files  # noqa: PLC0415 - slow to load, and not needed to show help

        with progress("replaying") as advance:
            found = replay_files(
                from_,
                to,
                engine="spark" if engine is Engine.SPARK else "local",
                workers=workers,
                tenant=tenant,
                as_of=as_of,
                known_at=known_at,
                watch=advance,
            )
        answer(found, told)
        return
    if engine is not None or workers is not None:
        raise UsageError("--engine and --workers are for a replay of files: give --from, too")
    with at(context, tenant, as_of, known_at) as point:
        answer(point.replay(to, format="parquet" if is_parquet else "sqlite", say=say), told)
