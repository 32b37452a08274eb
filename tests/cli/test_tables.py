"""Tables: all of it in a pipe, what fits on a terminal, a screenful at a time."""

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from outcomes.cli.commands.demo import SCHOOL_YEAR
from tests.support.command import ROOT
from tests.support.forked import Forked
from tests.support.given import ASKER, group, lines, outcome

TIME = "2025-10-20T17:55:40.821Z"
PATH = "/api/v1/accounts/1/outcome_groups/3387/outcomes"
LONG = "Reads a tide table and tells when the harbour can be entered, " * 4 + "in spring"


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Forked:
    """A home with the shipped school year."""
    home = Forked(tmp_path_factory.mktemp("year") / "home")
    assert home("ingest", str(SCHOOL_YEAR)).code == 0
    return home


def narrow(home: Forked, width: int, *arguments: str) -> str:
    """Return what a command writes where it is asked for so many columns."""
    ran = subprocess.run(
        [sys.executable, "-m", "outcomes", "--home", home.home, *arguments],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
        env={name: value for name, value in os.environ.items() if name != "LINES"} | {"COLUMNS": str(width)},
    )  # fmt: skip
    return ran.stdout


def test_in_a_pipe_a_row_is_one_line_and_nothing_is_cut(tmp_path: Path) -> None:
    """`grep` finds the whole name of a field, both whole values, and the whole path of the request."""
    home = Forked(tmp_path / "home")
    change = {**ASKER, "url": f"https://canvas.example{PATH}"}
    edits = {f"field_{n}": n for n in range(9)}
    home("ingest", stdin=lines(
        outcome("7", "2025-01-01"),
        outcome("7", "2025-01-02", updated="2025-01-02", title=LONG, mastery=4.5, meta=change, **edits),
    ))  # fmt: skip
    told = home("timeline").out.decode().splitlines()
    assert len(told) == 3
    for words in (LONG, "rubric_criterion.mastery_points: 3 → 4.5", "field_8: - → 8", PATH):
        assert words in told[2]
    assert "…" not in told[2]
    assert not any(line.endswith(" ") for line in told)


def test_columns_of_a_pipe_are_those_that_are_asked_for(year: Forked) -> None:
    """COLUMNS makes a pipe as wide as a terminal of that width; with LINES it is only the size of one elsewhere."""
    assert 90 < max(len(line) for line in narrow(year, 100, "timeline").splitlines()) <= 100
    told = year("timeline", env={"COLUMNS": "100", "LINES": "24"}).out.decode()
    assert len(told.splitlines()) == 1 + len(year("timeline", "--format", "ndjson").ndjson())


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_times_stay_whole_on_narrow_terminals(year: Forked, width: int) -> None:
    """A time is never broken, whatever else has to be; a position neither."""
    arguments = ("timeline", "--entity", "outcome:10449", "--field", "mastery_points", "--since", "2025-10-01")
    told = narrow(year, width, *arguments)
    assert TIME in told
    assert " 1279" in told


def test_columns_that_grow_never_break_a_number(year: Forked) -> None:
    """Positions of one digit come first, those of four digits pages later: all are whole."""
    told = narrow(year, 120, "log", "--format", "table").splitlines()
    positions = [int(line.split()[0]) for line in told if line[:1].isdigit()]
    assert positions == list(range(1, 1479))


def test_a_pipe_gets_the_format_that_was_asked_for(year: Forked) -> None:
    """A table stays one when it is not written to a terminal."""
    assert year("timeline").out.startswith(b"when ")
    assert year("timeline", "--format", "csv").out.startswith(b"event_time,")


@pytest.mark.parametrize("form", ["table", "json", "ndjson", "csv"])
@pytest.mark.parametrize("command", ["log", "timeline", "mastery", "late"])
def test_a_reader_that_has_seen_enough_ends_it_well(year: Forked, command: str, form: str) -> None:
    """`outcomes log | head -1` in every format: exit 0, and not a word."""
    writer = subprocess.Popen(
        [sys.executable, "-m", "outcomes", "--home", year.home, command, "--format", form],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert writer.stdout is not None
    assert writer.stderr is not None
    assert writer.stdout.readline() != b""
    writer.stdout.close()
    told = writer.stderr.read()
    writer.stderr.close()
    assert (writer.wait(60), told) == (0, b"")


def test_the_first_rows_of_a_table_do_not_wait_for_the_last(tmp_path: Path) -> None:
    """The log has an end only when it is interrupted, and its table is on the screen before that: in parts."""
    home = Forked(tmp_path / "home")
    home("ingest", stdin=lines(*(group(str(n), "2025-01-01", title=LONG) for n in range(1, 4001))))
    ours, theirs = pty.openpty()
    writer = subprocess.Popen(
        [sys.executable, "-m", "outcomes", "--home", home.home, "timeline"],
        cwd=ROOT, stdout=theirs, stderr=theirs, env={**os.environ, "COLUMNS": "120"},
    )  # fmt: skip
    os.close(theirs)
    try:
        assert b"when" in os.read(ours, 1 << 16)
        # Nobody reads on: it waits with the rest unwritten, and has not made all of it.
        time.sleep(1)
        assert writer.poll() is None
    finally:
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        os.close(ours)
