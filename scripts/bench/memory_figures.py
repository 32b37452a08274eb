"""Peak memory of whole commands, each in a process of its own: flat, however many events there are.

Flat once a batch and SQLite's caches are full, at about 100,000 events: a smaller tenth only shows them filling,
so the limit means something from `--events 1000000` on.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from outcomes.cli.output import say
from scripts.bench.fixtures import Fixtures, ingest
from scripts.bench.measure import Figure, of

_TENTH = 10
_STATUS = Path("/proc/self/status")
# Of itself not getrusage: what that says of a process begins with the size of its parent. Of helpers that a command
# may start, and has waited for, it is the only witness; the largest is added.
_COMMAND = """
import resource, sys
from outcomes.cli.app import run
run(sys.argv[1:])
own = [line for line in open("/proc/self/status") if line.startswith("VmHWM")][0].split()[1]
helpers = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(int(own) + helpers, file=sys.stderr)
"""


def of_ingest(fixtures: Fixtures) -> Iterator[Figure]:
    """Ingest of a file by the command line."""

    def peak(home: Path, events: int) -> float:
        shutil.rmtree(home, ignore_errors=True)
        return peak_of("--home", str(home), "ingest", str(fixtures.year(events)), "--format", "json")

    yield from _against_a_tenth(fixtures, "ingest", peak)


def of_rebuild(fixtures: Fixtures) -> Iterator[Figure]:
    """Rebuild by the command line."""

    def peak(home: Path, events: int) -> float:
        if not home.exists():
            ingest(home, fixtures.year(events))
        return peak_of("--home", str(home), "rebuild", "--format", "json")

    yield from _against_a_tenth(fixtures, "rebuild", peak)


def _against_a_tenth(fixtures: Fixtures, command: str, peak: Callable[[Path, int], float]) -> Iterator[Figure]:
    if not tells_memory(command):
        return
    many = fixtures.sizes.events
    few = many // _TENTH
    ratios = []
    for _ in range(fixtures.sizes.rounds):
        below = peak(fixtures.folder / f"{command}-{few}", few)
        ratios.append(peak(fixtures.folder / f"{command}-{many}", many) / below)
    yield of(f"peak memory of {command}, {many:,} events / {few:,}", ratios, limit=1.3)


def tells_memory(command: str) -> bool:
    """Say whether this system tells what a process took; if not, say so to whoever waits for it."""
    if not _STATUS.exists():
        say(f"peak memory of {command}: left out, for only Linux tells of it under /proc")
    return _STATUS.exists()


def peak_of(*arguments: str) -> float:
    """Run a command in a process of its own; return its peak in KiB."""
    command = [sys.executable, "-c", _COMMAND, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own command
    return float(done.stderr.split()[-1])
