"""A PostgreSQL server of the tests' own: the one that is installed, on a unix socket, run by a user who is not root."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest

_DEBIAN = "/usr/lib/postgresql"
_SECONDS = 60
_SETTINGS = ("listen_addresses=", "shared_buffers=32MB", "max_connections=150")


class Server:
    """A server and its data; every user may log in without a password, `postgres` is its superuser.

    It can be stopped and started in between, as often as a test likes.
    """

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder = folder
        self._programs = programs
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = count(1)
        self.user = "postgres" if os.geteuid() == 0 else None
        if self.user is not None:
            shutil.chown(folder, self.user)
        folder.chmod(0o755)

    def init(self) -> None:
        """Make its data, empty."""
        self.program("initdb", "-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")

    def follow(self, primary: "Server") -> None:
        """Make its data a copy of another's, which it follows from then on: it is a standby."""
        host = ("-h", str(primary.folder), "-U", "postgres")
        self.program("pg_basebackup", *host, "-D", "data", "-R", "-X", "stream", "-c", "fast", "--no-sync")

    def promote(self) -> None:
        """Make a standby a server of its own."""
        self.program("pg_ctl", "promote", "-D", "data", "-w")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = [word for setting in _SETTINGS for word in ("-c", setting)]
        command = [str(self._programs / "postgres"), "-D", "data", "-k", str(self.folder), *settings]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, user=self.user, cwd=self.folder)
        give_up_at = time.monotonic() + _SECONDS
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
            except psycopg.OperationalError:
                assert self._process.poll() is None, (self.folder / "log").read_text()[-2_000:]
                assert time.monotonic() < give_up_at, "PostgreSQL did not start in time"
                time.sleep(0.02)
            else:
                return

    def stop(self) -> None:
        """End it at once, as in a crash ("immediate"), and wait until it is gone."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(_SECONDS)
            self._process = None

    def url(self, path: str, user: str = "postgres") -> str:
        """Return the address of a database, or of what is inside one."""
        return f"postgresql://{user}@/{path}?host={self.folder}"

    def run(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run statements as the superuser; returns the rows of the last."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def database(self, name: str | None = None) -> str:
        """Make a fresh database; returns its name."""
        name = name or f"log{next(self._numbers)}"
        self.run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self.run(f'CREATE DATABASE "{name}"')
        return name

    def program(self, name: str, *arguments: str) -> None:
        """Run one of PostgreSQL's own programs in the server's folder."""
        with (self.folder / "said").open("w+b") as said:
            command = [str(self._programs / name), *arguments]
            ran = subprocess.run(
                command, user=self.user, cwd=self.folder, stdout=said, stderr=said, timeout=_SECONDS, check=False
            )
            said.seek(0)
            assert ran.returncode == 0, said.read().decode()[-2_000:]


@contextmanager
def postgres_server() -> Iterator[Server]:
    """Start a server in a folder of its own, and end it; skips the test where PostgreSQL is not installed."""
    with _server() as server:
        server.init()
        server.start()
        yield server


@contextmanager
def standby_of(primary: Server) -> Iterator[Server]:
    """Start a server that follows another, and end it."""
    with _server() as server:
        server.follow(primary)
        server.start()
        yield server


@contextmanager
def _server() -> Iterator[Server]:
    programs = _programs()
    if programs is None:
        pytest.skip("needs PostgreSQL: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="outcomes-pg-"))  # a socket's path must be short
    try:
        server = Server(folder, programs)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path | None:
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    versions = sorted(Path(_DEBIAN).glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return versions[-1].parent if versions else None
