"""A second server that follows the first: it is read from, refuses what it cannot do, and takes over."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from outcomes.domain.errors import HomeUnavailable
from outcomes.store.encoding.arrival import Arrivals
from tests.store.log.test_appender import arrival
from tests.support.given import OTHER_TENANT, outcome
from tests.support.postgres import Server, postgres_server, standby_of
from tests.support.world import World

pytestmark = pytest.mark.long
SECONDS = 20.0
_OTHER = {"tenant": OTHER_TENANT}


@pytest.fixture
def primary() -> Iterator[Server]:
    """A server that a test may end."""
    with postgres_server() as server:
        yield server


def _arrivals(event: dict[str, object]) -> Arrivals:
    return Arrivals.of([arrival(event)])


def _reaches(standby: Server, name: str, positions: int) -> None:
    give_up_at = time.monotonic() + SECONDS
    while standby.run("SELECT count(*) FROM outcomes.stored_events", name) != [(positions,)]:
        assert time.monotonic() < give_up_at
        time.sleep(0.02)


def test_a_standby_is_read_refuses_to_write_and_takes_over(primary: Server, tmp_path: Path) -> None:
    """Who names both hosts goes on once it is promoted; of a batch that it never got it is told, and nothing is mixed.

    The tenant of that batch had a number, which another tenant has by now.
    """
    name = primary.database()
    World(tmp_path / "made", url=primary.url(name)).take(outcome("1", "2025-01-01"))
    with standby_of(primary) as standby:
        _reaches(standby, name, 1)
        reader = World(tmp_path / "reader", url=standby.url(name))
        assert reader.digest().entities == 1
        assert reader.verify()["problems"] == []
        with pytest.raises(HomeUnavailable, match="it is a standby, which only reads: write to the server"):
            reader.take(outcome("2", "2025-01-01"))
        both = f"postgresql://postgres@/{name}?host={primary.folder},{standby.folder}&target_session_attrs=read-write"
        writer, other = (World(tmp_path / folder, url=both) for folder in ("writer", "other"))
        with writer.opened() as (log, views), closing(log.store.changes()) as changes:
            assert views.catch_up()
            standby.stop()
            with log.writing() as connection:
                lost = log.append(connection, _arrivals(outcome("2", "2025-01-01", meta=_OTHER)), "test", writer.clock)
            views.keep(lost)
            seen = changes.value()
            primary.stop()
            standby.start()
            standby.promote()
            other.take(outcome("3", "2025-01-01", meta={"tenant": "t" * 40}))
            changes.value()  # on the connection that is gone
            assert changes.value() not in {seen, None}
            with pytest.raises(HomeUnavailable, match="the last batch is no longer in the log"):
                views.catch_up()
            with log.writing() as connection:
                log.append(connection, _arrivals(outcome("4", "2025-01-01", meta=_OTHER)), "test", writer.clock)
            assert views.catch_up()
        assert writer.verify()["problems"] == []
        assert writer.digest() == other.digest() == World(tmp_path / "new", url=both).digest()
        assert writer.digest().entities == 3
