"""`outcomes`: the command line. Answers go to stdout, everything else to stderr; errors are one line."""

import os
import sqlite3
import sys
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from domain.errors import OutcomesError
from scripts.commands import ask, compare, demo, ingest, init, keep, mastery, privacy
from scripts.output import say
from store.home import Home

app = typer.Typer(
    name="outcomes",
    help="What happened to learning outcomes in Canvas: every event kept, every past state to be had.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


def _show_version(asked: bool) -> None:
    if asked:
        print(f"outcomes {metadata.version('outcome-projector')}")
        raise typer.Exit


@app.callback()
def choose_home(
    context: typer.Context,
    home: Annotated[
        Path,
        typer.Option("--home", metavar="DIR", envvar="OUTCOMES_HOME", help="Folder with log.db and views.db."),
    ] = Path("outcomes-data"),
    *,
    version: Annotated[  # noqa: ARG001 - read by its callback, before anything else
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Remember the data folder for the command."""
    context.obj = Home(home)
    context.meta["run"] = run


app.command()(init.init)
app.command()(ingest.ingest)
app.command()(ask.tree)
app.command()(ask.show)
app.command()(ask.timeline)
app.command()(compare.diff)
app.command()(compare.blame)
app.command()(compare.late)
app.command()(compare.replay)
app.command()(mastery.mastery)
app.command()(mastery.explain)
app.command()(mastery.impact)
app.command("class")(privacy.show_class)
app.command()(privacy.erase)
app.command()(keep.digest)
app.command()(keep.log)
app.command()(keep.verify)
app.command()(keep.rebuild)
app.command()(keep.status)
app.command()(demo.demo)
app.add_typer(mastery.settings_app, name="settings", help="Features of a root account that no event tells.")
app.add_typer(ingest.app, name="quarantine", help="What could not be read, verbatim, and why.")

_DONE, _WRONG = 0, 2
_MEND_VIEWS = "if it is views.db that is damaged, outcomes rebuild mends it"
_CHECK_FOLDER = "is the folder writable, and is there room on the disk? Nothing half-written is kept"


def main() -> None:
    """Run the command line and exit: 0 done, 1 bad news, 2 wrong use or unreadable input."""
    sys.exit(run())


def run(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code. Never a traceback, unless OUTCOMES_DEBUG asks for one."""
    try:
        code = app(arguments, standalone_mode=False)
    except typer.TyperException as error:
        message = error.format_message().rstrip(".")
        # Without a command the help has been shown instead, and there is nothing to add.
        return _fail(f"{message}: see outcomes --help") if message else _WRONG
    except OutcomesError as error:
        return _fail(str(error))
    except BrokenPipeError:
        # The reader has seen enough (`outcomes log | head`); the interpreter must not complain when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _DONE
    except (OSError, sqlite3.Error) as error:
        is_damaged = "malformed" in str(error) or "not a database" in str(error)
        return _fail(f"{error}: {_MEND_VIEWS if is_damaged else _CHECK_FOLDER}")
    except RecursionError:
        return _fail("this tree is too deep for that format: --format ndjson and csv have no limit")
    except Exception as error:
        if os.environ.get("OUTCOMES_DEBUG"):
            raise
        return _fail(f"unexpected {type(error).__name__}: {error}: a defect; OUTCOMES_DEBUG=1 shows where")
    return code if isinstance(code, int) else _DONE


def _fail(message: str) -> int:
    say("error: " + " ".join(message.split()))
    return _WRONG
