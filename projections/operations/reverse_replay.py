"""Views made anew from the log in another order, in a file of their own: what they say must not differ."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from outcomes.domain.times import to_text
from outcomes.projections.as_of.fingerprint import fingerprint_at
from outcomes.projections.as_of.point import LogCut
from outcomes.projections.views.read_model import SCRATCH, ReadModel, Watch, make, origin_of, remove
from outcomes.store.home import Home
from outcomes.store.log.event_log import EventLog
from outcomes.store.log.hash_chain import Batch
from outcomes.store.sqlite.write_lock import writing

_ANY_TIME = 1 << 62
_PAST_CUTS = 3


@contextmanager
def reverse_views(home: Home, log: EventLog, upto: int, watch: Watch) -> Iterator[sqlite3.Connection]:
    """Give views of the log up to a position, taken last event first; their file is removed afterwards.

    A page of events at a time is in memory, as in a rebuild; the live views are not touched.
    """
    path = home.folder / SCRATCH[1]
    with writing(home.folder / "rebuild.lock", "verify --rebuild"):
        remove(path)
        make(path, origin_of(log))
        views = ReadModel(home, log, path)
        try:
            views.follow_backwards(upto, watch)
            with views.reading_as_is() as connection:
                yield connection
        finally:
            views.close()
            remove(path)


def differences(live: sqlite3.Connection, other: sqlite3.Connection, batches: list[Batch]) -> Iterator[str]:
    """Compare the fingerprints of two views of one log: now, at past event times, and as known at past positions."""
    chosen = {batches[(len(batches) - 1) * share // _PAST_CUTS] for share in range(_PAST_CUTS)} if batches else set()
    head = max((batch.last_position for batch in batches), default=0)
    cuts = [LogCut(None, head, _ANY_TIME)]
    for batch in sorted(chosen):
        cuts.append(LogCut(None, batch.last_position, _ANY_TIME))
        cuts.append(LogCut(batch.max_event_time, head, batch.max_event_time))
    for cut in cuts:
        ours, theirs = fingerprint_at(live, cut), fingerprint_at(other, cut)
        if ours != theirs:
            when = "now" if cut.as_of is None else f"as of {to_text(cut.as_of)}"
            yield (
                f"{when}, known at {cut.known_at}: digest {theirs.digest} of {theirs.entities} entities, "
                f"the live views say {ours.digest} of {ours.entities}: run outcomes rebuild"
            )
