"""What comes is written whatever becomes of the views; and whoever brings it is always answered."""

import asyncio
import socket
import sqlite3
import time
from contextlib import ExitStack, closing
from pathlib import Path

import orjson
import pytest

import outcomes
from outcomes.service import writer as writer_module
from outcomes.service.configuration import Configuration
from outcomes.service.writer import Writer
from outcomes.store.ingest.group_commit import Delivery
from tests.support.given import lines, outcome
from tests.support.service import running


def _delivery(number: int) -> Delivery:
    return Delivery("https:t1", orjson.dumps(outcome(str(number), "2026-02-01")))


def test_damaged_views_end_no_writer(tmp_path: Path) -> None:
    """Deliveries are taken on and on, though the views cannot follow."""
    with outcomes.init(tmp_path / "home") as home:
        home.ingest(lines(outcome("7", "2026-02-01")))

    async def bring() -> list[int]:
        writer = Writer(Configuration(folder=tmp_path / "home"), lambda _position: None)
        try:
            async with asyncio.timeout(20):
                heads = [(await writer.take(_delivery(1))).head]
                with closing(sqlite3.connect(tmp_path / "home" / "views.db")) as views:
                    views.execute("DROP TABLE batches")
                for number in (2, 3):
                    heads.append((await writer.take(_delivery(number))).head)
                    await asyncio.sleep(0.4)  # in which the views are to follow
                assert writer.is_alive
        finally:
            writer.close()
        return heads

    assert asyncio.run(bring()) == [2, 3, 4]


def test_who_is_answered_together_is_written_together(tmp_path: Path) -> None:
    """Senders that send again once they are answered do not fall apart into groups that wait for each other."""
    outcomes.init(tmp_path / "home").close()
    senders, each = 8, 20

    async def bring() -> None:
        writer = Writer(Configuration(folder=tmp_path / "home"), lambda _position: None)

        async def send(sender: int) -> None:
            for turn in range(each):
                await writer.take(_delivery(sender * each + turn))
                # As over a network: they are not all back in one turn of the loop.
                await asyncio.sleep(0.0002 * (sender + 1))

        try:
            async with asyncio.timeout(60), asyncio.TaskGroup() as group:
                for sender in range(senders):
                    group.create_task(send(sender))
        finally:
            writer.close()

    asyncio.run(bring())
    with closing(sqlite3.connect(tmp_path / "home" / "log.db")) as log:
        commits, head = log.execute("SELECT count(*), max(last_position) FROM batches").fetchone()
    assert head == senders * each
    assert commits < 2 * each


def test_who_comes_while_the_views_follow_does_not_wait_for_what_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How long the disk had kept others waiting is over then: it must not turn away who comes now."""
    monkeypatch.setattr(writer_module, "_LONGEST_WAIT", 1.6)
    outcomes.init(tmp_path / "home").close()

    async def bring() -> list[int]:
        is_following = asyncio.Event()
        loop = asyncio.get_running_loop()

        def follow_slowly(position: int) -> None:
            if position == 1:
                loop.call_soon_threadsafe(is_following.set)
                time.sleep(1.0)

        writer = Writer(Configuration(folder=tmp_path / "home"), follow_slowly)
        try:
            async with asyncio.timeout(20):
                with closing(sqlite3.connect(tmp_path / "home" / "log.db", isolation_level=None)) as other:
                    other.execute("BEGIN IMMEDIATE")
                    first = asyncio.create_task(writer.take(_delivery(1)))
                    await asyncio.sleep(1.2)
                    other.execute("ROLLBACK")
                heads = [(await first).head]
                await is_following.wait()
                await asyncio.sleep(0.5)
                heads.append((await writer.take(_delivery(2))).head)
        finally:
            writer.close()
        return heads

    assert asyncio.run(bring()) == [1, 2]


def test_pages_read_again_only_for_who_may_bring_events_in(tmp_path: Path) -> None:
    """What could not be read comes in by it; so it needs `ingest` for the whole home, besides `operate`."""
    outcomes.init(tmp_path / "home").close()
    ours = {"Sec-Fetch-Site": "same-origin"}
    with running(tmp_path / "home") as service:
        service.post("/events", b"{broken")
        operator = service.new_token("operate")
        assert service.post("//feed/retry", b"", operator, **ours).status_code == 403
        assert "Read all of it again" not in service.get("//feed", service.new_token("operate,tree")).text
        assert "Read all of it again" in service.get("//feed").text
        found = service.post("//feed/retry", b"", **ours)
        assert (found.status_code, found.headers["location"]) == (303, "/feed?done=retried:0")
        assert "0 events came in by it" in service.get("//feed?done=retried:0").text
        dismissed = service.post("//feed/quarantine/1/dismiss", b"reason=of+no+use", operator, **ours)
        assert dismissed.status_code == 303
        assert service.json("/quarantine/1")[0]["dismissed_because"] == "of no use"


def test_more_connections_than_files_end_nothing(tmp_path: Path) -> None:
    """Right after the start, when the writer has opened nothing yet; once they are gone, posts are taken."""
    outcomes.init(tmp_path / "home").close()
    with running(tmp_path / "home", open_files=256) as service, ExitStack() as idle:
        host, port = service.url.removeprefix("http://").split(":")
        for _ in range(300):
            idle.enter_context(socket.create_connection((host, int(port)), timeout=5))
        idle.close()
        for number in range(3):
            assert service.post("/events", lines(outcome(str(number), "2026-02-01"))).status_code == 200
        assert service.get("//health/ready").json()["parts"]["writer"] == "ok"
