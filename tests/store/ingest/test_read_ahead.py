"""Preparing in a second process: the same parts in the same order, and no way for either to be left alone."""

import subprocess
import sys
from pathlib import Path

import pytest

from outcomes.domain.times import parse_argument
from scripts.generator import generate
from tests.support.command import ROOT
from tests.support.world import World

# A process of its own: pytest's workers have threads, and with threads around nothing is forked.
PREAMBLE = """
import os, signal, sys, time
from pathlib import Path
from outcomes.domain.errors import UnreadableInput
from outcomes.projections.views.extract import extract_values
from outcomes.store.ingest.read_ahead import can_fork, in_background
from outcomes.store.ingest.prepare import Prepared, prepare_source

def source():
    return Path(sys.argv[1]).open("rb")

def told(part):
    refused = [(b"".join(piece.chunks()), piece.line, reason) for piece, reason in part.refused]
    return (part.arrivals, refused, part.bytes, part.done, part.damage, part.is_due)

def children():
    return [pid for pid in os.listdir("/proc") if pid.isdigit() and f"PPid:\\t{os.getpid()}\\n" in status(pid)]

def status(pid):
    try:
        return Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return ""

assert can_fork()
"""

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists() or len(__import__("os").sched_getaffinity(0)) < 2,
    reason="nothing is forked where there is one core only, or no /proc to look into",
)


def run(code: str, *arguments: object) -> str:
    """Run some code after the preamble."""
    command = [sys.executable, "-c", PREAMBLE + code, *map(str, arguments)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.fixture
def year(tmp_path: Path) -> Path:
    """A year of events, with damage among them, and one line that is too long to hold."""
    path = tmp_path / "year.ndjson"
    lines = list(generate(events=6_000, seed=3))
    lines.insert(4_000, b'{"metadata": {"event_name": "' + b"x" * (9 << 20) + b'"}, "body": {}}')
    path.write_bytes(b"\n".join(lines))
    return path


def test_what_comes_from_there_is_what_is_prepared_here(year: Path) -> None:
    """Part by part, with what is refused and why, the long line byte for byte."""
    run(
        """
with source() as one, source() as other:
    here = [told(part) for part in prepare_source(one, "year", extract_values)]
    with in_background(prepare_source(other, "year", extract_values)) as parts:
        there = [told(part) for part in parts]
assert len(here) > 12
assert there == here
assert max(len(raw) for part in here for raw, _, _ in part[1]) > 9 << 20
assert children() == []
""",
        year,
    )


def test_whoever_prepares_is_told_whether_it_is_waited_for(year: Path) -> None:
    """Once parts are taken as they come, three in a row; no longer when one of them lies there."""
    run(
        """
from itertools import islice
with source() as stream:
    ready = list(islice(prepare_source(stream, "year", extract_values), 5))

may_go_on, go_on = os.pipe()
are_told, tell = os.pipe()

def prepared():
    for part in ready[:3]:
        yield part
        os.read(may_go_on, 1)
    yield from ready[3:]

with in_background(prepared(), lambda is_awaited: os.write(tell, b"y" if is_awaited else b"n")) as parts:
    for _ in range(3):
        next(parts)
        os.write(go_on, b"!")
    told = b""
    while len(told) < 6:
        told += os.read(are_told, 6)
    # Before each part, and behind the last one: nobody has taken the fourth when the fifth is sent.
    assert told == b"nnyyyn", told
""",
        year,
    )


def test_an_error_there_is_raised_here(year: Path) -> None:
    """With its type and its words, after the parts before it."""
    run(
        """
def failing():
    with source() as stream:
        for number, part in enumerate(prepare_source(stream, "year", extract_values)):
            if number == 3:
                raise OSError(5, "the disk is gone")
            yield part

taken = []
try:
    with in_background(failing()) as parts:
        for part in parts:
            taken.append(part)
except OSError as error:
    assert (error.errno, error.strerror, len(taken)) == (5, "the disk is gone", 3)
else:
    raise AssertionError
assert children() == []
""",
        year,
    )


def test_whoever_stops_early_leaves_nobody_behind(year: Path) -> None:
    """Also one that waits for input that never comes."""
    run(
        """
import fcntl
reader, writer = os.pipe()
fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 1 << 20)
os.write(writer, source().read(1_000_000))
with os.fdopen(reader, "rb") as stream:
    with in_background(prepare_source(stream, "pipe", extract_values)) as parts:
        assert len(children()) == 1
        next(parts)
assert children() == []
""",
        year,
    )


def test_the_death_of_the_one_that_prepares_is_an_error(year: Path) -> None:
    """In words; not an end that looks like the end of the input."""
    run(
        """
with source() as stream, in_background(prepare_source(stream, "year", extract_values)) as parts:
    next(parts)
    os.kill(int(children()[0]), signal.SIGKILL)
    try:
        for _ in parts:
            pass
    except UnreadableInput as error:
        assert "run the command again" in str(error)
    else:
        raise AssertionError
""",
        year,
    )


def test_the_one_that_prepares_does_not_outlive_a_killed_ingest(year: Path, tmp_path: Path) -> None:
    """It finds its channel closed."""
    run(
        """
import subprocess
command = [sys.executable, "-m", "outcomes", "--home", sys.argv[2], "ingest", sys.argv[1]]
ingest = subprocess.Popen(command)
def of(pid):
    return [other for other in os.listdir("/proc") if other.isdigit() and f"PPid:\\t{pid}\\n" in status(other)]
until = time.monotonic() + 20
while not (found := of(ingest.pid)) and time.monotonic() < until and ingest.poll() is None:
    time.sleep(0.005)
assert found, "it never forked"
ingest.kill()
ingest.wait()
while any(Path(f"/proc/{pid}").exists() and "State:\\tZ" not in status(pid) for pid in found):
    assert time.monotonic() < until, "it lives on"
    time.sleep(0.01)
""",
        year,
        tmp_path / "home",
    )


def test_a_large_file_gives_the_same_log_however_it_is_prepared(year: Path, tmp_path: Path) -> None:
    """By the command line with a second process, and here without one: digest and bytes."""
    world = World(tmp_path / "here")
    world.clock = parse_argument("2030-01-01")
    world.take(year.read_bytes())
    there = World(tmp_path / "there")
    command = [sys.executable, "-m", "outcomes", "--home", str(there.home.folder), "ingest", str(year)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=120)
    assert there.digest() == world.digest()
    assert there.raw_log() == world.raw_log()
    with there.opened() as (log, _):
        # What was prepared before the second process set out is written while that does.
        first, second, *_ = log.batches()
    assert first.last_position <= 500 < second.last_position
