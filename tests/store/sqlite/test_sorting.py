"""Questions about a whole log sort more than memory should hold."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command import ROOT

SORT = """
import sys
from pathlib import Path
from outcomes.store.sqlite.datastore import connect

def held():  # without what is mapped of files: that is theirs, and the system's to take back
    return int([line for line in open("/proc/self/status") if line.startswith("RssAnon")][0].split()[1]) // 1024

connection = connect(Path(sys.argv[1]))
before = held()
numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600000)"
rows = connection.execute(f"{numbers} SELECT i, randomblob(100) FROM n ORDER BY 2")
next(rows)  # the first comes when all are sorted
sorting = held()
print(1 + sum(1 for _ in rows), max(sorting, held()) - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells what is held under /proc")
def test_a_long_sort_goes_to_disk(tmp_path: Path) -> None:
    """Sorting 60 MB takes half of that at most, so a fingerprint or a replay of millions of results stays small."""
    path = tmp_path / "some.db"
    path.touch()
    ran = subprocess.run([sys.executable, "-c", SORT, str(path)], cwd=ROOT, capture_output=True, text=True, check=True)
    rows, megabytes = ran.stdout.split()
    assert int(rows) == 600_000
    assert int(megabytes) < 30
