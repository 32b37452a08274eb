"""The command line as people run it: a real process, its exit code and its two streams."""

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from outcomes.cli.app import run

ROOT = Path(__file__).parents[2]


class Ran(NamedTuple):
    """What a command left behind."""

    code: int
    out: bytes
    err: str

    def json(self) -> Any:
        """Return stdout as the one JSON document that it must be."""
        return json.loads(self.out)

    def ndjson(self) -> list[Any]:
        """Return stdout as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


class Outcomes:
    """`Outcomes(folder)("tree", "--context", "Account:1")` runs one command on a home."""

    def __init__(self, home: Path, url: str | None = None) -> None:
        self.home = home
        self.named = ["--home", str(home)] if url is None else ["--home", url, "--views", str(home)]

    def __call__(self, *arguments: str, stdin: bytes = b"", **env: str) -> Ran:
        """Run a command to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "outcomes", *self.named, *arguments],
            input=stdin,
            capture_output=True,
            cwd=ROOT,
            env={**os.environ, **env},
            timeout=120,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr.decode())

    def json(self, *arguments: str) -> Any:
        """Run a command that must succeed and return its JSON answer."""
        ran = self(*arguments, "--format", "json")
        assert ran.code == 0, ran.err
        return ran.json()


class Asked(Outcomes):
    """Runs commands in this process: that costs a tenth. What is killed, and what is searched, has one of its own."""

    def __call__(self, *arguments: str, stdin: bytes = b"", **env: str) -> Ran:
        """Run a command to its end."""
        if env:
            return super().__call__(*arguments, stdin=stdin, **env)
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
        given = sys.stdin
        try:
            with tempfile.TemporaryFile() as file, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                file.write(stdin)
                file.seek(0)
                sys.stdin = io.TextIOWrapper(file)
                code = run(["--home", str(self.home), *arguments])
        finally:
            sys.stdin = given
        out.flush()
        err.flush()
        return Ran(code, out.buffer.getvalue(), err.buffer.getvalue().decode())
