"""Services on several machines over one log on PostgreSQL: each keeps views of its own."""

import time
from pathlib import Path

import pytest

from tests.support.given import lines, outcome
from tests.support.postgres import Server
from tests.support.service import running
from tests.support.world import World

DEADLINE = 30.0


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
