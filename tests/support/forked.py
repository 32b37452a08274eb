"""The command line in processes of its own that start at once: forked from a server that has everything imported.

A kill, a pseudo-terminal or one of a thousand odd arguments wants a real process; starting Python anew for each costs
a second. `Forked(home)("status")` runs a command to its end; `start` gives the process, to be killed or watched.
"""

import ctypes
import multiprocessing
import os
import re
import resource
import struct
import sys
import tempfile
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any

from outcomes.cli.app import run
from tests.support.command import Ran

PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Given:
    """What a process is given besides its arguments; `file_limit` is in bytes, `terminal` the name of a pty."""

    stdin: bytes = b""
    terminal: str | None = None
    file_limit: int | None = None
    as_owner: bool = False
    env: dict[str, str] = field(default_factory=dict)


LOADED_BY_COMMANDS = [
    "outcomes.api.answers.mastery",
    "outcomes.api.answers.operations",
    "outcomes.api.home",
    "outcomes.api.ingest",
    "outcomes.api.point",
    "outcomes.api.terminal",
    "rich.console",
]
"""What commands load only where they need it: once for all of them is half of their time."""


def _server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.support.forked", *LOADED_BY_COMMANDS])
    return context


_SERVER = _server()


class Forked:
    """One home and the commands run on it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._scratch = Path(tempfile.mkdtemp(dir=home.parent, prefix="streams-"))
        self._started = 0

    def start(self, *arguments: str, given: Given = Given()) -> "Running":
        """Start a command and return it while it runs."""
        self._started += 1
        streams = self._scratch / str(self._started)
        streams.with_suffix(".in").write_bytes(given.stdin)
        process = _SERVER.Process(target=_child, args=(("--home", str(self.home), *arguments), str(streams), given))
        process.start()
        return Running(process, streams)

    def __call__(self, *arguments: str, stdin: bytes = b"", **given: Any) -> Ran:
        """Run a command to its end; a command that never ends is a failure."""
        return self.start(*arguments, given=Given(stdin=stdin, **given)).finish()

    def json(self, *arguments: str, **given: Any) -> Any:
        """Run a command that must succeed and return its JSON answer."""
        ran = self(*arguments, "--format", "json", **given)
        assert ran.code == 0, ran
        return ran.json()


class Running:
    """A command that has been started."""

    def __init__(self, process: ForkServerProcess, streams: Path) -> None:
        self.process = process
        self._streams = streams

    @property
    def pid(self) -> int:
        """The process's number."""
        assert self.process.pid is not None
        return self.process.pid

    def kill(self) -> bool:
        """End it by SIGKILL; say whether it was still running."""
        self.process.kill()
        self.process.join()
        return self.process.exitcode != 0

    def finish(self, patience: float = PATIENCE_SECONDS) -> Ran:
        """Wait for its end and return what it left."""
        self.process.join(patience)
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join()
            raise AssertionError(f"still running after {patience:.0f} s")
        return Ran(self.process.exitcode, self._read(".out"), self._read(".err").decode())

    @property
    def peak(self) -> int:
        """The most memory that the process had at any moment (VmHWM), in bytes, once it has ended."""
        found = re.search(rb"VmHWM:\s+(\d+) kB", self._read(".status"))
        assert found is not None
        return int(found[1]) << 10

    def _read(self, suffix: str) -> bytes:
        path = self._streams.with_suffix(suffix)
        return path.read_bytes() if path.exists() else b""


def _give_up_overriding_permissions() -> None:
    """Let permissions bind the superuser as they bind an ordinary owner."""
    names = {line.split(":")[0]: line for line in Path("/proc/self/status").read_text().splitlines()}
    effective = int(names["CapEff"].split()[1], 16) & ~0b110  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH
    header = struct.pack("Ii", 0x20080522, 0)
    low, high = effective & 0xFFFFFFFF, effective >> 32
    data = struct.pack("6I", low, low, 0, high, high, 0)
    if ctypes.CDLL(None, use_errno=True).capset(header, data) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def _child(arguments: tuple[str, ...], streams: str, given: Given) -> None:
    os.environ.update(given.env)
    if given.as_owner and os.geteuid() == 0:
        _give_up_overriding_permissions()
    if given.file_limit is not None:
        # Python ignores SIGXFSZ, so that a write beyond the limit is an error as on a full disk.
        resource.setrlimit(resource.RLIMIT_FSIZE, (given.file_limit, given.file_limit))
    writing = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    os.dup2(os.open(streams + ".in", os.O_RDONLY), 0)
    if given.terminal is None:
        os.dup2(os.open(streams + ".out", writing), 1)
        os.dup2(os.open(streams + ".err", writing), 2)
    else:
        terminal = os.open(given.terminal, os.O_RDWR | os.O_NOCTTY)
        os.dup2(terminal, 1)
        os.dup2(terminal, 2)
    sys.stdin, sys.stdout, sys.stderr = (
        os.fdopen(0, "r"),
        os.fdopen(1, "w", errors="surrogateescape"),
        os.fdopen(2, "w", errors="backslashreplace"),
    )
    code = run(list(arguments))
    sys.stdout.flush()
    sys.stderr.flush()
    if given.file_limit is None:
        Path(streams + ".status").write_bytes(Path("/proc/self/status").read_bytes())
    os._exit(code)
