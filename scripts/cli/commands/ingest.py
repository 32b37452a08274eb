"""Taking events in: `ingest`, and another try at what could not be read: `quarantine`."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from outcomes.cli import rendering
from outcomes.cli.options import Format, FormatOption, home_of, now
from outcomes.cli.output import answer, clean_lines, report_damage, say
from outcomes.cli.progress import progress
from outcomes.cli.session import Session, opened
from outcomes.domain.errors import UnreadableInput, UsageError
from outcomes.domain.times import to_text
from outcomes.store.ingest.ingest import Ingest, IngestReport
from outcomes.store.log import quarantine
from outcomes.store.sources.content import check_readable

app = typer.Typer(no_args_is_help=True)

_NUMBERS = range(1, 1 << 63)


def ingest(
    context: typer.Context,
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILE…|-]", help="Files to read; - or none is standard input."),
    ] = None,
    *,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 if anything went to quarantine.")] = False,
    trust_clock: Annotated[
        bool, typer.Option("--trust-clock", help="Append although the clock is more than a day behind the last batch.")
    ] = False,
    encrypt: Annotated[bool, typer.Option("--encrypt", help="Make an encrypted home, if there is none yet.")] = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """Append events to the log: one object, an array, NDJSON, glued objects; .gz and .zst too.

    What was stored before is counted as a duplicate; what cannot be an event goes to quarantine, verbatim.

    Example: outcomes ingest events-2025.ndjson.gz
    """
    names = files or ["-"]
    check_readable(names)
    with opened(home_of(context), create=True, encrypt=encrypt) as session:
        run = _ingest(session, trusts_clock=trust_clock)
        with progress("reading") as advance:
            total = None if "-" in names else sum(Path(name).stat().st_size for name in names)
            run.run(names, watch=lambda done: advance(done, total, run.report.read))
        _report(run.report, form)
    if run.report.damaged:
        raise UnreadableInput("; ".join(run.report.damaged))
    if strict and run.report.quarantined:
        raise typer.Exit(1)


@app.command("list")
def list_entries(context: typer.Context, form: FormatOption = Format.TABLE) -> None:
    """List what could not be read, and why.

    Example: outcomes quarantine list
    """
    with opened(home_of(context)) as session, session.log.reading() as connection:
        entries, damage = quarantine.readable_entries(connection)
    columns = ("number", "source", "line", "bytes", "times", "reason")
    answer(
        [_entry(entry) for entry in entries],
        form,
        lambda: rendering.table(columns, ([getattr(entry, name) for name in columns] for entry in entries)),
    )
    report_damage(damage)


@app.command("show")
def show_entry(
    context: typer.Context,
    number: Annotated[int, typer.Argument(metavar="N", help="The entry's number, from quarantine list.")],
    form: FormatOption = Format.TABLE,
) -> None:
    """Show one entry: its reason, and its bytes as they came.

    Example: outcomes quarantine show 3
    """
    with opened(home_of(context)) as session, session.log.reading() as connection:
        entry = quarantine.find(connection, number) if number in _NUMBERS else None
        if entry is None:
            raise UsageError(f"no quarantine entry {number}: see outcomes quarantine list")
        if form is Format.TABLE:
            say(f"{entry.source}, line {entry.line}: {entry.reason}")
            for part in quarantine.content(connection, number):
                if sys.stdout.isatty():
                    print(clean_lines(part.decode(errors="replace")), end="")
                else:
                    sys.stdout.buffer.write(part)
            print()
            return
        content = b"".join(quarantine.content(connection, number))
    answer([{**_entry(entry), "content": content.decode(errors="replace")}], form, lambda: "")


@app.command("retry")
def retry(context: typer.Context, form: FormatOption = Format.TABLE) -> None:
    """Read everything in quarantine again: after an upgrade, more may be understood.

    Example: outcomes quarantine retry
    """
    with opened(home_of(context)) as session:
        run = _ingest(session)
        run.retry_quarantine()
        _report(run.report, form)


def _ingest(session: Session, *, trusts_clock: bool = False) -> Ingest:
    # The views follow each batch while its events are still at hand; they could as well catch up later.
    return Ingest(session.home, session.log, now, session.views, trusts_clock=trusts_clock)


def _entry(entry: quarantine.QuarantineEntry) -> dict[str, Any]:
    told = {name: value for name, value in entry._asdict().items() if name not in {"digest", "nonce"}}
    times = ("first_seen", "last_seen", "taken_at", "dismissed_at")
    return told | {name: None if told[name] is None else to_text(told[name]) for name in times}


def _report(report: IngestReport, form: Format) -> None:
    answer(report.as_json(), form, lambda: rendering.facts(report.as_json()))
    if report.quarantined:
        say(f"{report.quarantined} could not be read as events: see outcomes quarantine list")
