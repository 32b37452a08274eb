"""The documents are true: their sessions are run and compared, and nothing that a user meets is left out of them."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer
from typer.core import TyperGroup, TyperOption

from outcomes.cli.app import app
from outcomes.cli.commands.demo import SCHOOL_YEAR, TEN_EVENTS
from tests.support.command import ROOT
from tests.support.documents import CONTRACT, DOCUMENTS, anchors, prose, sections, session

WITH_SESSION = [document for document in DOCUMENTS if session(document)]
OF_EVERY_QUESTION = {"--as-of", "--known-at", "--tenant", "--format", "--excel"}
DOMAIN = ROOT / "docs" / "domain.md"
BASH = shutil.which("bash") or "bash"


class Named(NamedTuple):
    """Something that a file names."""

    file: str
    name: str


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Yield every command that can be typed, with its words."""
    if isinstance(command, TyperGroup):
        for name, sub in command.commands.items():
            yield from commands(sub, (*path, name))
    else:
        yield " ".join(path), command


COMMANDS = dict(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("document", WITH_SESSION, ids=lambda path: path.stem)
def test_sessions_are_real(document: Path, tmp_path: Path) -> None:
    """Each command of a document is run, in a folder with the sample, and prints what is shown: 160 columns wide."""
    for sample in (SCHOOL_YEAR, TEN_EVENTS):
        shutil.copy(sample, tmp_path)
    shell = f'outcomes() {{ "{sys.executable}" -m outcomes "$@"; }}\n'
    # LINES beside COLUMNS would speak of some other terminal.
    environment = {name: value for name, value in os.environ.items() if name != "LINES"} | {"COLUMNS": "160"}
    for shown in session(document):
        ran = subprocess.run(
            [BASH, "-c", shell + shown.command],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert ran.returncode == 0, f"{shown.command}\n{ran.stderr}"
        assert shown.matches(ran.stdout), f"{shown.command} prints:\n{ran.stdout}"


def test_the_front_page_begins_with_a_session() -> None:
    """Before anything else a reader sees the product at work."""
    assert len(session(ROOT / "README.md")) >= 5


def test_commands_are_shown_only_where_they_are_run() -> None:
    """A line that begins with `outcomes` stands in a session: a block of any other kind is not tried."""
    untried = [
        f"{document.name}: {line}"
        for document in DOCUMENTS
        for language, text in re.findall(r"^```(\w*)\n(.*?)^```$", document.read_text(), flags=re.MULTILINE | re.DOTALL)
        if language != "console"
        for line in text.splitlines()
        if line.strip().startswith("outcomes ")
    ]
    assert untried == []


def test_every_command_has_a_section() -> None:
    """The contract has a section for each command, and none for a command that is not there."""
    found = {name for name in sections(CONTRACT, 3) if name not in {"NODE", "ENTRY", "ROW"}}
    assert found == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_explained(name: str) -> None:
    """The section of a command names each of its options and arguments, but for those of every question."""
    text = sections(CONTRACT, 3)[name]
    spoken: set[str] = set()
    for parameter in COMMANDS[name].params:
        spoken |= (
            set(parameter.opts)
            if isinstance(parameter, TyperOption)
            else {parameter.metavar.removeprefix("[").removesuffix("]")}
        )
    assert sorted(word for word in spoken - OF_EVERY_QUESTION - {"--help"} if word not in text) == []


def test_options_that_are_named_exist() -> None:
    """What the documents call an option is one of some command, or of the tools that they speak of."""
    known = {word for command in COMMANDS.values() for parameter in command.params for word in parameter.opts}
    of_the_program = {"--home", "--views", "--key-file", "--key-command", "--version", "--help"}
    of_the_program |= {"--install-completion", "--show-completion"}
    of_tools = {"--events", "--seed", "--versions", "--growth", "--peers", "--only", "--strict"}
    of_tools |= {"--reverse-proxy", "--set-xauthrequest"}
    named = {
        Named(document.name, word)
        for document in DOCUMENTS
        for code in re.findall(r"`([^`\n]+(?:\n[^`\n]+)?)`", prose(document))
        for word in re.findall(r"(?<!\S)(--[a-z][a-z-]+)", code)
    }
    assert [found for found in sorted(named) if found.name not in known | of_the_program | of_tools] == []


def test_every_table_is_listed(tmp_path: Path) -> None:
    """No table or SQL view of views.db is left out, and each can be read with plain SQL."""
    subprocess.run(
        [sys.executable, "-m", "outcomes", "ingest", SCHOOL_YEAR],
        cwd=tmp_path, capture_output=True, check=True, timeout=120,
    )  # fmt: skip
    listed = sections(CONTRACT, 2)["The tables of `views.db`"]
    with closing(sqlite3.connect(tmp_path / "outcomes-data" / "views.db")) as views:
        names = [
            name
            for (name,) in views.execute(
                "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'"
            )
        ]
        for name in names:
            views.execute(f"SELECT * FROM {name} LIMIT 1").fetchall()
        assert [name for name in names if f"`{name}`" not in listed] == []
        assert views.execute("SELECT count(*) FROM outcomes WHERE title LIKE '%watershed%'").fetchone()[0] > 0


def test_links_lead_somewhere() -> None:
    """Every link to a file or a section of ours finds it."""
    lost = []
    for document in DOCUMENTS:
        for target in re.findall(r"\]\(([^)\s]+)\)", prose(document)):
            if target.startswith("https://"):
                continue
            file, _, section = target.partition("#")
            found = (document.parent / file).resolve() if file else document
            if not found.exists() or (section and section not in anchors(found)):
                lost.append(f"{document.name}: {target}")
    assert lost == []


def cited_sections(source: str) -> Iterator[str]:
    """Yield the sections of docs/domain.md that a source cites: `DOMAIN.md 5.2 and 5.8` cites two."""
    for run in re.findall(r"DOMAIN\.md ((?:\d+(?:\.\d+)?(?:, | and |-| to )?)+)", source):
        yield from re.findall(r"\d+(?:\.\d+)?", run)


def test_rules_that_code_cites_exist() -> None:
    """`DOMAIN.md 5.3` in a comment is section 5.3 of docs/domain.md, and there is one."""
    numbered = set(re.findall(r"^#+ (\d+(?:\.\d+)?)\.? ", DOMAIN.read_text(), flags=re.MULTILINE))
    cited = {
        Named(path.relative_to(ROOT).as_posix(), section)
        for folder in ("domain", "store", "projections", "scripts", "tests")
        for path in (ROOT / folder).rglob("*.py")
        for section in cited_sections(path.read_text())
    }
    assert len(cited) > 50
    assert [found for found in sorted(cited) if found.name not in numbered] == []


def test_domain_sections_are_in_order() -> None:
    """The numbers of the sections grow, so that one is found by its number."""
    numbers = re.findall(r"^#+ (\d+)(?:\.(\d+))?\.? ", DOMAIN.read_text(), flags=re.MULTILINE)
    keys = [(int(number), int(part or 0)) for number, part in numbers]
    assert all(first < second for first, second in pairwise(keys))


def test_code_paths_that_are_named_exist() -> None:
    """What the documents call a module or a folder is there."""
    named = {
        Named(document.name, name)
        for document in DOCUMENTS
        for name in re.findall(r"`((?:domain|store|projections|scripts|tests|\.ci)/[\w./-]+)`", prose(document))
    }
    an_example = "domain/entities/note.py"
    assert [found for found in sorted(named) if not (ROOT / found.name).exists() and found.name != an_example] == []


def test_modules_that_comments_name_exist() -> None:
    """`projections.mastery.row` in a comment is a module of ours, under the name that it has today."""
    named = {
        Named(path.relative_to(ROOT).as_posix(), name)
        for layer in ("domain", "store", "projections")
        for path in (ROOT / layer).rglob("*.py")
        for name in re.findall(r"`((?:domain|store|projections)(?:\.[a-z_]+)+)`", path.read_text())
    }
    lost = [found for found in sorted(named) if not list(ROOT.glob(found.name.replace(".", "/") + "*"))]
    assert named
    assert lost == []


def test_documents_speak_of_no_machine() -> None:
    """No path of somebody's computer, but for the elsewhere that a reader has to fill in."""
    found = [
        f"{document.name}: {path}"
        for document in DOCUMENTS
        for path in re.findall(r"(?<![\w.:/…])/(?:home|root|tmp|work|var|Users)/\S*", document.read_text())
    ]
    assert found == []


def test_the_demo_runs() -> None:
    """`scripts/demo` shows tree, timeline, a past tree and the proof, from a fresh folder."""
    ran = subprocess.run(
        [sys.executable, "-m", "outcomes", "demo"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    for words in ("$ outcomes tree", "$ outcomes timeline", "--as-of", "verdict            whole"):
        assert words in ran.stdout
