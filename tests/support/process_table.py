"""Which processes there are, as Linux tells."""

import os
import time
from pathlib import Path


def children(parent: int | None = None) -> list[int]:
    """Return the children of a process, of this one unless told otherwise."""
    line = f"PPid:\t{os.getpid() if parent is None else parent}\n"
    processes = (entry.name for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [int(pid) for pid in processes if line in _status(pid)]


def wait_until_gone(processes: list[int], seconds: float = 20) -> None:
    """Wait until processes have ended, whether or not somebody has asked how."""
    until = time.monotonic() + seconds
    while any(Path(f"/proc/{pid}").exists() and "State:\tZ" not in _status(str(pid)) for pid in processes):
        assert time.monotonic() < until, "it lives on"
        time.sleep(0.01)


def _status(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return ""
