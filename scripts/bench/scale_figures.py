"""What a replay of an archive costs: by a home, by processes of this machine, by Spark; CPU and memory by process.

    python -m scripts.bench.scale_figures --events 1000000 --tenants 4

CPU seconds are of all processes together, whatever else the machine does; the wall clock tells only of an idle one.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from itertools import islice
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

import outcomes
from scripts.generator import generate

_TICKS = 100
_LOOK_SECONDS = 0.1


class Cost(NamedTuple):
    """What one way cost: seconds of the clock and of processors, megabytes of the largest process of a kind."""

    wall: float
    cpu: dict[str, float]
    peak: dict[str, float]

    def line(self, name: str, events: int) -> str:
        """Return one line of the report."""
        total = sum(self.cpu.values())
        parts = ", ".join(f"{kind} {seconds:.0f}" for kind, seconds in sorted(self.cpu.items()))
        peaks = ", ".join(f"{kind} {size:.0f}" for kind, size in sorted(self.peak.items()))
        return (
            f"{name:8} cpu {total:7.1f} s ({parts})  {total / events * 1e6:6.1f} µs an event  "
            f"peak MB a process: {peaks}  wall {self.wall:.1f} s"
        )


def watched(command: list[str]) -> Cost:
    """Run a command to its end, looking at it and at all that it starts."""
    cpu: dict[tuple[str, int], float] = {}
    peak: dict[str, float] = defaultdict(float)
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:  # noqa: S603 - our own command
        while process.poll() is None:
            for pid in _family(process.pid):
                try:
                    stat = Path(f"/proc/{pid}/stat").read_text()
                    status = Path(f"/proc/{pid}/status").read_text()
                except OSError:
                    continue  # it has ended meanwhile
                fields = stat.rpartition(")")[2].split()
                # A thread of Java that starts a program is for a moment a process of the same size, under its own name.
                kind = "java" if "(java)" in stat else "python" if "(python" in stat else None
                if kind is None:
                    continue
                cpu[kind, pid] = (int(fields[11]) + int(fields[12])) / _TICKS
                resident = next((line for line in status.splitlines() if line.startswith("VmHWM")), "VmHWM: 0 kB")
                peak[kind] = max(peak[kind], int(resident.split()[1]) / 1000)
            time.sleep(_LOOK_SECONDS)
    wall = time.perf_counter() - started
    if process.returncode:
        raise SystemExit(f"{command} ended with {process.returncode}")
    by_kind: dict[str, float] = defaultdict(float)
    for (kind, _), seconds in cpu.items():
        by_kind[kind] += seconds
    return Cost(wall, by_kind, peak)


def _family(pid: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return []
    return [pid, *(one for child in children for one in _family(child))]


_HOME = """
import sys, outcomes
folder, archive = sys.argv[1:]
with outcomes.open(folder + "/home", create=True) as home:
    home.ingest(archive)
    for number, tenant in enumerate(home.status().tenants):
        home.at(tenant=tenant).replay(f"{folder}/{number}", format="parquet")
"""
"""What the product does without the engines: one home, and a replay of each tenant in it."""


def main(
    *,
    events: Annotated[int, typer.Option(min=1, help="How many events the archive has.")] = 1_000_000,
    tenants: Annotated[int, typer.Option(min=1, help="Of how many root accounts.")] = 4,
    only: Annotated[list[str] | None, typer.Option(help="home, one, local or spark. Repeatable.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes of the local engine.")] = 2,
    archive: Annotated[Path | None, typer.Option(help="NDJSON to use; made if it is not there.")] = None,
    scratch: Annotated[Path | None, typer.Option(help="Folder to work in.")] = None,
) -> None:
    """Measure a replay of one archive each way; all must tell the same digest."""
    with tempfile.TemporaryDirectory(dir=scratch) as name:
        folder = Path(name)
        source = archive or folder / "archive.ndjson"
        if not source.exists():
            _make(source, events, tenants)
        replay = [sys.executable, "-m", "outcomes", "replay", "--from", str(source), "--to", str(folder / "state")]
        ways = {
            "home": [sys.executable, "-c", _HOME, str(folder), str(source)],
            "one": [*replay, "--workers", "1"],
            "local": [*replay, "--workers", str(workers)],
            "spark": [*replay, "--engine", "spark"],
        }
        for way in only or ways:
            cost = watched(ways[way])
            print(cost.line(way, events), flush=True)
            print(f"{'':8} digest {_digest(folder)}", flush=True)
            for path in folder.iterdir():
                if path != source:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()


def _make(path: Path, events: int, tenants: int) -> None:
    lines = generate(events=events, seed=11, tenants=tenants)
    with path.open("wb") as file:
        while batch := list(islice(lines, 1_000)):
            file.write(b"\n".join(batch) + b"\n")


def _digest(folder: Path) -> str:
    """Return the digest of all tenants, of a home or of a state."""
    if (folder / "home").exists():
        with outcomes.open(folder / "home") as home:
            return home.at().digest().digest
    import pyarrow.parquet as pq  # noqa: PLC0415 - only where there is something to read

    from outcomes.projections.as_of.fingerprint import Fingerprint, combined  # noqa: PLC0415 - the same

    rows = [row for path in (folder / "state" / "point").rglob("*.parquet") for row in pq.read_table(path).to_pylist()]
    return combined(Fingerprint(row["digest"], row["entities"]) for row in rows).digest


if __name__ == "__main__":
    typer.run(main)
