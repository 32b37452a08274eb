"""New views from the whole log, against only reading and parsing it."""

from collections.abc import Iterator

from outcomes.projections.operations.rebuild import rebuild
from outcomes.projections.views.read_model import unwatched
from outcomes.store.home_folder import HomeFolder
from outcomes.store.log.event_log import EventLog
from scripts.bench.fixtures import Fixtures, opened
from scripts.bench.measure import Figure, compare


def rebuilding(fixtures: Fixtures) -> Iterator[Figure]:
    """Rebuild all views, digest and swap included."""
    home = HomeFolder(fixtures.home)
    with opened(home.folder) as (log, _):
        yield compare(
            "rebuild of all views, per second / one pass that only reads the log and parses each event",
            lambda: read_and_parse(log),
            lambda: rebuild(home, log, unwatched),
            limit=0.6,
            rounds=fixtures.sizes.rounds,
            more_is_better=True,
            warm=False,
        )


def read_and_parse(log: EventLog) -> None:
    """Read the whole log and parse each event with the domain's own parser."""
    for record in log.records():
        log.parse(record)
