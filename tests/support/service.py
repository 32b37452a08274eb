"""The service as people run it: a real process on a free port, asked over the network."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import httpx

from outcomes.api.access import Access
from tests.support.command import ROOT, Outcomes

EVERYTHING = "tree,students,people,ingest,operate,admin"


class Service:
    """A running service: `get` asks with a token of all rights, unless another is given."""

    def __init__(self, home: Path, process: "subprocess.Popen[str]", link: str) -> None:
        self.home = home
        self.process = process
        self.said: list[str] = []
        self._listener = Thread(target=self._listen, daemon=True)
        self._listener.start()
        self.link = link
        self.url = link.split("/enter/", maxsplit=1)[0]
        self.token = self.new_token(EVERYTHING)
        self.client = httpx.Client(base_url=self.url, timeout=30)

    def new_token(self, rights: str, scope: str = "all") -> str:
        """Make a token as the command line does, and return its secret."""
        with Access.beside(self.home) as access:
            return access.create_token(rights, scope=scope).token

    def get(self, path: str, token: str | None = None, **headers: str) -> httpx.Response:
        """Ask a route below the base, or any other that begins with //."""
        bearer = {"Authorization": f"Bearer {self.token if token is None else token}"}
        where = path[1:] if path.startswith("//") else f"/api/v1{path}"
        return self.client.get(where, headers={**bearer, **headers})

    def json(self, path: str, token: str | None = None) -> Any:
        """Ask for what must be answered."""
        found = self.get(path, token)
        assert found.status_code == 200, found.text
        return found.json()

    def post(self, path: str, content: bytes, token: str | None = None, **headers: str) -> httpx.Response:
        """Post bytes to a route below the base, or to any other that begins with //."""
        bearer = {"Authorization": f"Bearer {self.token if token is None else token}"}
        where = path[1:] if path.startswith("//") else f"/api/v1{path}"
        return self.client.post(where, content=content, headers={**bearer, **headers})

    def _listen(self) -> None:
        # A pipe that nobody reads is full one day, and then who writes to it stands still.
        assert self.process.stderr is not None
        self.said.extend(self.process.stderr)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End the process and return its exit code."""
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(how)
        code = self.process.wait(20)
        self._listener.join(5)
        if self.process.stderr is not None:
            self.process.stderr.close()
        return code


def start(home: Path, *arguments: str, url: str | None = None, open_files: int | None = None) -> Service:
    """Start a service on a free port and wait until it listens; it may have so many files open, if that is said."""
    limit = [] if open_files is None else ["/bin/sh", "-c", f'ulimit -n {open_files} && exec "$@"', "sh"]
    process = subprocess.Popen(
        [*limit, sys.executable, "-m", "outcomes", *Outcomes(home, url).named, "serve", "--port", "0", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "OUTCOMES_DEBUG": "1"},
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("listening on "):
            return Service(home, process, line.removeprefix("listening on ").strip())
    raise AssertionError(f"the service ended with {process.wait()} before it listened")


@contextmanager
def running(home: Path, *arguments: str, url: str | None = None, open_files: int | None = None) -> Iterator[Service]:
    """Give a service that ends with the block; with a URL its log is on PostgreSQL, and `home` has its views."""
    service = start(home, *arguments, url=url, open_files=open_files)
    try:
        yield service
    finally:
        service.stop()
    said = "".join(service.said)
    assert "Traceback" not in said, said
    assert "a defect of ours" not in said, said
