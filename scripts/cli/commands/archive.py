"""What is kept elsewhere: `checkpoint`, `backup`."""

from pathlib import Path
from typing import Annotated

import typer

from outcomes.cli.options import Format, FormatOption
from outcomes.cli.output import answer, write_document
from outcomes.cli.progress import progress
from outcomes.cli.session import opened


def checkpoint(context: typer.Context, form: FormatOption = Format.TABLE) -> None:
    """Print one line that stands for the whole log as it is now. Keep it elsewhere.

    outcomes verify --against LINE proves later that the log has only grown since: nothing was cut off or
    replaced. Whoever can change the log must not be able to change the line.

    Example: outcomes checkpoint >> /safe/place/checkpoints
    """
    with opened(context) as home:
        found = home.checkpoint()
    if form is Format.TABLE:
        # Bare, so that it can be kept as it is printed.
        print(found)
    else:
        write_document(found.as_json(), form)


def backup(
    context: typer.Context,
    target: Annotated[Path, typer.Argument(metavar="TO.db", help="A new file.")],
    *,
    with_key: Annotated[
        bool, typer.Option("--with-key", help="Also copy the key of an encrypted home, to TO.db.key.")
    ] = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """Copy the log as it is now to one new file, also while an ingest runs.

    To restore it, copy the file to log.db in a folder, and run outcomes verify --against CHECKPOINT there. The key of
    an encrypted home is left out unless asked for: without it the copy reveals nothing about any person.

    Example: outcomes backup /safe/place/outcomes-2026-06-30.db
    """
    with opened(context) as home, progress("copying") as advance:
        head = home.checkpoint().position
        found = home.backup(
            target,
            with_key=with_key,
            watch=lambda done, pages: advance(done, pages, head * done // max(1, pages)),
        )
    answer(found, form)
