"""The options that every reading command takes, under the same names and with the same words."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from outcomes.domain.errors import UsageError


class Format(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"


class FormatOrParquet(StrEnum):
    """How an answer is written, or the rows that it is about to a file: Parquet is never printed."""

    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"
    PARQUET = "parquet"


TenantOption = Annotated[
    str | None,
    typer.Option("--tenant", metavar="UUID", help="Root account; needed only where the log has several."),
]
AsOfOption = Annotated[
    str | None,
    typer.Option("--as-of", metavar="TIME", help="State at this event time, e.g. 2012-10-01 or 2012-10-01T09:30Z."),
]
KnownAtOption = Annotated[
    str | None,
    typer.Option("--known-at", metavar="POSITION|TIME", help="As the log knew it at this position or clock time."),
]
FormatOption = Annotated[
    Format,
    typer.Option("--format", case_sensitive=False, help="Output for people (table), programs or spreadsheets."),
]


KindArgument = Annotated[
    str,
    typer.Argument(
        metavar="KIND:ID",
        help="outcome:501, or outcome 501; also group, link, proficiency, result, calculation_method, ….",
    ),
]
IdArgument = Annotated[str | None, typer.Argument(metavar="ID", help="Canvas's own id, if KIND is given without one.")]

KEY = "outcomes.key"
"""Under what a context remembers where the key of an encrypted home is."""


def key_of(context: typer.Context) -> dict[str, Any]:
    """Return where the key of the home is, as the API's `open` takes it."""
    named: dict[str, Any] = context.meta.get(KEY, {})
    return named


LimitOption = Annotated[int | None, typer.Option("--limit", metavar="N", help="At most this many.", min=0)]
AfterOption = Annotated[
    str | None, typer.Option("--after", metavar="KEY", help="Continue after this key, which the previous page named.")
]
NewestFirstOption = Annotated[bool, typer.Option("--newest-first", help="Newest first.")]

CourseOption = Annotated[str, typer.Option("--course", metavar="ID", help="The course.")]
StudentOption = Annotated[str, typer.Option("--student", metavar="UUID", help="The student.")]
OutcomeOption = Annotated[str, typer.Option("--outcome", metavar="ID", help="The outcome.")]

JwksOption = Annotated[
    str | None,
    typer.Option("--jwks", metavar="FILE|URL", help="JWK set that checks and opens bodies signed by Canvas."),
]
IssuerOption = Annotated[
    list[str] | None,
    typer.Option(
        "--issuer", metavar="ISS", help="Issuer to trust instead of Canvas's own; any trusts all. Repeatable."
    ),
]


VIEWS = "outcomes.views"
"""Under what a context remembers where the views of a log on PostgreSQL are; None: where they are by themselves."""


def is_url(home: str) -> bool:
    """Say whether a home is named by the URL of a log on PostgreSQL, not by a folder."""
    return home.startswith(("postgresql:", "postgres:"))


def home_of(context: typer.Context) -> str:
    """Return the home that the user chose: a folder, or the URL of a log on PostgreSQL."""
    home = context.find_object(str)
    assert home is not None  # noqa: S101 - set by the application's callback
    return home


def use_home(context: typer.Context, home: str) -> None:
    """Let a command work on the home that it was given itself; raises UsageError if --home names another."""
    named, source = home_of(context), context.find_root().get_parameter_source("home")
    if named != home and source is not None and source.name == "COMMANDLINE":
        raise UsageError(f"two homes are named, {home} and --home {named}: name one")
    context.obj = home


def views_of(context: typer.Context) -> Path | None:
    """Return the folder that the user chose for the views of a log on PostgreSQL.

    What the environment says is not meant for a home in a folder; what the command says is, and is refused for it.
    """
    views: Path | None = context.meta.get(VIEWS)
    source = context.find_root().get_parameter_source("views")
    is_said = source is not None and source.name == "COMMANDLINE"
    return views if is_said or is_url(home_of(context)) else None


def folder_of(context: typer.Context) -> Path:
    """Return the data folder that the user chose; raises UsageError where it is a log on PostgreSQL."""
    home = home_of(context)
    if is_url(home):
        raise UsageError("this works on a home in a folder, not on a log on PostgreSQL: name one with --home DIR")
    return Path(home)
