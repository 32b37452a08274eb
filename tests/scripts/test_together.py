"""Several processes on one home: nothing lost, nothing doubled, nobody locked out, no half answers."""

import os
import subprocess
import sys
from pathlib import Path

from tests.given import lines, result
from tests.scripts.command import ROOT, Outcomes


def test_writers_take_turns_and_readers_see_whole_batches(tmp_path: Path) -> None:
    """Two ingests with events in common, a rebuild and readers at once: every event once, the same digest as alone."""
    events = [result(str(number), "2025-02-01", student=f"s{number % 40}") for number in range(18_000)]
    halves = {"one": events[:12_000], "other": events[6_000:]}
    for name, half in halves.items():
        (tmp_path / name).write_bytes(lines(*half))
    outcomes = Outcomes(tmp_path / "home")
    assert outcomes("ingest", stdin=lines(*events[:1])).code == 0
    command = [sys.executable, "-m", "scripts", "--home", str(outcomes.home)]
    writers = [
        subprocess.Popen(
            [*command, "ingest", str(tmp_path / name)], cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        for name in halves
    ]
    seen = []
    while any(writer.poll() is None for writer in writers):
        digest = outcomes.json("digest")
        seen.append((digest["known_at"], digest["entities"]))
        assert outcomes("rebuild").code == 0
    assert [(writer.wait(), writer.stderr.read() if writer.stderr else b"") for writer in writers] == [(0, b"")] * 2
    for writer in writers:
        assert writer.stderr is not None
        writer.stderr.close()
    # Each answer is of a whole number of events: as many entities as positions, never more or fewer.
    assert all(known_at == entities for known_at, entities in seen)
    assert [known_at for known_at, _ in seen] == sorted(known_at for known_at, _ in seen)
    assert outcomes.json("status")["head"] == len(events)
    alone = Outcomes(tmp_path / "alone")
    alone("ingest", stdin=lines(*events))
    assert outcomes.json("digest")["digest"] == alone.json("digest")["digest"]
    assert outcomes("verify").code == 0


def test_a_full_disk_is_one_clear_line(tmp_path: Path) -> None:
    """Where a file may not grow (as on a full disk), ingest exits with 2, one line, and the log stays whole."""
    outcomes = Outcomes(tmp_path / "home")
    outcomes("ingest", stdin=lines(result("1", "2025-02-01")))
    (tmp_path / "more").write_bytes(
        lines(*(result(str(number), "2025-02-01", note=os.urandom(500).hex()) for number in range(4_000)))
    )
    limited = f"ulimit -f 600; exec {sys.executable} -m scripts --home {outcomes.home} ingest {tmp_path / 'more'}"
    ran = subprocess.run(["/bin/bash", "-c", limited], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ran.returncode, len(ran.stderr.splitlines())) == (2, 1), ran
    assert ran.stderr.startswith("error: ")
    assert outcomes("verify", "--all").code == 0
    assert outcomes.json("status")["head"] == 1
    assert outcomes("ingest", str(tmp_path / "more")).code == 0
    assert outcomes.json("status")["head"] == 1 + 4_000
