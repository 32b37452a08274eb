"""The benchmark runs, and gives every figure that was promised. How fast is not for a test to say."""

import json
import subprocess
import sys
from importlib.util import find_spec

import pytest

from tests.support.command import ROOT

TINY = ["--events", "1000", "--outcomes", "100", "--versions", "1000", "--growth", "1000", "--rounds", "1"]

LIMITS = {
    "ingest": 0.45,
    "growth": 0.7,
    "log-only": 0.6,
    "rebuild": 0.6,
    "replay-sqlite": 2,
    "tree-past": 3.5,
    "tree-many": 2.5,
    "tree-known": 1.3,
    "known-behind": 3,
    "overwritten": 1.5,
    "rare": 1.5,
    "time-travel": 3,
    "key-in-time": 1.5,
    "range-timeslice": 1.5,
    "late": 1.5,
    "disk": 0.6,
    "memory-ingest": 1.3,
    "memory-rebuild": 1.3,
    "student": 0.001,
    "class": 2,
    "rollup": 3,
    "reconcile": 3,
    "memory-exports": 1.2,
}
INFORMATION = {"growth-alike", "shuffled"}
PEERS = {"peer-save", "peer-get"}
AT_LEAST = {"ingest", "growth", "growth-alike", "rebuild", "log-only", "peer-save", "peer-get", "peer-as-of"}
"""Rates: more is better. All others are times or sizes."""


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the benchmark as people do."""
    command = [sys.executable, "-m", "scripts.bench", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)


@pytest.mark.long
def test_every_figure_is_measured() -> None:
    """One command gives every promised figure with its limit, its spread, the sizes, and the peers."""
    ran = bench(*TINY, "--peers", "--format", "json")
    assert ran.returncode == 0, ran.stderr
    answer = json.loads(ran.stdout)
    figures = {figure["key"]: figure for figure in answer["figures"]}
    has_django = find_spec("django") is not None
    assert set(figures) == set(LIMITS) | INFORMATION | PEERS | ({"peer-as-of"} if has_django else set())
    assert has_django or "peer-as-of: left out" in ran.stderr
    judged = [figure for figure in answer["figures"] if figure["limit"] is not None]
    assert {figure["key"]: figure["limit"] for figure in judged} == LIMITS
    assert {key for key, figure in figures.items() if figure["more_is_better"]} == AT_LEAST & set(figures)
    for figure in figures.values():
        assert 0 < figure["lowest"] <= figure["ratio"] <= figure["highest"]
        if figure["limit"] is not None:
            better = (
                figure["ratio"] >= figure["limit"] if figure["more_is_better"] else figure["ratio"] <= figure["limit"]
            )
            assert figure["is_reached"] is better
    sizes = answer["sizes"]
    assert (sizes["events"], sizes["versions"], sizes["growth"], sizes["rounds"]) == (1_000, 1_000, 1_000, 1)


@pytest.mark.parametrize(("limit", "verdict"), [("≤ 0.6", ("yes", "NO")), ("-", ("-",))])
def test_the_table_says_what_must_be_and_whether_it_is(limit: str, verdict: tuple[str, ...]) -> None:
    """For people: one line a figure, with what it must be; what is told for information has no verdict."""
    ran = bench(*TINY, "--only", "disk" if limit != "-" else "shuffled")
    assert ran.returncode == 0, ran.stderr
    line = next(line for line in ran.stdout.splitlines() if line.startswith(("disk", "shuffled")))
    assert limit in line
    assert line.split()[-1] in verdict
    assert "events 1,000" in ran.stdout


def test_a_figure_that_is_none_is_refused() -> None:
    """A misspelt name is wrong use, and the names that there are are told."""
    ran = bench("--only", "speed")
    assert ran.returncode == 2
    assert "speed" in ran.stderr
    assert "memory-rebuild" in ran.stderr
