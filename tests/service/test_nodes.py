"""Services on several machines over one log on PostgreSQL: each keeps views of its own."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.given import lines, outcome
from tests.support.postgres import Server, postgres_server
from tests.support.service import running
from tests.support.world import World

DEADLINE = 30.0
MOST_CONNECTIONS = 13
"""Two homes of readers, one of the writer and one of a job, with at most three each; and one that listens."""


@pytest.mark.long
def test_what_one_service_takes_another_tells(postgres: Server, tmp_path: Path) -> None:
    """Posted to one, asked of the other: at once with `min_position`, and in a moment without; both say the same."""
    url = postgres.url(postgres.database())
    World(tmp_path / "made", url=url).take(outcome("1", "2025-01-01"))
    with running(tmp_path / "a", url=url) as one, running(tmp_path / "b", url=url) as other:
        for number in range(2, 5):
            posted = one.post("/events", lines(outcome(str(number), "2025-01-01"))).json()
            assert posted["head"] == number
            assert other.json(f"/digest?min_position={number}")["entities"] == number
        other.post("/events", lines(outcome("5", "2025-01-01")))
        give_up_at = time.monotonic() + DEADLINE
        while one.json("/digest")["entities"] < 5:
            assert time.monotonic() < give_up_at
        assert one.json("/digest") == other.json("/digest?min_position=5")
        assert "postgres@" in one.json("/status")["home"]


@pytest.mark.long
def test_a_server_that_went_away_is_no_defect_of_ours(tmp_path: Path) -> None:
    """A service says meanwhile that it is not ready, goes on by itself, and its log tells of no defect."""
    with postgres_server() as server:
        url = f"{server.url(server.database())}&connect_timeout=1"
        World(tmp_path / "made", url=url).take(outcome("1", "2025-01-01"))
        with running(tmp_path / "a", url=url) as service:  # which looks for defects at its end
            server.stop()
            give_up_at = time.monotonic() + DEADLINE
            while service.get("//health/ready").status_code != 503:
                assert time.monotonic() < give_up_at
            time.sleep(1.5)  # in which the views would follow
            server.start()
            while service.post("/events", lines(outcome("2", "2025-01-01"))).status_code != 200:
                assert time.monotonic() < give_up_at
            assert service.json("/digest?min_position=2")["entities"] == 2


@pytest.mark.long
def test_one_service_has_a_bounded_number_of_connections(postgres: Server, tmp_path: Path) -> None:
    """However much is asked and posted at once, beside a job: docs/scale.md says how many to plan for."""
    name = postgres.database()
    url = postgres.url(name)
    World(tmp_path / "made", url=url).take(outcome("1", "2025-01-01"))
    with running(tmp_path / "a", url=url) as service, ThreadPoolExecutor(20) as senders:

        def busy(number: int) -> list[int]:
            return [
                service.post("/events", lines(outcome(str(number), "2025-01-01"))).status_code,
                service.get("/digest").status_code,
                service.get("/log?limit=5").status_code,
                service.get("/status").status_code,
                service.get("//health/ready").status_code,
                service.get("//metrics").status_code,
            ]

        most = 0
        work = [senders.submit(busy, number) for number in range(2, 62)]
        assert service.post("/jobs/verify", b"").status_code == 202
        while not all(one.done() for one in work):
            ((now,),) = postgres.run(
                f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND application_name = 'outcomes'"
            )
            most = max(most, int(str(now)))
        assert {status for one in work for status in one.result(DEADLINE)} == {200}
    assert 4 <= most <= MOST_CONNECTIONS, most
