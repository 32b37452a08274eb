"""What is made for somebody: by one process at a time, under its own name once it is whole."""

import subprocess
import sys
from pathlib import Path

import pytest

from outcomes.domain.errors import HomeBusy, HomeUnavailable
from outcomes.store.new_target import new_target
from tests.support.command import ROOT

MAKES = """
import sys
from pathlib import Path
from outcomes.store.new_target import new_target
with new_target(Path(sys.argv[1])) as making:
    making.write_text("half")
    print("making", flush=True)
    sys.stdin.readline()
    making.write_text("whole")
"""


def maker(target: Path) -> "subprocess.Popen[str]":
    """Start a process that has begun to make a file, and goes on once it is told a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", MAKES, str(target)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": f"{ROOT / '.src'}"},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "making\n"
    return process


def test_two_processes_do_not_make_one_target(tmp_path: Path) -> None:
    """The second is refused and harms nothing of the first, which gives its name to what it made."""
    target = tmp_path / "state.db"
    with maker(target) as first:
        with pytest.raises(HomeBusy, match=r"another process is making .*state\.db"), new_target(target):
            pytest.fail("both make it")
        assert not target.exists()
        first.communicate("\n", timeout=20)
    assert (first.returncode, target.read_text()) == (0, "whole")
    assert [path.name for path in tmp_path.iterdir()] == ["state.db"]
    with pytest.raises(HomeUnavailable, match="is there already"), new_target(target):
        pytest.fail("overwritten")


def test_what_a_killed_process_left_is_cleared_away(tmp_path: Path) -> None:
    """Its lock ends with it, and nothing of it is in what is made next."""
    target = tmp_path / "state.db"
    with maker(target) as first:
        first.kill()
    assert (tmp_path / "state.db.unfinished").read_text() == "half"
    with new_target(target) as making:
        assert not making.exists()
        making.write_text("whole")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("state.db", "whole")]


def test_a_target_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """Neither under its name nor beside it, be it a file or a folder."""
    for name in ("file", "folder"):
        with pytest.raises(ZeroDivisionError), new_target(tmp_path / name) as making:  # noqa: PT012 - it fails inside
            if name == "folder":
                making.mkdir()
                (making / "table").write_text("half")
            else:
                making.write_text("half")
            raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
