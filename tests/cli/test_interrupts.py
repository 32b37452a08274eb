"""Ctrl-C at any moment is told in one line and ends with 130; a killed ingest leaves no process behind."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import ROOT
from tests.support.given import group, lines

COMMAND = [sys.executable, "-m", "outcomes", "--home"]
SEED = int(os.environ.get("OUTCOMES_SEED", "7"))
INTERRUPTS = int(os.environ.get("OUTCOMES_INTERRUPTS", "6"))


@pytest.fixture(autouse=True)
def _heeding() -> Iterator[None]:
    """Have what is started here heed interrupts, even if a shell started the tests in the background, without."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def start(home: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    """Start a command whose input goes on and on."""
    return subprocess.Popen(
        [*COMMAND, str(home), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        start_new_session=True,
    )


def test_an_ingest_that_waits_for_input(tmp_path: Path) -> None:
    """What was reported is kept; the line says so."""
    run = start(tmp_path / "home", "ingest")
    assert run.stdin is not None
    run.stdin.write(lines(group("1", "2025-01-01")) + b"\n")
    run.stdin.flush()
    wait_for(tmp_path / "home" / "log.db")
    time.sleep(0.5)
    os.killpg(run.pid, signal.SIGINT)
    out, err = run.communicate(timeout=60)
    assert (run.returncode, out) == (130, b""), err
    assert err.startswith(b"error: interrupted")
    assert err.count(b"\n") == 1


@pytest.mark.parametrize("share", range(INTERRUPTS))
def test_while_the_program_is_loading(tmp_path: Path, share: int) -> None:
    """From when our code runs until the input is asked for: never a traceback."""
    run = start(tmp_path / "home", "ingest")
    wait_for_python(run)
    time.sleep(random.Random(SEED + share).uniform(0, 1.5))  # noqa: S311 - not a secret
    os.killpg(run.pid, signal.SIGINT)
    out, err = run.communicate(timeout=60)
    assert (run.returncode, out) == (130, b""), err
    assert b"Traceback" not in err
    assert err.startswith(b"error: interrupted")
    assert err.count(b"\n") == 1


def test_while_a_class_is_being_made(tmp_path: Path) -> None:
    """Python 3.11 wraps what meets a class in the making into an error of its own: it is an interrupt all the same."""
    code = """if True:
        import functools
        from outcomes.cli.app import main
        def interrupted(*_):
            raise KeyboardInterrupt
        functools.cached_property.__set_name__ = interrupted
        main()
    """
    command = [sys.executable, "-c", code, "--home", str(tmp_path), "status"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (run.returncode, run.stdout) == (130, "")
    assert run.stderr.startswith("error: interrupted")
    assert run.stderr.count("\n") == 1


@pytest.mark.parametrize("then", ["", "raise ValueError('made of what was dropped')"])
def test_where_nothing_can_be_raised(tmp_path: Path, then: str) -> None:
    """Python drops what is raised while an object is taken down: the interrupt comes again, or is told as one."""
    code = f"""if True:
        import gc, signal
        from outcomes.api import home
        from outcomes.cli import main
        class Dropping:
            def __del__(self):
                signal.raise_signal(signal.SIGINT)
        open_it = home.open
        def interrupted(*given, **named):
            Dropping()
            {then}
            return open_it(*given, **named)
        home.open = interrupted
        main()
    """
    command = [sys.executable, "-c", code, "--home", str(tmp_path), "ingest"]
    run = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with run:
        assert run.wait(60) == 130  # the input is still open
        assert run.stdout is not None
        assert run.stderr is not None
        assert run.stdout.read() == b""
        err = run.stderr.read()
    assert err.startswith(b"error: interrupted")
    assert err.count(b"\n") == 1


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
def test_a_killed_ingest_leaves_no_process(tmp_path: Path) -> None:
    """The process that reads ahead waits for input that never comes; it ends with the one that it reads for."""
    run = start(tmp_path / "home", "ingest")
    assert run.stdin is not None
    run.stdin.write(lines(*(group(str(number), "2025-01-01") for number in range(20_000))))
    run.stdin.flush()
    until = time.monotonic() + 60
    while len(members(run.pid)) < 2 and time.monotonic() < until:
        time.sleep(0.02)
    assert len(members(run.pid)) == 2
    run.kill()
    run.wait()
    until = time.monotonic() + 20
    while members(run.pid) and time.monotonic() < until:
        time.sleep(0.02)
    run.communicate()
    assert members(run.pid) == []


def members(session: int) -> list[int]:
    """Return the processes of a session that are still running."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, _, _, its_session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
            except OSError:
                continue
            if int(its_session) == session and state != "Z":
                found.append(int(entry.name))
    return found


def wait_for(path: Path) -> None:
    """Wait until a file is there."""
    until = time.monotonic() + 60
    while not path.exists() and time.monotonic() < until:
        time.sleep(0.02)
    assert path.exists()


def wait_for_python(run: "subprocess.Popen[bytes]") -> None:
    """Wait until our code is loading what it needs: before that Python itself answers an interrupt."""
    maps = Path(f"/proc/{run.pid}/maps")
    if not maps.exists():
        pytest.skip("looks in /proc for what a process has loaded")
    until = time.monotonic() + 60
    while "orjson" not in maps.read_text() and time.monotonic() < until:
        time.sleep(0.002)
