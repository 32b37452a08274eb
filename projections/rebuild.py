"""New views beside the live ones, put in their place in one transaction: nobody sees a gap or an old position."""

import time
from contextlib import closing
from typing import Any

from projections.fingerprint import fingerprint_at
from projections.point import Asked, resolve_cut
from projections.views import Views, Watch, is_usable, make, remove
from store.home import Home
from store.lock import writing
from store.log import EventLog
from store.sqlite import connect


def rebuild(home: Home, log: EventLog, watch: Watch) -> dict[str, Any]:
    """Make new views from the whole log and swap them in; returns the contract's answer.

    Readers and appends go on with the old views until the swap. That is one SQLite transaction into the live file:
    every reader sees all of the old or all of the new, and only what was appended meanwhile is done under the lock.
    """
    started = time.monotonic()
    path = home.folder / "views.db.new"
    with writing(home.folder / "rebuild.lock", "rebuild"):
        remove(path)
        make(path, log.identity())
        new = Views(home, log, path)
        try:
            new.follow(watch)
            with home.writing("putting new views in place"):
                new.follow(watch)
                new.close()
                _swap(home, log, new)
            # Of the file that was swapped in, which nobody else writes to: appends go on meanwhile.
            with new.reading_as_is() as connection:
                cut = resolve_cut(connection, Asked())
                fingerprint = fingerprint_at(connection, cut)
        finally:
            new.close()
            remove(path)
    return {
        "events": cut.known_at,
        "seconds": round(time.monotonic() - started, 3),
        "digest": fingerprint.digest,
    }


def _swap(home: Home, log: EventLog, new: Views) -> None:
    live = home.views_path
    if not is_usable(live):
        # What cannot be read has no readers.
        remove(live)
        make(live, log.identity())
    with closing(connect(new.path)) as source, closing(connect(live, synchronous="NORMAL")) as target:
        source.backup(target)
        # Passive: whoever still reads the old views is not waited for.
        target.execute("PRAGMA wal_checkpoint(PASSIVE)")
