"""Commands that bring events into the log: `ingest`, and another try at what could not be read: `quarantine`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from outcomes.api.clean_text import clean_lines
from outcomes.cli.command_line import CommandLine
from outcomes.cli.options import (
    AfterOption,
    Format,
    FormatOption,
    IssuerOption,
    JwksOption,
    LimitOption,
    NewestFirstOption,
)
from outcomes.cli.output import answer, answer_part, report_damage, say
from outcomes.cli.progress import progress
from outcomes.cli.session import opened
from outcomes.cli.spreadsheets import writes_csv
from outcomes.domain.errors import InputCutShort

if TYPE_CHECKING:
    from outcomes import IngestReport

app = CommandLine()


def ingest(
    context: typer.Context,
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILE…|-]", help="Files to read; with - or none, standard input."),
    ] = None,
    *,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 if anything went to quarantine.")] = False,
    trust_clock: Annotated[
        bool, typer.Option("--trust-clock", help="Append although the clock is more than a day behind the last batch.")
    ] = False,
    leave_views: Annotated[
        bool,
        typer.Option(
            "--leave-views", help="Return once everything is in the log; the next question updates the views."
        ),
    ] = False,
    encrypt: Annotated[bool, typer.Option("--encrypt", help="Make an encrypted home, if there is none yet.")] = False,
    jwks: JwksOption = None,
    issuer: IssuerOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Append events to the log: an object, an array, NDJSON or joined objects, also compressed or in a known transport.

    What is already stored is counted as a duplicate; what cannot be read as an event goes to quarantine, verbatim.

    Example: outcomes ingest events-2025.ndjson.gz
    """
    from outcomes.api.ingest import opener  # noqa: PLC0415 - not needed to show help
    from outcomes.store.sources.content import check_readable  # noqa: PLC0415 - the same

    names = files or ["-"]
    check_readable(names)  # before a home is made for what is none
    opener(jwks, issuer or ())
    try:
        with opened(context, create=True, encrypt=encrypt) as home, progress("reading") as advance:
            total = None if "-" in names else _size(names)
            report = home.ingest(
                *names,
                trust_clock=trust_clock,
                leave_views=leave_views,
                jwks=jwks,
                issuer=issuer or (),
                watch=lambda done, events: advance(done, total, events),
            )
    except InputCutShort as error:
        _say_report(error.report, form)
        raise
    _say_report(report, form)
    if strict and report.quarantined:
        raise typer.Exit(1)


@app.command("list")
@writes_csv
def list_entries(
    context: typer.Context,
    *,
    limit: LimitOption = None,
    after: AfterOption = None,
    newest_first: NewestFirstOption = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """List what could not be read, and why.

    Example: outcomes quarantine list
    """
    with opened(context) as home:
        found = home.quarantine.list(limit=limit, after=after, newest_first=newest_first)
    answer_part(found, form)
    report_damage(found.damage)


@app.command("show")
@writes_csv
def show_entry(
    context: typer.Context,
    number: Annotated[int, typer.Argument(metavar="N", help="The entry's number, from quarantine list.")],
    form: FormatOption = Format.TABLE,
) -> None:
    """Show one entry: its reason, and its bytes as they came.

    Example: outcomes quarantine show 3
    """
    with opened(context) as home:
        found = home.quarantine.show(number)
        if form is not Format.TABLE:
            answer(found, form)
            return
        say(f"{found.entry.where()}: {found.entry.reason}")
        for part in found.chunks():
            if sys.stdout.isatty():
                print(clean_lines(part.decode(errors="replace")), end="")
            else:
                sys.stdout.buffer.write(part)
        print()


@app.command("retry")
@writes_csv
def retry(
    context: typer.Context,
    *,
    jwks: JwksOption = None,
    issuer: IssuerOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Read again what this version has not tried yet: after an upgrade, more may be understood.

    What was refused for its time or its host is tried each time; with --jwks everything is, to open what is signed.

    Example: outcomes quarantine retry
    """
    with opened(context) as home:
        _say_report(home.quarantine.retry(jwks=jwks, issuer=issuer or ()), form)


@app.command("dismiss")
@writes_csv
def dismiss(
    context: typer.Context,
    numbers: Annotated[list[int] | None, typer.Argument(metavar="[N…]", help="Numbers, from quarantine list.")] = None,
    *,
    source: Annotated[str | None, typer.Option("--source", metavar="S", help="All entries of this source.")] = None,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept with the entries.")],
    form: FormatOption = Format.TABLE,
) -> None:
    """Take entries out of the counts, for good: the record and their bytes stay.

    Example: outcomes quarantine dismiss 3 4 --reason "a test of the vendor's"
    """
    with opened(context) as home:
        answer(home.quarantine.dismiss(*numbers or (), source=source, reason=reason), form)


def _size(names: list[str]) -> int:
    # What is not there is refused by the API, in words.
    return sum(Path(name).stat().st_size for name in names if Path(name).exists())


def _say_report(report: "IngestReport", form: Format) -> None:
    answer(report, form)
    if report.views:
        say(f"the events are in the log; views.db is {report.views}")
    if report.quarantined:
        say(f"{report.quarantined} could not be read as events: see outcomes quarantine list")
