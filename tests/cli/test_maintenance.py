"""`checkpoint`, `verify --against`, `verify --rearm` and `backup` as people run them."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.command import Asked, Outcomes
from tests.support.given import group, lines, outcome


@pytest.fixture
def outcomes(tmp_path: Path) -> Outcomes:
    """A home with two events."""
    outcomes = Asked(tmp_path / "home")
    outcomes("ingest", stdin=lines(group("1", "2025-01-01"), outcome("7", "2025-01-01")))
    return outcomes


def test_a_checkpoint_is_one_line_to_keep(outcomes: Outcomes, tmp_path: Path) -> None:
    """As text it is bare; as JSON it has its parts; both, and a file of either, prove later that the log only grew."""
    line = outcomes("checkpoint")
    assert (line.code, line.err) == (0, "")
    text = line.out.decode().strip()
    assert re.fullmatch(r"outcomes-checkpoint:2:[0-9a-f]{64}:[0-9a-f]{32}:\d+:[0-9a-f]{64}", text)
    document = outcomes("checkpoint", "--format", "json")
    parts = document.json()
    assert (parts["position"], parts["events"], parts["text"]) == (2, 2, text)
    assert text.split(":")[2:5] == [parts["chain"], parts["log"], str(parts["ledger"])]
    assert re.fullmatch(r"\d{4}-.*Z", parts["recorded_at"])
    kept = tmp_path / "kept.json"
    kept.write_bytes(document.out)
    outcomes("ingest", stdin=lines(group("2", "2025-01-02")))
    assert b"only grown since" in outcomes("verify", "--against", text).out
    assert outcomes("verify", "--rebuild", "--all", "--against", str(kept)).code == 0
    status = outcomes.json("status")
    assert (status["format"], status["log"], status["head"]) == (3, parts["log"], 3)
    assert status["chain"] != parts["chain"]


def test_a_log_that_was_cut_back(outcomes: Outcomes) -> None:
    """Exit 1, naming what differs; what is no checkpoint is wrong use, exit 2."""
    outcomes("ingest", stdin=lines(group("2", "2025-01-02")))
    text = outcomes("checkpoint").out.decode().strip()
    with closing(sqlite3.connect(outcomes.home / "log.db", isolation_level=None)) as log:
        for (name,) in log.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            log.execute(f"DROP TRIGGER {name}")
        log.execute("DELETE FROM stored_events WHERE position = 3")
        log.execute("DELETE FROM batches WHERE last_position = 3")
    ran = outcomes("verify", "--rearm")
    assert ran.code == 1
    assert b"the trigger batches_refuse_delete is gone or was changed" in ran.out
    against = outcomes("verify", "--against", text, "--format", "json")
    problems = against.json()["problems"]
    assert (against.code, [(each.get("row"), each.get("position")) for each in problems]) == (
        1,
        [("batches/3", None), (None, 3)],
    )
    wrong = outcomes("verify", "--against", "yesterday")
    assert (wrong.code, wrong.out, wrong.err.count("\n")) == (2, b"", 1)
    assert wrong.err.startswith("error: not a checkpoint: 'yesterday': give")


def test_a_backup_says_what_it_holds(outcomes: Outcomes, tmp_path: Path) -> None:
    """And restoring it is copying it into a folder."""
    target = tmp_path / "backup.db"
    made = outcomes.json("backup", str(target))
    assert made == {
        "file": str(target),
        "head": 2,
        "bytes": target.stat().st_size,
        "chain": made["checkpoint"].split(":")[2],
        "checkpoint": outcomes("checkpoint").out.decode().strip(),
    }
    again = outcomes("backup", str(target))
    assert (again.code, again.err) == (2, f"error: {target} is there already: name a new file\n")
    restored = Asked(tmp_path / "restored")
    restored.home.mkdir()
    target.rename(restored.home / "log.db")
    assert restored("verify", "--against", made["checkpoint"]).code == 0
