"""A service whose disk is full: it takes nothing that it cannot keep, shows what it has, and recovers by itself."""

from pathlib import Path

import outcomes
from tests.support.faulty_disk import compiled
from tests.support.given import lines, outcome
from tests.support.service import running

EVENT = lines(outcome("8", "2026-02-02"))


def test_events_are_refused_while_questions_are_answered_and_taken_once_there_is_room(tmp_path: Path) -> None:
    """Nobody restarts it; the sender, told to come again, loses nothing and leaves nothing twice."""
    folder, full = tmp_path / "home", tmp_path / "full"
    with outcomes.init(folder) as home:
        home.ingest(lines(outcome("7", "2026-02-01")))
    disk = {
        "LD_PRELOAD": str(compiled(tmp_path)),
        "OUTCOMES_DISK": str(folder),
        "OUTCOMES_DISK_FULL": str(full),
    }
    with running(folder, **disk) as service:
        full.touch()
        for _ in range(3):
            refused = service.post("/events", EVENT)
            assert refused.status_code == 503, refused.text
            assert refused.headers["content-type"] == "application/problem+json"
            assert int(refused.headers["retry-after"]) > 0
        assert service.get("//health/ready").status_code == 503
        assert "could not be written" in service.get("//health/ready").json()["parts"]["writer"]
        assert service.json("/show/outcome/7")["id"] == "7"
        assert service.get("/show/outcome/8").status_code == 404
        full.unlink()
        taken = service.post("/events", EVENT)
        assert (taken.status_code, taken.json()["appended"]) == (200, 1)
        assert service.post("/events", EVENT).json()["duplicates"] == 1
        assert service.json("/show/outcome/8?min_position=2")["id"] == "8"
    with outcomes.open(folder) as home:
        assert home.verify(all=True).ok
        assert home.head == 2
