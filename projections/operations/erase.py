"""Erasing a person: what had been reported of their classes, new views without them, the keys, the sweeping up."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from outcomes.domain.errors import HomeUnavailable, UsageError
from outcomes.domain.times import Micros
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.mastery.class_figures import figures_with
from outcomes.projections.operations.rebuild import rebuild
from outcomes.projections.views.read_model import ReadModel, Watch
from outcomes.store.home_folder import HomeFolder
from outcomes.store.log import quarantine
from outcomes.store.log.event_log import EventLog
from outcomes.store.operations import erasure
from outcomes.store.operations.erasure import ErasureRequest
from outcomes.store.privacy.encryption import EventEncryption
from outcomes.store.sqlite.sweeping import sweep

PATIENCE_SECONDS = 60.0
_AGAIN = "run outcomes erase again to finish: the keys are destroyed, traces may be left in views and free space"


def encryption_of(home: HomeFolder, log: EventLog) -> EventEncryption:
    """Return what encrypts an encrypted home; raises UsageError that says what can be done in another."""
    if log.encryption is None:
        rest = "delete this folder" if home.url is None else "drop its schema there, and its dumps"
        raise UsageError(
            f"{home.place} is not encrypted, and what its log holds cannot be erased: make an encrypted home "
            f"(outcomes --home FOLDER init --encrypt), ingest outcomes log of this one into it, erase there, and {rest}"
        )
    return log.encryption


@contextmanager
def _telling_what_is_left() -> Iterator[None]:
    """Say, where no disk or no right stands in the way, that the keys are gone and how to finish."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise HomeUnavailable(f"{error}: make room or give the right to write, and {_AGAIN}") from error


def erase(
    home: HomeFolder,
    log: EventLog,
    views: ReadModel,
    point: PointInTime,
    student: str,
    *,
    reason: str,
    erased_by: str,
    all_traces: bool,
    clock: Callable[[], Micros],
    watch: Watch,
    patience: float = PATIENCE_SECONDS,
) -> dict[str, Any] | None:
    """Erase a person, or finish it where that was begun; None if nothing of them was ever here.

    The new views are made before the keys go, passing over what these encrypt, and put in place in the moment after.
    """
    started = time.monotonic()
    encryption = encryption_of(home, log)
    with log.reading() as connection:
        person = erasure.find(encryption, connection, point.tenant, student)
        if not person.is_known and not quarantine.containing(connection, person.telling()):
            return None
    if any(word.casefold() in reason.casefold() for word in person.telling()):
        raise UsageError("the reason is kept for ever: say it without the person's name, login or ids")
    figures: list[dict[str, Any]] = []
    also_of: list[str] = []
    if not person.is_erased:
        with views.reading() as connection:
            also_of = _others_told_of(connection, point, student)
            figures = [] if all_traces else figures_with(connection, point, student)
    request = ErasureRequest(point.tenant, reason, erased_by, all_traces, figures)
    encryption.keyring.treat_as_destroyed(person.numbers)
    commit = partial(erasure.commit, log, encryption, student, request)
    done = _with_new_views(home, log, watch, lambda: commit(clock(), person.numbers))
    views.close()
    with home.writing("sweeping up after an erasure"), _telling_what_is_left():
        copies_forget = erasure.give_up_keys(log, encryption)
        log.store.sweep(patience=patience, otherwise=f"end it, and {_AGAIN}")
        # The views are page for page the new file, which never held what is gone.
        sweep(home.views_path, patience=patience, compact=False, otherwise=f"end it, and {_AGAIN}")
        erasure.finish(log, clock())
    return {
        "erasure": done.erasure,
        "position": done.position,
        "events": 0 if person.is_erased else person.events,
        "acted": 0 if person.is_erased else person.acted,
        "quarantined": done.quarantined,
        "figures_kept": len(figures),
        "copies_forget": copies_forget,
        "was_erased_before": person.is_erased,
        "results_also_of": also_of,
        "seconds": round(time.monotonic() - started, 3),
    }


def _others_told_of(connection: sqlite3.Connection, point: PointInTime, student: str) -> list[str]:
    """Return the uuids of those whom results of a student were told of at another time, as after a merge of users."""
    rows = connection.execute(
        "SELECT DISTINCT s.uuid FROM students me JOIN moved_results mine USING (tenant, student) "
        "JOIN moved_results other USING (tenant, result_id) JOIN students s ON s.student = other.student "
        "WHERE me.tenant = ? AND me.uuid = ? AND s.student <> me.student ORDER BY s.uuid",
        (point.number, student),
    )
    return [uuid for (uuid,) in rows]


def _with_new_views(home: HomeFolder, log: EventLog, watch: Watch, commit: Callable[[], erasure.Done]) -> erasure.Done:
    """Make views without the person, and destroy the keys in the moment before they are put in place."""
    done: list[erasure.Done] = []

    def before_swap() -> bool:
        done.append(commit())
        return done[0].is_as_planned

    try:
        rebuild(home, log, watch, before_swap=before_swap)
    except (sqlite3.Error, OSError):
        if not done:
            raise  # nothing has been destroyed
        with _telling_what_is_left():
            raise
    return done[0]
