"""The README is true: its session is run, its output compared, its commands and tables are all that there are."""

import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from outcomes.cli.app import app
from outcomes.cli.commands.demo import SCHOOL_YEAR
from tests.support.command import ROOT

README = (ROOT / "README.md").read_text()
SESSION = re.findall(r"^\$ outcomes (.*)\n((?:(?!\$ |```).*\n)*)", README, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sample, in which the README's session is run."""
    made = tmp_path_factory.mktemp("readme")
    shutil.copy(SCHOOL_YEAR, made)
    return made


def run(folder: Path, arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one command of the session."""
    command = [sys.executable, "-c", "from outcomes.cli import main; main()", *arguments.split()]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)


def test_the_session_is_real(folder: Path) -> None:
    """Each command of the first screen is run, and prints what is shown; `…` stands for anything."""
    assert len(SESSION) >= 5
    for arguments, shown in SESSION:
        ran = run(folder, arguments)
        assert ran.returncode == 0, ran.stderr
        pattern = "".join(re.escape(line.rstrip()).replace("…", "[\\s\\S]*?") + r"\s*\n" for line in shown.splitlines())
        assert re.fullmatch(pattern, ran.stdout), f"outcomes {arguments} prints:\n{ran.stdout}"


def test_every_command_is_in_the_readme() -> None:
    """No command is left out of the table."""
    names = [command.name or command.callback.__name__ for command in app.registered_commands if command.callback]
    names += [str(group.name) for group in app.registered_groups]
    assert [name for name in names if f"| `{name}" not in README] == []


def test_every_table_is_in_the_readme(tmp_path: Path) -> None:
    """No table or SQL view of views.db is left out, and each can be read with plain SQL."""
    folder = tmp_path
    run(folder, f"ingest {SCHOOL_YEAR}")
    with closing(sqlite3.connect(folder / "outcomes-data" / "views.db")) as views:
        names = [
            row[0]
            for row in views.execute(
                "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'"
            )
        ]
        for name in names:
            views.execute(f"SELECT * FROM {name} LIMIT 1").fetchall()
        assert [name for name in names if f"`{name}`" not in README] == []
        assert views.execute("SELECT count(*) FROM outcomes WHERE title LIKE '%watershed%'").fetchone()[0] > 0


def test_the_demo_runs() -> None:
    """`scripts/demo` shows tree, timeline, a past tree and the proof, from a fresh folder."""
    ran = subprocess.run(
        [sys.executable, "-m", "outcomes", "demo"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    for words in ("$ outcomes tree", "$ outcomes timeline", "--as-of", "verdict            whole"):
        assert words in ran.stdout
