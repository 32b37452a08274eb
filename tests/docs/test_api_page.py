"""docs/api.md is a notebook: its blocks are run in order, and print what it shows."""

import ast
import contextlib
import io
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from outcomes.api.answers.base import Answer
from outcomes.cli.commands.demo import SCHOOL_YEAR, TEN_EVENTS
from tests.support.command import ROOT
from tests.support.documents import Shown

PAGE = ROOT / "docs" / "api.md"
_CELL = re.compile(r"^```python\n(.*?)^```$(?:\n```text\n(.*?)^```$)?", flags=re.MULTILINE | re.DOTALL)
CELLS = [Shown(*found) for found in _CELL.findall(PAGE.read_text())]


def run(cell: str, names: dict[str, Any]) -> str:
    """Run a cell as a notebook does, and return what it prints and what its last expression is."""
    tree = ast.parse(cell)
    last = ast.Expression(tree.body.pop().value) if isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, "cell", "exec"), names)  # noqa: S102 - the page is ours
        value = None if last is None else eval(compile(last, "cell", "eval"), names)  # noqa: S307 - the same
        if value is not None:
            print(value if isinstance(value, Answer) else repr(value))  # noqa: T201 - into the cell's output
    return printed.getvalue()


def test_the_page_is_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each block prints what is shown under it; one without output prints nothing."""
    for sample in (SCHOOL_YEAR, TEN_EVENTS):
        shutil.copy(sample, tmp_path)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    assert len(CELLS) > 10
    for cell in CELLS:
        printed = run(cell.command, names)
        assert cell.matches(printed), f"{cell.command}\nprints:\n{printed}"
