"""Which SQLite is at work, and what is known against it, is told by `status`."""

import sqlite3
from pathlib import Path

import pytest

from outcomes.store.sqlite.known_faults import faults_of
from tests.support.forked import Forked
from tests.support.given import group, lines


@pytest.mark.parametrize(
    ("version", "has_it"),
    [
        ("3.34.1", True),
        ("3.44.5", True),
        ("3.44.6", False),
        ("3.45.1", True),
        ("3.50.6", True),
        ("3.50.7", False),
        ("3.51.2", True),
        ("3.51.3", False),
        ("3.53.0", False),
    ],
)
def test_the_wal_reset_bug(version: str, *, has_it: bool) -> None:
    """3.7.0 to 3.51.2 have it; it is mended in 3.51.3, and on two older branches in 3.50.7 and 3.44.6 (sqlite.org)."""
    found = faults_of(tuple(map(int, version.split("."))))
    assert any("WAL-reset" in words for words in found) == has_it


def test_status_tells_version_and_faults(tmp_path: Path) -> None:
    """As JSON and as a table."""
    home = Forked(tmp_path / "home")
    home("ingest", stdin=lines(group("1", "2025-01-01")))
    told = home.json("status")["sqlite"]
    assert told == {"version": sqlite3.sqlite_version, "faults": faults_of(sqlite3.sqlite_version_info)}
    assert sqlite3.sqlite_version in home("status").out.decode()
