"""The home that a command works on, opened by the API; and its point, with what there is to say about it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from outcomes.cli.options import folder_of, home_of, is_url, key_of, views_of
from outcomes.cli.output import say
from outcomes.cli.progress import progress

if TYPE_CHECKING:
    from outcomes import Home, Point


@contextmanager
def opened(context: typer.Context, *, create: bool = False, encrypt: bool = False) -> "Iterator[Home]":
    """Open the home; only commands that write create it, encrypted if asked."""
    from outcomes.api import home  # noqa: PLC0415 - slow to load, and not needed to show help

    where = home_of(context)
    with home.open(where, create=create, encrypt=encrypt, views=views_of(context), **key_of(context)) as found:
        if create and not is_url(where):
            warn_of_others(folder_of(context))
        try:
            yield found
        except sqlite3.Error:
            found.check_place()  # that is why, if it is gone
            raise


def warn_of_others(folder: Path) -> None:
    """Name a folder that was there already and may be entered by others; its own files are closed to them."""
    mode = folder.stat().st_mode & 0o777
    if mode & 0o077:
        say(f"warning: others may enter {folder} (its mode is {mode:03o}): chmod 700 {folder}")


@contextmanager
def at(context: typer.Context, tenant: str | None, as_of: str | None, known_at: str | None) -> "Iterator[Point]":
    """Open the home at a point; where that is beyond what the log holds, stderr says which head answers."""
    with opened(context) as home:
        catch_up(home)
        point = home.at(as_of, known_at, tenant)
        for words in point.remarks:
            say(words)
        yield point


def catch_up(home: "Home", *, is_end_awaited: bool = False) -> None:
    """Bring the views to the head of the log; making them anew may take a while, so that shows a bar.

    That others write, and the end may be missing, is said, but not where the end is awaited.
    """
    with progress("bringing the views up to date") as advance:
        is_current = home.catch_up(lambda position, head: advance(position, head, position))
    if not is_current and not is_end_awaited:
        say("somebody is writing: answered from the views as they stand, the end of the log may be missing")
