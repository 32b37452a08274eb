"""New views beside the live ones, put in their place in one transaction: nobody sees a gap or an old position."""

import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

from projections.fingerprint import fingerprint_at
from projections.point import Asked, resolve_cut
from projections.views import Views, Watch, is_usable, make, remove
from store.erasure import erased_keys
from store.home import Home
from store.lock import writing
from store.log import EventLog
from store.sqlite import connect


def _nothing() -> bool:
    return True


def rebuild(home: Home, log: EventLog, watch: Watch, *, before_swap: Callable[[], bool] = _nothing) -> dict[str, Any]:
    """Make new views from the whole log and swap them in; returns the contract's answer.

    Readers and appends go on with the old views until the swap. That is one SQLite transaction into the live file:
    every reader sees all of the old or all of the new, and only what was appended meanwhile is done under the lock.
    `before_swap` is called once the lock is held; it returns whether every key that it destroyed has been passed over
    from the beginning. If not, the new views are begun anew.
    """
    started = time.monotonic()
    path = home.folder / "views.db.new"
    with writing(home.folder / "rebuild.lock", "rebuild"):
        remove(path)
        erased = erased_keys(log)
        make(path, erased)
        new = Views(home, log, path)
        try:
            new.follow(watch)
            with home.writing("putting new views in place"):
                is_current = erased_keys(log) == erased
                if before_swap() and is_current:
                    new.note_erasures(erased_keys(log))
                new.follow(watch)
                with new.reading_as_is() as connection:
                    cut = resolve_cut(connection, Asked())
                    fingerprint = fingerprint_at(connection, cut)
                new.close()
                _swap(home, new)
        finally:
            new.close()
            remove(path)
    return {
        "events": cut.known_at,
        "seconds": round(time.monotonic() - started, 3),
        "digest": fingerprint.digest,
    }


def _swap(home: Home, new: Views) -> None:
    live = home.views_path
    if not is_usable(live):
        # What cannot be read has no readers.
        remove(live)
        make(live, 0)
    with closing(connect(new.path)) as source, closing(connect(live, synchronous="NORMAL")) as target:
        source.backup(target)
        # Passive: whoever still reads the old views is not waited for.
        target.execute("PRAGMA wal_checkpoint(PASSIVE)")
