"""Views made anew from the log in another order, beside the live ones: to be compared with them row by row."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from outcomes.projections.as_of.point import PointQuery, resolve_cut
from outcomes.projections.views.read_model import ReadModel, Watch
from outcomes.projections.views.views_file import SCRATCH, make, origin_of, remove
from outcomes.store.home_folder import HomeFolder
from outcomes.store.log.event_log import EventLog
from outcomes.store.sqlite.datastore import connect
from outcomes.store.sqlite.read_only import uri_of
from outcomes.store.sqlite.write_lock import writing

ANEW = "anew"
"""The name under which a statement finds the views made anew; the live ones are `main`."""


@contextmanager
def reverse_views(home: HomeFolder, log: EventLog, watch: Watch) -> Iterator[sqlite3.Connection]:
    """Give the live views in a transaction, and attached to them views of the same position, taken last event first.

    A page of events at a time is in memory, as in a rebuild; the live views are not touched, and the file of the others
    is removed afterwards.
    """
    path = home.folder / SCRATCH[1]
    with writing(home.folder / "rebuild.lock", "verify --rebuild"):
        remove(path)
        make(path, origin_of(log))
        views = ReadModel(home, log, path)
        try:
            with closing(connect(home.views_path, synchronous="NORMAL")) as connection:
                # Inside a transaction nothing can be attached. What a transaction sees of a file is fixed when it
                # first reads there: of the live views now, of the others once they are made.
                connection.execute(f"ATTACH ? AS {ANEW}", (uri_of(path),))
                connection.execute("BEGIN")
                views.follow_backwards(resolve_cut(connection, PointQuery()).known_at, watch)
                yield connection
        finally:
            views.close()
            remove(path)
