"""The examples of the documents run: somebody else's projection, with the library's public API only."""

import ast
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from tests.support.command import ROOT, Outcomes
from tests.support.given import lines, outcome, result

FOLLOW = ROOT / "docs" / "examples" / "follow.py"


def counted(path: Path) -> dict[str, int]:
    """Return what the example has counted."""
    with closing(sqlite3.connect(path)) as connection:
        return dict(connection.execute("SELECT day, results FROM results_by_day").fetchall())


def test_a_projection_of_thirty_lines_follows_a_home(tmp_path: Path) -> None:
    """It counts what is there and what comes while it runs; ended and begun again, it counts nothing twice."""
    home, counts = Outcomes(tmp_path / "home"), tmp_path / "counts.db"
    assert home("ingest", "-", stdin=lines(outcome("7", "2025-01-01"), result("50", "2025-03-01"))).code == 0
    told = {"2025-03-01": 1}
    for day in ("2025-03-01", "2025-03-02"):
        command = [sys.executable, str(FOLLOW), str(home.home), str(counts)]
        with subprocess.Popen(command, cwd=ROOT) as follower:
            try:
                assert home("ingest", "-", stdin=lines(result(f"6{len(told)}", day))).code == 0
                told[day] = told.get(day, 0) + 1
                give_up_at = time.monotonic() + 30
                while not counts.exists() or counted(counts) != told:
                    assert time.monotonic() < give_up_at, counted(counts)
                    assert follower.poll() is None
                    time.sleep(0.1)
            finally:
                follower.terminate()
    assert told == {"2025-03-01": 2, "2025-03-02": 1}


def test_the_example_is_short_and_uses_public_names_only() -> None:
    """About thirty lines of code; of the library only what its documentation tells subclasses to use."""
    source = FOLLOW.read_text()
    code = [
        line
        for line in source.splitlines()
        if line.strip() and not line.lstrip().startswith(("#", '"""', "import", "from"))
    ]
    assert len(code) <= 32
    private = {
        node.attr for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute) and node.attr[0] == "_"
    }
    assert private == {"_insert_tracking"}


def test_the_document_shows_the_example_that_is_run() -> None:
    """Word for word."""
    assert f"```python\n{FOLLOW.read_text()}```" in (ROOT / "docs" / "architecture.md").read_text()
