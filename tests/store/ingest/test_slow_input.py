"""Input that stops for a while: what has come is in the log, and nobody is left waiting for the rest."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from outcomes.store.home_folder import HomeFolder
from scripts.generator import generate
from tests.support.command import ROOT
from tests.support.given import group, lines

PATIENCE_SECONDS = 30.0
FIVE = [lines(group(str(number), "2025-01-01")) for number in range(5)]


@contextmanager
def ingesting(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run an ingest of a pipe that stays open."""
    command = [sys.executable, "-m", "outcomes", "--home", str(home), "ingest", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=ROOT) as process:
        try:
            yield process
        finally:
            process.kill()


def until(holds: Callable[[], bool]) -> bool:
    """Wait until something holds, or patience ends."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.05)
    return False


def head(home: Path) -> int:
    """Return the position of the last event; 0 where there is no log yet."""
    if not (home / "log.db").exists():
        return 0
    try:
        log = HomeFolder(home).open_log()
    except Exception:  # noqa: BLE001 - it is just being made
        return 0
    try:
        return log.head
    finally:
        log.close()


@pytest.mark.parametrize("end", [b"\n", b""], ids=["by lines", "no line end"])
def test_five_events_and_silence_are_in_the_log(tmp_path: Path, end: bytes) -> None:
    """Time runs without input, too: nothing is held back for a sixth, or for the end of the line."""
    with ingesting(tmp_path / "home") as process:
        assert process.stdin is not None
        process.stdin.write((end or b"").join(FIVE) + end)
        process.stdin.flush()
        assert until(lambda: head(tmp_path / "home") == 5)
        process.stdin.write(lines(group("9", "2025-01-01")))
        process.stdin.close()
        assert process.wait(PATIENCE_SECONDS) == 0
    assert head(tmp_path / "home") == 6


def test_an_event_that_comes_in_two_halves_is_one(tmp_path: Path) -> None:
    """A pause in its middle makes no damage of it."""
    with ingesting(tmp_path / "home") as process:
        assert process.stdin is not None
        for part in (FIVE[0] + b"\n" + FIVE[1][:50], FIVE[1][50:]):
            process.stdin.write(part)
            process.stdin.flush()
            assert until(lambda: head(tmp_path / "home") >= 1)
            time.sleep(1.2)
        process.stdin.close()
        assert process.wait(PATIENCE_SECONDS) == 0
    assert head(tmp_path / "home") == 2


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc to look for processes in")
def test_a_killed_ingest_leaves_no_process(tmp_path: Path) -> None:
    """Also where it has begun to read ahead in a second one, and the input says nothing more."""

    def family(leader: int) -> list[str]:
        found = []
        for folder in Path("/proc").iterdir():
            try:
                status = (folder / "status").read_text() if folder.name.isdigit() else ""
            except OSError:
                continue
            if f"NSsid:\t{leader}\n" in status and "State:\tZ" not in status:
                found.append(folder.name)
        return found

    command = [sys.executable, "-m", "outcomes", "--home", str(tmp_path / "home"), "ingest", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, cwd=ROOT, start_new_session=True) as process:
        assert process.stdin is not None
        process.stdin.write(b"\n".join(generate(events=6_000, seed=3)) + b"\n")
        process.stdin.flush()
        assert until(lambda: head(tmp_path / "home") > 5_000)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert until(lambda: family(process.pid) == [])
