"""New views beside the live ones, put in their place in one transaction: nobody sees a gap or an old position."""

import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

from outcomes.projections.as_of.fingerprint import fingerprint_at
from outcomes.projections.as_of.point import PointQuery, resolve_cut
from outcomes.projections.views.read_model import ReadModel, Watch
from outcomes.projections.views.views_file import SCRATCH, is_usable, make, origin_of, remove
from outcomes.store.home_folder import HomeFolder
from outcomes.store.log.event_log import EventLog
from outcomes.store.operations.erasure import erased_keys
from outcomes.store.sqlite.datastore import connect
from outcomes.store.sqlite.write_lock import writing


def _nothing() -> bool:
    return True


def rebuild(
    home: HomeFolder, log: EventLog, watch: Watch, *, before_swap: Callable[[], bool] = _nothing
) -> dict[str, Any]:
    """Make new views from the whole log and swap them in; returns the contract's answer.

    Readers and appends go on with the old views until the swap. That is one SQLite transaction into the live file:
    every reader sees all of the old or all of the new, and only what was appended meanwhile is done under the lock.
    `before_swap` is called once the lock is held; it returns whether every key that it destroyed has been passed over
    from the beginning. If not, the new views are begun anew.
    """
    started = time.monotonic()
    path = home.folder / SCRATCH[0]
    with writing(home.folder / "rebuild.lock", "rebuild"):
        for name in SCRATCH:
            remove(home.folder / name)  # a killed process may have left one
        origin = origin_of(log)
        make(path, origin)
        new = ReadModel(home, log, path)
        try:
            new.follow(watch)
            with home.writing("putting new views in place"):
                is_current = origin_of(log) == origin
                if before_swap() and is_current:
                    new.note_erasures(erased_keys(log))
                new.follow(watch)
                new.close()
                _swap(home, log, new)
            # Of the file that was swapped in, which nobody else writes to: appends go on meanwhile.
            with new.reading_as_is() as connection:
                cut = resolve_cut(connection, PointQuery())
                fingerprint = fingerprint_at(connection, cut)
        finally:
            new.close()
            remove(path)
    return {
        "events": cut.known_at,
        "seconds": round(time.monotonic() - started, 3),
        "digest": fingerprint.digest,
    }


def _swap(home: HomeFolder, log: EventLog, new: ReadModel) -> None:
    live = home.views_path
    if not is_usable(live):
        # What cannot be read has no readers.
        make(live, origin_of(log))
    with closing(connect(new.path)) as source, closing(connect(live, synchronous="NORMAL")) as target:
        source.backup(target)
        # Passive: whoever still reads the old views is not waited for.
        target.execute("PRAGMA wal_checkpoint(PASSIVE)")
