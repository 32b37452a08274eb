"""The proof: is the log what it was, and do the views say what a replay of the log says?"""

import sqlite3
from dataclasses import dataclass
from typing import Any

from outcomes.domain.errors import LogDamaged
from outcomes.projections.operations.findings import Findings
from outcomes.projections.operations.reverse_replay import differences, reverse_views
from outcomes.projections.operations.verify_log import check_against, check_keeping, check_keys, check_log
from outcomes.projections.operations.verify_views import check_views, position_of
from outcomes.projections.views.read_model import ReadModel, Watch, unwatched
from outcomes.store.home import Home
from outcomes.store.log.event_log import EventLog
from outcomes.store.operations.checkpoint import Checkpoint
from outcomes.store.operations.erasure import destroyed_keys


@dataclass(frozen=True)
class Checks:
    """How much is to be proved.

    Of the entities a sample is replayed, or `everything`; `anew` makes views in another order and compares them, too;
    `against` is what the log was before.
    """

    everything: bool = False
    anew: bool = False
    against: Checkpoint | None = None
    watch: Watch = unwatched


def verify_home(home: Home, log: EventLog, views: ReadModel, checks: Checks) -> dict[str, Any]:
    """Verify a home's log and its views, brought up to date first; returns the contract's answer."""
    try:
        views.catch_up(checks.watch)
    except LogDamaged:
        # Views cannot be made of it; the pass over the log tells why.
        return verify(log, None, checks)
    with views.reading_as_is() as connection:
        if not checks.anew:
            return verify(log, connection, checks)
        try:
            with reverse_views(home, log, position_of(connection), checks.watch) as other:
                return verify(log, connection, checks, other)
        except LogDamaged:
            return verify(log, connection, checks)


def verify(
    log: EventLog, views: sqlite3.Connection | None, checks: Checks, other: sqlite3.Connection | None = None
) -> dict[str, Any]:
    """Check every stored event, then the views against replays; returns the contract's answer.

    An entity is compared now, and at three past instants each known at another point of the log. `other` are views
    made anew. What is appended meanwhile is not looked at: everything is said of the position of the views.
    """
    found = Findings()
    check_keeping(log, found)
    destroyed = destroyed_keys(log)  # asked first: an erasure of a later moment is not looked at
    head, batches, projected = check_log(log, None if views is None else position_of(views), found, checks.watch)
    check_keys(log, destroyed, found)
    if checks.against is not None:
        check_against(log, checks.against, found)
    replayed = 0 if views is None else check_views(log, views, batches, projected, found, everything=checks.everything)
    if views is not None and other is not None:
        of_other = Findings()
        for difference in differences(views, other, batches):
            of_other.add(difference)
        check_views(log, other, batches, projected, of_other, everything=checks.everything)
        found.add_all(of_other, "views made anew in another order")
    if found.more:
        found.problems.append({"problem": f"and {found.more} more problems"})
    return {
        "ok": not found.problems,
        "events": head,
        "replayed_entities": replayed,
        "erased": found.erased,
        "partly_erased": found.partly_erased,
        **({} if checks.against is None else {"against": str(checks.against)}),
        **({"rebuilt": True} if other is not None else {}),
        "problems": found.problems,
    }
