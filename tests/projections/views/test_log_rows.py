"""Views that several processes make of the log are those that one makes."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest

from outcomes.domain.times import parse_argument
from scripts.generator import generate
from tests.support.command import ROOT
from tests.support.world import World

REBUILD = """
import sys
from outcomes.projections.views import log_rows
log_rows._MUCH = int(sys.argv[2])
forked = []
shared_out = log_rows.forked_map
log_rows.forked_map = lambda *given: forked.append(given) or shared_out(*given)
import outcomes
with outcomes.open(sys.argv[1]) as home:
    print(home.rebuild().digest)
assert len(forked) == (log_rows._MUCH == 0), forked
"""

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2,
    reason="nothing is forked where there is one core only",
)


@pytest.fixture
def year(world: World) -> World:
    """A year of events, in several batches and pages."""
    world.clock = parse_argument("2030-01-01")
    events = iter(generate(events=12_000, seed=3))
    while part := list(islice(events, 4_000)):
        world.take(*part)
    return world


def rebuilt(home: Path, much: int) -> "subprocess.CompletedProcess[str]":
    """Rebuild in a process of its own: pytest's have threads, and with threads around nothing is forked."""
    command = [sys.executable, "-c", REBUILD, str(home), str(much)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


def test_a_rebuild_by_several_processes_tells_the_same(year: World) -> None:
    """Digest and every answer."""
    found = [(rebuilt(year.home.folder, much).stdout, year.everything_known(None, None)) for much in (1 << 60, 0)]
    assert found[0] == found[1]
    assert found[0][0] == f"{year.digest().digest}\n"


def test_damage_is_told_whoever_reads_it(year: World) -> None:
    """With its position; and the views that were there stay."""
    before = year.digest()
    with closing(sqlite3.connect(year.home.log_path)) as file:
        file.execute("DROP TRIGGER stored_events_refuse_update")
        file.execute("UPDATE stored_events SET state = x'00' WHERE position = 9000")
        file.commit()
    for much in (1 << 60, 0):
        assert "LogDamaged: the event at position 9000 no longer reads" in rebuilt(year.home.folder, much).stderr
    assert year.digest() == before
