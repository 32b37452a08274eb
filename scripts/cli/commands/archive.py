"""What is kept elsewhere: `checkpoint`, `backup`."""

from pathlib import Path
from typing import Annotated

import typer

from outcomes.cli import rendering
from outcomes.cli.options import Format, FormatOption, home_of
from outcomes.cli.output import answer
from outcomes.cli.progress import progress
from outcomes.cli.session import opened
from outcomes.store.operations.backup import backup as back_up
from outcomes.store.operations.checkpoint import checkpoint as checkpoint_of


def checkpoint(context: typer.Context, form: FormatOption = Format.TABLE) -> None:
    """Print one line that stands for the whole log as it is now. Keep it elsewhere.

    outcomes verify --against LINE proves later that the log has only grown since: nothing was cut off, nothing
    replaced. Whoever can change the log must not be able to change the line.

    Example: outcomes checkpoint >> /safe/place/checkpoints
    """
    with opened(home_of(context)) as session:
        found = checkpoint_of(session.log)
    if form is Format.TABLE:
        # Bare, so that it can be kept as it is printed.
        print(found)
    else:
        answer(found.as_json(), form, lambda: rendering.facts(found.as_json()))


def backup(
    context: typer.Context,
    target: Annotated[Path, typer.Argument(metavar="TO.db", help="A new file.")],
    form: FormatOption = Format.TABLE,
) -> None:
    """Copy the log as it is now to one new file, also while an ingest runs.

    To restore it, copy the file to log.db in a folder, and run outcomes verify --against CHECKPOINT there.

    Example: outcomes backup /safe/place/outcomes-2026-06-30.db
    """
    with opened(home_of(context)) as session, progress("copying") as advance:
        head = session.log.head
        made = back_up(session.log, target, lambda done, pages: advance(done, pages, head * done // max(1, pages)))
    value = {
        "file": str(made.file),
        "head": made.of.position,
        "bytes": made.bytes,
        "chain": made.of.chain.hex(),
        "checkpoint": str(made.of),
    }
    answer(value, form, lambda: rendering.facts(value))
