"""A file named log.db may be anybody's: what is not a log of ours is refused, and left as it is."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.command import Outcomes
from tests.support.given import group, lines

COMMANDS = (["status"], ["tree", "--context", "Account:1"], ["verify"], ["log"], ["ingest", "-"], ["init", "--redact"])


def looks(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("journal", ["DELETE", "WAL"])
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_another_programs_database_is_refused_untouched(tmp_path: Path, command: list[str], journal: str) -> None:
    """Asked or written to, it keeps every byte and gets no file beside it; one line says whose it is not."""
    with closing(sqlite3.connect(tmp_path / "log.db")) as other:
        other.execute(f"PRAGMA journal_mode={journal}")
        other.execute("CREATE TABLE properties (name TEXT, rooms INTEGER)")
        other.execute("CREATE TABLE batches (number INTEGER PRIMARY KEY)")
        other.commit()
    before = looks(tmp_path)
    ran = Outcomes(tmp_path)(*command, stdin=lines(group("1", "2025-01-01")))
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "another program's database (with the tables batches, properties)" in ran.err
    after = looks(tmp_path)
    after.pop("writer.lock", None)
    assert after == before


@pytest.mark.parametrize("content", [b"", b"not a database, but long enough to be taken for one by its size" * 9])
def test_what_is_no_database_keeps_its_bytes(tmp_path: Path, content: bytes) -> None:
    """An empty file is a log that is not made yet; anything else cannot be read. Neither is written by a question."""
    (tmp_path / "log.db").write_bytes(content)
    ran = Outcomes(tmp_path)("status")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert looks(tmp_path) == {"log.db": content}
