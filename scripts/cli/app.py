"""`outcomes`: the command line. Answers go to stdout, everything else to stderr; errors are one line."""

import gc
import io
import os
import sys
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from outcomes.cli import interrupts
from outcomes.cli.command_line import CommandLine
from outcomes.cli.commands import (
    access,
    archive,
    consume,
    demo,
    doctor,
    exports,
    history,
    ingest,
    init,
    maintenance,
    mastery,
    privacy,
    query,
    serve,
)
from outcomes.cli.error_messages import in_words
from outcomes.cli.options import KEY, VIEWS
from outcomes.cli.output import say
from outcomes.cli.spreadsheets import writes_csv

app = CommandLine(
    name="outcomes",
    help="What happened to learning outcomes in Canvas: keeps every event, shows every past state.",
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
        str,
        typer.Option(
            "--home",
            metavar="DIR|URL",
            envvar=["OUTCOMES_HOME", "OUTCOMES_LOG"],
            help="Folder with log.db and views.db; or the postgresql://… URL of a log on PostgreSQL.",
        ),
    ] = "outcomes-data",
    *,
    views: Annotated[
        Path | None,
        typer.Option(
            "--views",
            metavar="FOLDER",
            envvar="OUTCOMES_VIEWS",
            help="This machine's folder for the views of a log on PostgreSQL.",
        ),
    ] = None,
    key_file: Annotated[
        Path | None,
        typer.Option(
            "--key-file",
            metavar="FILE",
            envvar="OUTCOMES_KEY_FILE",
            help="File with an encrypted home's key, if it is not the home's own home.key.",
        ),
    ] = None,
    key_command: Annotated[
        str | None,
        typer.Option(
            "--key-command", metavar="COMMAND", envvar="OUTCOMES_KEY_COMMAND", help="A command that prints the key."
        ),
    ] = None,
    version: Annotated[  # noqa: ARG001 - read by its callback, before anything else
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Remember the data folder for the command."""
    context.obj = home
    context.meta[VIEWS] = views
    context.meta[KEY] = {"key_file": key_file, "key_command": key_command}
    context.meta["run"] = run


app.command()(init.init)
app.command()(writes_csv(ingest.ingest))
app.command()(writes_csv(exports.bootstrap))
app.command()(writes_csv(exports.reconcile))
app.command()(writes_csv(query.tree))
app.command()(writes_csv(query.show))
app.command()(writes_csv(query.timeline))
app.command()(writes_csv(history.diff))
app.command()(writes_csv(history.blame))
app.command()(writes_csv(history.late))
app.command()(writes_csv(history.moments))
app.command()(history.replay)
app.command()(writes_csv(doctor.doctor))
app.command()(writes_csv(mastery.mastery))
app.command()(writes_csv(mastery.explain))
app.command()(writes_csv(mastery.history))
app.command()(writes_csv(mastery.impact))
app.command("class")(writes_csv(privacy.show_class))
app.command()(writes_csv(privacy.erase))
app.command()(writes_csv(maintenance.digest))
app.command()(writes_csv(maintenance.log))
app.command()(writes_csv(maintenance.verify))
app.command()(writes_csv(maintenance.rebuild))
app.command()(writes_csv(archive.checkpoint))
app.command()(writes_csv(archive.backup))
app.command()(writes_csv(maintenance.status))
app.command()(demo.demo)
app.command()(serve.serve)
app.add_typer(consume.app, name="consume", help="Take events from a queue.")
app.add_typer(mastery.settings_app, name="settings", help="Features of a root account that no event reports.")
app.add_typer(access.token_app, name="token", help="Who may ask the service.")
app.add_typer(access.access_app, name="access", help="Who looked at which student through the service.")
app.add_typer(ingest.app, name="quarantine", help="What could not be read, verbatim, and why.")

_DONE, _WRONG = 0, 2
_OBJECTS_BEFORE_A_LOOK = 500_000


_INTERRUPTED = "error: interrupted: what was reported is kept, in whole batches; run it again for the rest"


def main() -> None:
    """Run the command line and exit: 0 done, 1 bad news, 2 wrong use or unreadable input, 130 interrupted."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that lacks a letter shows a mark in its place.
        sys.stdout.reconfigure(errors="replace")
    # Long answers make and drop millions of objects, hardly any in a cycle: looking for those took a sixth of the time.
    gc.freeze()
    gc.set_threshold(_OBJECTS_BEFORE_A_LOOK, 20, 20)
    code = run()
    if code == interrupts.STOPPED:
        with suppress(OSError):
            sys.stdout.flush()
        # Not sys.exit: where the interrupt met code that was made of text, Python would end itself by the signal.
        os._exit(code)
    sys.exit(code)


def run(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code. Never a traceback, unless OUTCOMES_DEBUG asks for one."""
    try:
        code = app(arguments, standalone_mode=False)
        sys.stdout.flush()
        interrupts.cancel_pending()  # all is done
    except BrokenPipeError:
        return _reader_has_seen_enough()
    except KeyboardInterrupt:
        code = interrupts.STOPPED
    except SystemExit as end:
        # Typer and rich make it of a pipe that nobody reads; shell completion ends with its own.
        if isinstance(end.__context__, BrokenPipeError):
            return _reader_has_seen_enough()
        raise
    except Exception as error:
        failed = _told(error)
        if failed is None:
            raise
        code = failed
    if code == interrupts.STOPPED:  # Typer has made it of an interrupt, without a word
        say(_INTERRUPTED)
    return code if isinstance(code, int) else _DONE


def _told(error: Exception) -> int | None:
    """Say in one line what went wrong; return the exit code for it, or None where OUTCOMES_DEBUG asks for all of it."""
    # What drops an interrupt may fail of it; Python 3.11 wraps one that meets a class in the making.
    if interrupts.cancel_pending() or isinstance(error.__cause__, KeyboardInterrupt):
        return interrupts.STOPPED
    message = in_words(error)
    if message is None:
        if os.environ.get("OUTCOMES_DEBUG"):
            return None
        message = f"unexpected {type(error).__name__}: {error}: a defect; OUTCOMES_DEBUG=1 shows where"
    if not message:
        return _DONE  # without a command it has shown its help
    say("error: " + " ".join(message.split()))
    return _WRONG


def _reader_has_seen_enough() -> int:
    """End `outcomes log | head` well: the interpreter must not complain when it flushes what is left."""
    sys.stdout = sys.__stdout__
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return _DONE
