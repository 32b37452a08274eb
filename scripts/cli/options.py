"""The options that every reading command takes, under the same names and with the same words."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from outcomes.domain.times import Micros, micros
from outcomes.projections.as_of.point import PointQuery
from outcomes.store.home import Home


class Format(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"


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
    typer.Option("--format", case_sensitive=False, help="Written for people (table), programs or spreadsheets."),
]


def home_of(context: typer.Context) -> Home:
    """Return the data folder that the user chose."""
    home = context.find_object(Home)
    assert home is not None  # noqa: S101 - set by the application's callback
    return home


def asked(tenant: str | None, as_of: str | None, known_at: str | None) -> PointQuery:
    """Put the three options that say where a question is asked together."""
    return PointQuery(tenant, as_of, known_at)


def now() -> Micros:
    """Read the clock: here at the edge and nowhere else."""
    return micros(datetime.now(UTC))
