"""The home goes away under a running service: nothing is promised any more, and the service ends and says why."""

import time
from collections.abc import Callable
from pathlib import Path

import httpx
import orjson
import pytest

import outcomes
from tests.support.given import outcome
from tests.support.service import start

ENDS_WITHIN = 10.0


def moved(home: Path) -> None:
    """As `mv` does."""
    home.rename(home.with_name("elsewhere"))


def replaced(home: Path) -> None:
    """As a restore over a running service does."""
    (home / "log.db").rename(home / "old.db")
    (home / "log.db").write_bytes((home / "old.db").read_bytes())


@pytest.mark.parametrize(("goes", "said"), [(moved, "was deleted, moved"), (replaced, "was replaced by another file")])
def test_it_ends_with_one_line_and_takes_nothing_meanwhile(
    goes: Callable[[Path], None], said: str, tmp_path: Path
) -> None:
    """Exit code 2 within ten seconds. What is posted meanwhile is refused: it would be written where nobody looks."""
    home = tmp_path / "home"
    outcomes.init(home).close()
    service = start(home)
    assert service.post("/events", orjson.dumps(outcome("7", "2026-02-01"))).status_code == 200
    goes(home)
    since, statuses = time.monotonic(), set()
    while service.process.poll() is None and time.monotonic() - since < ENDS_WITHIN:
        try:
            found = service.post("/events", orjson.dumps(outcome("8", "2026-02-01")))
        except httpx.TransportError:
            time.sleep(0.05)
            continue
        statuses.add((found.status_code, found.headers["content-type"]))
    assert service.process.poll() == 2
    service.stop()
    assert statuses <= {(503, "application/problem+json")}
    assert [said in line for line in service.said if line.startswith("error: ")] == [True]
    assert "Traceback" not in "".join(service.said)
