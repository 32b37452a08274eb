"""Forgetting one, and telling of all: `erase`, `class`."""

from typing import Annotated

import typer

from outcomes.cli.options import AsOfOption, CourseOption, Format, FormatOption, KnownAtOption, TenantOption
from outcomes.cli.output import answer, answer_nothing, say
from outcomes.cli.progress import progress
from outcomes.cli.session import at, opened
from outcomes.domain.phrasing import listed


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
    """Make all that is stored about a person unreadable for ever: their key is destroyed. If interrupted, run it again.

    Only in an encrypted home (outcomes init --encrypt). The erasure itself is recorded in the log, without the person.

    Example: outcomes erase --student 87Jpg4CKBJZCmpaXZzTWNfiKKp2cga4CgOtcjmuM --reason "request of 12 May"
    """
    with opened(context) as home, progress("erasing") as advance:
        found = home.erase(
            student=student,
            reason=reason,
            all_traces=all_traces,
            tenant=tenant,
            watch=lambda position, head: advance(position, head, position),
        )
    if found is None:
        from outcomes.api.answers.operations import Erased  # noqa: PLC0415 - seldom asked for

        answer_nothing(Erased, form)
        say("nothing of this person was ever here: nothing was changed")
        raise typer.Exit(1)
    answer(found, form)
    if found.results_also_of:
        say(
            f"results of theirs were told of {listed(found.results_also_of)} at another time, as after a merge of "
            "users, and show there as they did then: if that is the same person, erase these, too"
        )


def show_class(
    context: typer.Context,
    *,
    course: CourseOption,
    tenant: TenantOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show how a class stands, outcome by outcome, without names; and how it stood when someone was erased.

    Example: outcomes class --course 4450 --as-of 2026-01-01
    """
    with at(context, tenant, as_of, known_at) as point:
        found = point.class_(course=course)
    answer(found, form)
    if not found:
        say("no results in this course at this point; outcomes status lists what the log holds")
