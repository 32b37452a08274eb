"""A PostgreSQL server of the tests' own: the one that is installed, on a unix socket, run by a user who is not root."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest

_DEBIAN = "/usr/lib/postgresql"
_SECONDS = 60
# What is tested dies with the folder anyway: no wait for the disk.
_SETTINGS = "-c listen_addresses= -c fsync=off -c full_page_writes=off -c shared_buffers=16MB"


class Server(NamedTuple):
    """A running server; every user may log in without a password, `postgres` is its superuser."""

    folder: Path

    def url(self, path: str, user: str = "postgres") -> str:
        """Return the address of a database, or of what is inside one."""
        return f"postgresql://{user}@/{path}?host={self.folder}"

    def run(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run statements as the superuser; returns the rows of the last."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def database(self, name: str) -> str:
        """Make a fresh database; returns its name."""
        self.run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self.run(f'CREATE DATABASE "{name}"')
        return name


@contextmanager
def postgres_server() -> Iterator[Server]:
    """Start a server in a folder of its own, and stop it; skips the test where PostgreSQL is not installed."""
    programs = _programs()
    if programs is None:
        pytest.skip("needs PostgreSQL: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="outcomes-pg-"))  # a socket's path must be short
    user = "postgres" if os.geteuid() == 0 else None
    if user is not None:
        shutil.chown(folder, user)

    def run(program: str, *arguments: str) -> None:
        command = [str(programs / program), "-D", str(folder / "data"), *arguments]
        # A server that goes on holds what it was given: no pipes.
        with (folder / "said").open("ab") as said:
            subprocess.run(command, user=user, cwd=folder, stdout=said, stderr=said, timeout=_SECONDS, check=True)

    try:
        run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        run("pg_ctl", "start", "-w", "-o", f"{_SETTINGS} -k {folder}", "-l", str(folder / "log"))
        try:
            yield Server(folder)
        finally:
            run("pg_ctl", "stop", "-w", "-m", "immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path | None:
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    versions = sorted(Path(_DEBIAN).glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return versions[-1].parent if versions else None
