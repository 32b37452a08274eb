"""Older SQLites: from which version on, and what a statement of ours may not use."""

import re
import sqlite3
from pathlib import Path

import pytest

from outcomes.domain.errors import HomeUnavailable
from outcomes.store.sqlite.datastore import OLDEST_SQLITE, check_version, connect
from tests.support.command import ROOT

SOURCES = [
    path
    for layer in ("store", "projections", "scripts/api")
    for path in sorted((ROOT / layer).rglob("*.py"))
    if "postgres" not in path.stem and "postgres" not in path.parts  # what only PostgreSQL runs
]
# By SQLite's release notes, with the version that brought each.
NEWER = {
    "3.35": r"\bRETURNING\b(?! notification_id)|\bMATERIALIZED\b",
    "3.38": r"->>|\bunixepoch\(",
    "3.39": r"\bIS (NOT )?DISTINCT FROM\b|\b(RIGHT|FULL) JOIN\b",
}


def test_the_oldest_that_serves_is_named(tmp_path: Path) -> None:
    """RHEL 9 ships 3.34: it serves; one before is told what is needed and how to get it, at the first connection."""
    assert OLDEST_SQLITE == (3, 34, 0)
    check_version((3, 34, 0))
    check_version(sqlite3.sqlite_version_info)
    with pytest.raises(
        HomeUnavailable, match=r"uses SQLite 3\.33\.9, and outcomes needs 3\.34\.0 or later: update .*uv"
    ):
        check_version((3, 33, 9))
    path = tmp_path / "some.db"
    path.touch()
    connect(path).close()


@pytest.mark.parametrize("version", NEWER)
def test_no_statement_uses_what_came_later(version: str) -> None:
    """The words of newer SQL are in no source; strict tables are made only where there are such."""
    assert [str(path.relative_to(ROOT)) for path in SOURCES if re.search(NEWER[version], path.read_text())] == []


def test_no_placeholder_has_a_number() -> None:
    """Python 3.12.0 to 3.12.3 takes `?1` for a name and warns of it: names or plain marks are used."""
    numbered = [str(path.relative_to(ROOT)) for path in SOURCES if re.search(r"[ (,]\?\d", path.read_text())]
    assert numbered == []


def test_the_log_is_written_through_to_the_disk(tmp_path: Path) -> None:
    """On macOS `fsync` alone reaches the disk's cache: the log asks for more, views need not."""
    for synchronous, full in (("FULL", 1), ("NORMAL", 0)):
        path = tmp_path / f"{synchronous}.db"
        path.touch()
        connection = connect(path, synchronous=synchronous)
        assert connection.execute("PRAGMA fullfsync").fetchone() == (full,)
        connection.close()
