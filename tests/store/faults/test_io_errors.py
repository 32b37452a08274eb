"""The n-th call of the disk fails, for every n of a small run, once or for good: SQLite's own way to test itself.

Every read, write, sync, cut, opening, renaming and unlinking of a file of the home is counted. Whatever fails: one line
and exit 2 or all is well; the log is whole and has lost nothing; and the same command, run again, does its work.
OUTCOMES_FAULTS=all takes every n; without it a few of them, spread over all.
"""

import errno
import json
import os
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.support.faulty_disk import compiled, started
from tests.support.forked import Forked
from tests.support.given import group, lines, outcome, result

pytestmark = pytest.mark.long
FAULTS = os.environ.get("OUTCOMES_FAULTS", "3")
WANTED = 0 if FAULTS == "all" else int(FAULTS)
BEFORE = lines(group("1", "2025-01-01"), outcome("7", "2025-01-02"), result("50", "2025-02-01", student="studentGone"))
MORE = lines(group("2", "2025-01-01"), result("51", "2025-02-01", student="studentAda"), "no event")
COMMANDS: dict[str, tuple[str, ...]] = {
    "ingest": ("ingest", "{disk}/more.ndjson"),
    "rebuild": ("rebuild",),
    "backup": ("backup", "{disk}/copy.db", "--with-key"),
    "erase": ("erase", "--student", "studentGone", "--reason", "asked to"),
    "mastery": ("mastery", "--format", "json"),
    "verify": ("verify", "--all", "--rebuild", "--format", "json"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_call_that_fails(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each n on its own copy of a home; EIO and no room in turn, every second time for good.

    Of homes that were left alike, with the same message, one is looked at.
    """
    disk = tmp_path / "disk"
    disk.mkdir()
    ready = Forked(disk / "ready")
    ready("init", "--encrypt")
    assert ready("ingest", stdin=BEFORE).code == 0
    (ready.home / "more.ndjson").write_bytes(MORE)
    told = tmp_path / "told.json"
    errors = f"{errno.EIO},{errno.ENOSPC}" if WANTED == 0 else str((errno.EIO, errno.ENOSPC)[len(name) % 2])
    arguments = ("fail", str(disk), str(told), errors, str(WANTED), *COMMANDS[name])
    started(compiled(tmp_path), disk, "tests.support.disk_scenario", *arguments)
    without, *runs = json.loads(told.read_text())
    assert without["calls"] > 20
    assert len(runs) >= (WANTED or without["calls"])
    with capsys.disabled():
        kinds = sum(run["is_new"] for run in runs)
        sys.stderr.write(f" {name}: {without['calls']} calls, {len(runs)} failures, {kinds} kinds of homes left ")
    for run in runs:
        what = (run["number"], run["error"], run["err"])
        assert run["code"] in {0, 1, 2}, what
        assert "defect" not in run["err"], what
        assert "Traceback" not in run["err"], what
        if run["is_new"]:
            check(name, run)
            shutil.rmtree(run["home"])


def check(name: str, run: dict[str, Any]) -> None:
    """Look at what a failure has left, on a disk that works again."""
    home, what = Forked(Path(run["home"])), (run["number"], run["error"], run["err"])
    copy = home.home / "copy.db"
    if name == "backup" and run["code"]:
        # A disk that fails for good lets nothing be removed: then it is said.
        assert not copy.exists() or f"remove {copy}" in run["err"], what
    elif name == "erase" and run["code"] and is_erased(home):
        assert "run outcomes erase again" in run["err"], what
    looked = home("verify", "--all", "--format", "json")
    assert looked.out, (what, looked)
    verdict = looked.json()
    unfinished = [problem for problem in verdict["problems"] if "erase again" not in problem["problem"]]
    assert unfinished == [], (what, verdict)
    assert verdict["events"] >= 3, what
    if name == "ingest" and run["code"] == 0:
        assert verdict["events"] == 5, what
    copy.unlink(missing_ok=True)
    copy.with_name("copy.db.key").unlink(missing_ok=True)
    again = home(*(part.replace("{disk}", str(home.home)) for part in COMMANDS[name]))
    assert again.code == 0, (what, again)
    assert home("verify", "--all").code == 0, what
    left = [path.name for pattern in ("*.making*", "*.unfinished*", "views.db.*") for path in home.home.glob(pattern)]
    assert left == [], what


def is_erased(home: Forked) -> bool:
    """Say whether the keys of somebody are gone, asking the file itself."""
    with closing(sqlite3.connect(home.home / "log.db")) as log:
        found = log.execute("SELECT count(*) FROM stored_events WHERE topic LIKE '%eras%'").fetchone()
    return bool(found[0])
