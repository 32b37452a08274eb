"""Forgetting one, and telling of all: `erase`, `class`."""

import getpass
from typing import Annotated, Any

import typer

from outcomes.cli import rendering
from outcomes.cli.options import AsOfOption, Format, FormatOption, KnownAtOption, TenantOption, asked, home_of, now
from outcomes.cli.output import answer, say
from outcomes.cli.progress import progress
from outcomes.cli.session import at, caught_up, opened
from outcomes.domain.errors import UsageError
from outcomes.projections.as_of.point import PointQuery, resolve
from outcomes.projections.mastery.class_figures import class_answer
from outcomes.projections.operations.erase import encryption_of
from outcomes.projections.operations.erase import erase as erase_person


def erase(
    context: typer.Context,
    *,
    student: Annotated[str, typer.Option("--student", metavar="UUID", help="The person's uuid, as results name it.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept for ever, so without a name.")],
    all_traces: Annotated[
        bool, typer.Option("--all-traces", help="Do not keep the class figures as they were reported.")
    ] = False,
    tenant: TenantOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Make all that is stored about a person unreadable for ever: their key is destroyed. Run again if cut short.

    Only in an encrypted home (outcomes init --encrypt). The erasure itself is recorded in the log, without the person.

    Example: outcomes erase --student 87Jpg4CKBJZCmpaXZzTWNfiKKp2cga4CgOtcjmuM --reason "request of 12 May"
    """
    if not reason.strip():
        raise UsageError("an erasure needs a reason: --reason TEXT, without the person's name")
    with opened(home_of(context)) as session:
        encryption_of(session.home, session.log)
        with caught_up(session) as connection:
            point = resolve(connection, PointQuery(tenant))
        with progress("erasing") as advance:
            value = erase_person(
                session.home,
                session.log,
                session.views,
                point,
                student,
                reason=reason,
                erased_by=getpass.getuser(),
                all_traces=all_traces,
                clock=now,
                watch=lambda position, head: advance(position, head, position),
            )
    answer(value, form, lambda: rendering.facts(value or {}), lambda: [] if value is None else [value])
    if value is None:
        say("nothing of this person was ever here: nothing was changed")
        raise typer.Exit(1)


_COLUMNS = ("outcome_id", "outcome_title", "students", "assessed", "mean", "median", "mastered")


def show_class(
    context: typer.Context,
    *,
    course: Annotated[str, typer.Option("--course", metavar="ID", help="The course.")],
    tenant: TenantOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Tell how a class stands, outcome by outcome, without names; and how it stood when someone was erased.

    Example: outcomes class --course 4450 --as-of 2026-01-01
    """
    with at(home_of(context), asked(tenant, as_of, known_at)) as question:
        value = class_answer(question.connection, question.point, course)
    answer(value, form, lambda: _draw(value))
    if not value:
        say("no results in this course at this point; outcomes status lists what the log holds")


def _draw(value: list[dict[str, Any]]) -> Any:
    rows = []
    for row in value:
        rows.append((*(row[name] for name in _COLUMNS), _spread(row["distribution"]), None))
        rows += [
            (None, None, *(kept[name] for name in _COLUMNS[2:]), _spread(kept["distribution"]), kept["erased_at"])
            for kept in row["kept"]
        ]
    return rendering.table((*_COLUMNS, "distribution", "kept at an erasure"), rows)


def _spread(levels: list[dict[str, Any]]) -> str:
    return ", ".join(f"{level['rating']}: {level['students']}" for level in levels if level["students"])
