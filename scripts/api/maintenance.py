"""Proof, repair, copies and erasure: what is seldom asked for, and loaded only then."""

import getpass
from collections.abc import Callable
from os import PathLike
from pathlib import Path

from outcomes.api.answers.operations import Backup, Erased, Rebuilt, Verdict
from outcomes.api.session import Session
from outcomes.domain.errors import OutcomesError, UsageError
from outcomes.projections.as_of.point import PointQuery, resolve
from outcomes.projections.operations.erase import encryption_of
from outcomes.projections.operations.erase import erase as erase_person
from outcomes.projections.operations.rebuild import rebuild as rebuild_views
from outcomes.projections.operations.verify import Checks, verify_home, verify_unopened
from outcomes.projections.views.read_model import Watch
from outcomes.store.access.access_file import forget_student
from outcomes.store.home_folder import HomeFolder
from outcomes.store.operations.backup import backup as back_up
from outcomes.store.operations.checkpoint import Checkpoint, parse_checkpoint

__all__ = ["Checks", "backup", "checkpoint_given", "erase", "rebuild", "verify", "verify_damaged"]


def verify(session: Session, checks: Checks, *, rearm: bool) -> Verdict:
    """Prove a home whole, see `Home.verify`."""
    found = verify_home(session.home, session.log, session.views, checks)
    if rearm:
        with session.log.writing() as connection:
            session.log.store.arm(connection)
    return Verdict.of(found)


def verify_damaged(home: HomeFolder, reason: OutcomesError) -> Verdict:
    """Return the verdict on a log that cannot be opened, for a reason; raises that if the log is not damaged."""
    return Verdict.of(verify_unopened(home, reason))


def checkpoint_given(given: str | PathLike[str] | Checkpoint | None) -> Checkpoint | None:
    """Return a checkpoint, given as one, as its text, or as a file that holds that; raises UsageError."""
    return parse_checkpoint(str(given)) if isinstance(given, str | PathLike) else given


def rebuild(session: Session, watch: Watch) -> Rebuilt:
    """Make new views, see `Home.rebuild`."""
    return Rebuilt(**rebuild_views(session.home, session.log, watch))


def backup(session: Session, to: str | PathLike[str], watch: Callable[[int, int], None], *, with_key: bool) -> Backup:
    """Copy the log, see `Home.backup`."""
    return Backup.of(back_up(session.log, Path(to), watch, with_key=with_key))


def erase(
    session: Session, student: str, reason: str, tenant: str | None, watch: Watch, *, all_traces: bool
) -> Erased | None:
    """Erase a person, see `Home.erase`."""
    if not reason.strip():
        raise UsageError("an erasure needs a reason: --reason TEXT, without the person's name")
    encryption_of(session.home, session.log)
    with session.reading() as connection:
        point = resolve(connection, PointQuery(tenant))
    found = erase_person(
        session.home,
        session.log,
        session.views,
        point,
        student,
        reason=reason,
        erased_by=getpass.getuser(),
        all_traces=all_traces,
        clock=session.clock,
        watch=watch,
    )
    forget_student(session.home.folder, student)
    return None if found is None else Erased(**found)
