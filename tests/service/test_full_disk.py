"""A service whose disk is full: it takes nothing that it cannot keep, shows what it has, and recovers by itself."""

import os
from contextlib import suppress
from pathlib import Path

import outcomes
from tests.support.given import group, lines, outcome
from tests.support.mounts import small_disk
from tests.support.pages import page
from tests.support.service import running

MORE = lines(*(group(str(n), "2026-02-02", description=os.urandom(3_000).hex()) for n in range(200)))


def test_events_are_refused_while_questions_are_answered_and_taken_once_there_is_room(tmp_path: Path) -> None:
    """Nobody restarts it; the sender, told to come again, loses nothing and leaves nothing twice."""
    disk = tmp_path / "disk"
    with small_disk(disk, 32 << 10):
        folder, ballast = disk / "home", disk / "ballast"
        with outcomes.init(folder) as home:
            home.ingest(lines(outcome("7", "2026-02-01")))
        with running(folder) as service:
            with ballast.open("wb", buffering=0) as file, suppress(OSError):
                while True:
                    file.write(bytes(1 << 14))
            for _ in range(3):
                refused = service.post("/events", MORE)
                assert refused.status_code == 503, refused.text
                assert refused.headers["content-type"] == "application/problem+json"
                assert int(refused.headers["retry-after"]) > 0
            ready = service.get("//health/ready")
            assert ready.status_code == 503
            assert "could not be written" in ready.json()["parts"]["writer"]
            assert service.json("/show/outcome/7")["id"] == "7"
            assert service.get("/show/group/199").status_code == 404
            ballast.unlink()
            taken = service.post("/events", MORE)
            assert (taken.status_code, taken.json()["appended"]) == (200, 200)
            assert service.post("/events", MORE).json()["duplicates"] == 200
            assert service.json("/show/group/199?min_position=201")["id"] == "199"
        with outcomes.open(folder) as home:
            assert home.verify(all=True).ok
            assert home.head == 201


def test_that_room_is_short_is_told_before_there_is_none(tmp_path: Path) -> None:
    """Health, for a monitor, and the feed, for people, say the same of a disk of 32 MiB."""
    disk = tmp_path / "disk"
    with small_disk(disk, 32 << 10):
        with outcomes.init(disk / "home") as home:
            home.ingest(lines(outcome("7", "2026-02-01")))
        with running(disk / "home") as service:
            lack = service.get("//health/ready").json()["parts"]["disk"]
            feed = page(service, "/feed").text
    what, so = lack.split(": ")
    assert "MiB are free on the disk" in what
    assert so.startswith("make room")
    assert f"<b>{what[0].upper()}{what[1:]}</b>: {so}." in feed
