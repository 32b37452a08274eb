"""An archive of events, and what every engine must tell of it."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import outcomes
from tests.support import states


class Archive(NamedTuple):
    """A folder of files as a vendor keeps them, a home with the same events, and its log as Parquet."""

    folder: Path
    home: Path
    log: Path
    tenants: tuple[str, ...]


def assert_same(archive: Archive, target: Path, answer: dict[str, Any], *, from_log: bool, **point: Any) -> None:
    """Compare a folder of tables, and what was answered, with what the home tells of each tenant."""
    found = states.of_tenants(target)
    assert found.keys() == set(archive.tenants)
    with outcomes.open(archive.home) as home:
        digest = home.at(**point).digest()
        assert (answer["digest"], answer["entities"]) == (digest.digest, digest.entities)
        for tenant in archive.tenants:
            wanted = states.of_home(home, target.parent, tenant, **point)
            if from_log:
                assert found[tenant] == wanted
            else:
                assert states.without_positions(found[tenant]) == states.without_positions(wanted)
                assert {row["position"] for row in found[tenant]["outcomes"]} <= {None}


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait a bounded time."""
    until = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)
