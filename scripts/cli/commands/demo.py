"""`demo`: the shipped sample in a fresh folder, and a few questions to it, as anyone would type them."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from outcomes.cli.options import folder_of
from outcomes.cli.output import console
from outcomes.domain.errors import UsageError

SAMPLE = Path(__file__).parents[1] / "sample"
TEN_EVENTS, SCHOOL_YEAR = SAMPLE / "ten-events.ndjson", SAMPLE / "school-year.ndjson.gz"
COURSE, OUTCOME, POLICY_CHANGED = "4450", "10464", "10449"
STUDENT = "87Jpg4CKBJZCmpaXZzTWNfiKKp2cga4CgOtcjmuM"
COLLEGE, SCHOOLS = "HeronLakeCollegeRootAccountUuid000000000", "1O60uTCpZS4ijHsGfZCYgIhD1Ed9jOy2i4JAQA0l"


class DemoCommand(NamedTuple):
    """One command with what it shows."""

    words: str
    arguments: tuple[str, ...]


STEPS = (
    DemoCommand(
        "Ten events of a college, one of each kind, and a school year with all that goes wrong on the way.",
        ("ingest", str(TEN_EVENTS), str(SCHOOL_YEAR)),
    ),
    DemoCommand(
        "The outcome tree of the schools as it is now.", ("tree", "--context", "Account:1", "--tenant", SCHOOLS)
    ),
    DemoCommand(
        "Who changed what counts as mastery, and when?",
        (
            "timeline",
            "--tenant",
            SCHOOLS,
            "--context",
            "Account:1",
            "--field",
            "mastery_points",
            "--since",
            "2025-10-01",
        ),
    ),
    DemoCommand(
        "The same tree on the first day of October, before any of that.",
        ("tree", "--context", "Account:1", "--tenant", SCHOOLS, "--as-of", "2025-10-01"),
    ),
    DemoCommand("Who has mastered what in a course, now?", ("mastery", "--course", COURSE, "--tenant", SCHOOLS)),
    DemoCommand(
        "Why is this one what it is?",
        ("explain", "--course", COURSE, "--student", STUDENT, "--outcome", OUTCOME, "--tenant", SCHOOLS),
    ),
    DemoCommand("Whom did each change of that outcome's policy flip?", ("impact", POLICY_CHANGED, "--tenant", SCHOOLS)),
    DemoCommand(
        "The college's ten events in the order in which they happened: a group updated before it was created, ties.",
        ("timeline", "--tenant", COLLEGE),
    ),
    DemoCommand("What could not be read, and why.", ("quarantine", "list")),
    DemoCommand("The proof: is the log whole, and do the views equal a replay of it?", ("verify", "--all")),
)


def demo(
    context: typer.Context,
    *,
    serve: Annotated[
        bool, typer.Option("--serve", help="Show it in the browser: serve the sample on a free port.")
    ] = False,
) -> None:
    """Load the shipped sample into a fresh folder and show a tree, a timeline, a past state and the proof.

    Example: outcomes demo
    """
    root = context.find_root()
    run: Callable[[list[str]], int] = root.meta["run"]
    source = root.get_parameter_source("home")
    home = _fresh(folder_of(context), is_default=source is None or source.name == "DEFAULT")
    if serve:
        code = run(["--home", str(home), *STEPS[0].arguments]) or run(["--home", str(home), "serve", "--port", "0"])
        raise typer.Exit(code)
    out = console()
    for step in STEPS:
        out.print(f"\n# {step.words}", style="dim")
        out.print(f"$ outcomes {' '.join(step.arguments)}", style="bold", soft_wrap=True)
        code = run(["--home", str(home), *step.arguments])
        if code != 0:
            raise typer.Exit(code)
    out.print(f"\nGo on from here: outcomes --home {home} --help", style="bold", soft_wrap=True)


def _fresh(asked: Path, *, is_default: bool) -> Path:
    if is_default:
        return Path(tempfile.mkdtemp(prefix="outcomes-demo-"))
    if asked.exists() and any(asked.iterdir()):
        raise UsageError(f"{asked} is not empty: the demo needs a fresh folder")
    return asked
