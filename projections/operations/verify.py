"""The proof: is the log what it was, and do the views say what a replay of the log says?"""

import sqlite3
from dataclasses import dataclass, replace
from typing import Any

from outcomes.domain.errors import LogDamaged, OutcomesError
from outcomes.projections.operations.findings import Findings
from outcomes.projections.operations.reverse_replay import reverse_views
from outcomes.projections.operations.verify_log import (
    UNPROVED,
    add_problems,
    check_against,
    check_keeping,
    check_keys,
    check_log,
    destroyed_as_told,
)
from outcomes.projections.operations.verify_views import check_views, position_of, unproved_of_views
from outcomes.projections.operations.verify_views_anew import views_problems
from outcomes.projections.views.read_model import ReadModel, Watch, unwatched
from outcomes.store.home_folder import HomeFolder
from outcomes.store.log.event_log import EventLog
from outcomes.store.log.layout import says_what_was_written
from outcomes.store.operations.checkpoint import Checkpoint


@dataclass(frozen=True)
class Checks:
    """How much is to be proved.

    Of the entities a sample is replayed, or `everything`; `anew` makes views in another order and compares every row;
    `against` is what the log was before.
    """

    everything: bool = False
    anew: bool = False
    against: Checkpoint | None = None
    watch: Watch = unwatched


def verify_home(home: HomeFolder, log: EventLog, views: ReadModel, checks: Checks) -> dict[str, Any]:
    """Verify a home's log and its views, brought up to date first; returns the contract's answer."""
    try:
        views.catch_up(checks.watch)
    except (LogDamaged, sqlite3.DatabaseError):
        # Views cannot be made of it; the pass over the log tells why, unless it is not the log's fault.
        verdict = verify(log, None, checks)
        if verdict["ok"]:
            raise
        return verdict
    try:
        opened = reverse_views(home, log, checks.watch) if checks.anew else views.reading_as_is()
        with opened as connection:
            return verify(log, connection, checks)
    except LogDamaged:
        if not checks.anew:
            raise
        # None can be made of it; the pass over the log tells why.
        with views.reading_as_is() as connection:
            return verify(log, connection, replace(checks, anew=False))


def verify(log: EventLog, views: sqlite3.Connection | None, checks: Checks) -> dict[str, Any]:
    """Check every stored event, then the views against replays; returns the contract's answer.

    An entity is compared now, and at three past instants each known at another point of the log. With `checks.anew`
    views made anew are attached. What is appended meanwhile is not looked at: everything is said of the position of the
    views.
    """
    found = Findings()
    check_keeping(log, found)
    destroyed = destroyed_as_told(log, found)  # asked first: an erasure of a later moment is not looked at
    head, batches, projected = check_log(log, None if views is None else position_of(views), found, checks.watch)
    check_keys(log, destroyed, found)
    if checks.against is not None:
        check_against(log, checks.against, found)
    replayed = 0 if views is None else check_views(log, views, batches, projected, found, everything=checks.everything)
    is_anew = views is not None and checks.anew
    if views is not None and is_anew:
        for problem in views_problems(views):
            found.add(problem)
    if found.more:
        found.problems.append({"problem": f"and {found.more} more problems"})
    return {
        "ok": not found.problems,
        "events": head,
        "replayed_entities": replayed,
        "erased": found.erased,
        "partly_erased": found.partly_erased,
        **({} if checks.against is None else {"against": str(checks.against)}),
        **({"rebuilt": True} if is_anew else {}),
        "problems": found.problems,
        "unproved": [*UNPROVED, *unproved_of_views(everything=checks.everything, anew=is_anew)],
    }


def verify_unopened(home: HomeFolder, reason: OutcomesError) -> dict[str, Any]:
    """Look at a log that cannot be opened, for the reason given; returns the contract's answer.

    Raises the reason where the log is not damaged: absent, another program's, a newer version's.
    """
    found = Findings()
    try:
        if not home.store.exists():
            raise reason
        with home.store.peek() as connection:
            if not isinstance(reason, LogDamaged) and says_what_was_written(connection, "format"):
                raise reason
            add_problems(found, home.store.examine(connection))
    except sqlite3.DatabaseError as error:
        found.add(f"the log cannot be read ({error}): {home.store.restore}")
    found.add(str(reason))
    return {"ok": False, "events": 0, "problems": found.problems, "unproved": list(UNPROVED)}
