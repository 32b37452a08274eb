"""What people type without reading anything: -h, KIND:ID, tab."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from outcomes.cli.commands.demo import TEN_EVENTS
from tests.docs.test_documents import COMMANDS
from tests.support.command import ROOT
from tests.support.forked import Forked


@pytest.fixture(scope="module")
def college(tmp_path_factory: pytest.TempPathFactory) -> Forked:
    """A home with the shipped ten events."""
    home = Forked(tmp_path_factory.mktemp("college") / "home")
    assert home("ingest", str(TEN_EVENTS)).code == 0
    return home


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_h_helps_and_shows_flags_as_flags(college: Forked, command: str) -> None:
    """`-h` is `--help` of every command; a flag takes no value and shows none."""
    short, long = (college(*command.split(), option) for option in ("-h", "--help"))
    assert (short.code, short.out) == (0, long.out)
    assert b"Usage: " in short.out
    assert b"<bool>" not in short.out


@pytest.mark.parametrize("command", ["show", "blame"])
def test_an_entity_is_one_word_or_two(college: Forked, command: str) -> None:
    """Both say the same, also of what is not known; half of it is wrong use."""
    for local_id in ("1", "404"):
        one, two = college(command, f"group:{local_id}"), college(command, "group", local_id)
        assert (one.code, one.out, one.err) == (two.code, two.out, two.err)
    assert college(command, "group").err == "error: not an entity: 'group': write KIND:ID, for example outcome:12345\n"
    assert college(command, "group:1", "2").code == 2


@pytest.mark.parametrize("group", [(), ("quarantine",)])
def test_without_a_command_the_help_is_shown(tmp_path: Path, group: tuple[str, ...]) -> None:
    """Who types only the name asks what there is: that is an answer, and nothing went wrong."""
    alone, asked = (run_without_home(*group, *more, folder=tmp_path) for more in ((), ("--help",)))
    assert (alone.returncode, alone.stderr) == (0, "")
    assert alone.stdout.strip() == asked.stdout.strip()


def test_options_without_a_command_are_wrong_use(tmp_path: Path) -> None:
    """Something was meant, and was not said."""
    ran = Forked(tmp_path / "home")()
    assert (ran.code, ran.err) == (2, "error: Missing command: see outcomes --help\n")


def test_what_is_wrong_in_a_command_leads_to_its_own_help(tmp_path: Path) -> None:
    """Not to the list of all commands: there nothing tells what this one wants."""
    forked = Forked(tmp_path / "home")
    assert forked("tree").err == "error: Missing option '--context': see outcomes tree --help\n"
    assert forked("quarantine", "show").err == "error: Missing argument 'N': see outcomes quarantine show --help\n"
    assert forked("log", "--nosuch").err.endswith(": see outcomes log --help\n")


def test_init_takes_the_home_as_its_argument(tmp_path: Path) -> None:
    """It is made there and nowhere else; another one named by --home is wrong use, and a URL is a log on PostgreSQL."""
    other, made = Forked(tmp_path / "other"), tmp_path / "made"
    ran = other("init", str(made))
    assert (ran.code, ran.err) == (2, f"error: two homes are named, {made} and --home {other.home}: name one\n")
    ran = run_without_home("init", str(made), folder=tmp_path)
    assert (ran.returncode, ran.stderr) == (0, f"{made} is ready\n")
    assert (made / "log.db").exists()
    assert not Path(other.home).exists()
    ran = run_without_home("init", "postgresql://nobody@127.0.0.1:1/none?connect_timeout=1", folder=tmp_path)
    assert ran.returncode == 2
    assert ran.stderr.startswith("error: no connection to postgresql://nobody@127.0.0.1:1/none")


def run_without_home(*arguments: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run a command that is told of no home."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OUTCOMES_")}
    command = [sys.executable, "-m", "outcomes", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(("shell", "typed"), [("bash", "outcomes ti"), ("zsh", "outcomes ti"), ("fish", "outcomes ti")])
def test_the_shell_completes(shell: str, typed: str) -> None:
    """As the shells ask: `ti` and a tab is `timeline`."""
    asked = {
        "bash": {"COMP_WORDS": typed, "COMP_CWORD": "1"},
        "zsh": {"_TYPER_COMPLETE_ARGS": typed},
        "fish": {"_TYPER_COMPLETE_ARGS": typed, "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }[shell]
    program = Path(sys.executable).with_name("outcomes")
    ran = subprocess.run(
        [program], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
        env={**os.environ, "_OUTCOMES_COMPLETE": f"complete_{shell}", **asked},
    )  # fmt: skip
    assert "timeline" in ran.stdout
    assert ran.stderr == ""
