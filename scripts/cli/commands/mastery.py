"""Mastery: `mastery`, `explain`, `history`, `impact`, and the settings that Canvas keeps to itself: `settings`."""

from typing import Annotated

import typer

from outcomes.cli.command_line import CommandLine
from outcomes.cli.options import (
    AfterOption,
    AsOfOption,
    CourseOption,
    Format,
    FormatOption,
    KnownAtOption,
    LimitOption,
    NewestFirstOption,
    OutcomeOption,
    StudentOption,
    TenantOption,
)
from outcomes.cli.output import answer, answer_nothing, answer_part, say
from outcomes.cli.session import at, opened
from outcomes.cli.spreadsheets import writes_csv
from outcomes.domain.times import micros, to_text

# The last one is of the home; the API has the same names, and a test compares them.
SETTINGS = ("account_level_mastery_scales", "outcomes_new_decaying_average_calculation", "redact")

settings_app = CommandLine()


def mastery(  # noqa: PLR0913 - one for each option
    context: typer.Context,
    *,
    course: Annotated[str | None, typer.Option("--course", metavar="ID", help="One course.")] = None,
    student: Annotated[str | None, typer.Option("--student", metavar="UUID", help="One student.")] = None,
    outcome: Annotated[str | None, typer.Option("--outcome", metavar="ID", help="One outcome.")] = None,
    section: Annotated[
        str | None, typer.Option("--section", metavar="ID", help="Only this section's students: its id or SIS id.")
    ] = None,
    term: Annotated[
        str | None, typer.Option("--term", metavar="ID", help="Only this term's courses: its id or SIS id.")
    ] = None,
    account: Annotated[
        str | None, typer.Option("--account", metavar="ID", help="Only courses below this account: its id or SIS id.")
    ] = None,
    method: Annotated[
        str | None, typer.Option("--method", metavar="NAME[:INT]", help="What if: this method, e.g. n_mastery:3.")
    ] = None,
    mastery_points: Annotated[
        float | None, typer.Option("--mastery-points", metavar="X", help="What if: mastery from X points up.")
    ] = None,
    scale: Annotated[
        str | None, typer.Option("--scale", metavar="FILE", help="What if: the levels in this JSON file.")
    ] = None,
    compare: Annotated[bool, typer.Option("--compare", help="What if: only those whose status flips.")] = False,
    include_removed: Annotated[
        bool, typer.Option("--include-removed", help="Include students whose enrollments there are all deleted.")
    ] = False,
    limit: LimitOption = None,
    after: AfterOption = None,
    newest_first: NewestFirstOption = False,
    tenant: TenantOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show each student's score and mastery, by Canvas's own arithmetic, now or at any time.

    A course in table form is a heat map. What-if options answer the same question with another policy; a scale file
    holds a list of {"description", "points", "mastery"}.

    Example: outcomes mastery --course 100 --as-of 2013-12-01
    """
    with at(context, tenant, as_of, known_at) as point:
        found = point.mastery(
            course=course,
            student=student,
            outcome=outcome,
            section=section,
            term=term,
            account=account,
            method=method,
            mastery_points=mastery_points,
            scale=scale,
            compare=compare,
            include_removed=include_removed,
            limit=limit,
            after=after,
            newest_first=newest_first,
        )
        answer_part(found, form)
        is_empty = not compare and not found
    if is_empty:
        say("no results at this point; outcomes status lists what the log holds, --include-removed also shows removed")


def explain(
    context: typer.Context,
    *,
    course: CourseOption,
    student: StudentOption,
    outcome: OutcomeOption,
    tenant: TenantOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Say why a score is what it is: every result, its weight, and the sum to check by hand.

    Example: outcomes explain --course 100 --student ou00306466 --outcome 501
    """
    with at(context, tenant, as_of, known_at) as point:
        found = point.explain(course=course, student=student, outcome=outcome)
    if found is None:
        from outcomes.api.answers.mastery import Explanation  # noqa: PLC0415 - slow to load

        answer_nothing(Explanation, form)
        say(f"no result of student {student} on outcome:{outcome} in Course:{course} at this point")
        raise typer.Exit(1)
    answer(found, form)


def history(
    context: typer.Context,
    *,
    course: CourseOption,
    student: StudentOption,
    outcome: OutcomeOption,
    tenant: TenantOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Follow a score over time: every instant at which it or its mastery changed, and what changed it.

    Example: outcomes history --course 100 --student ou00306466 --outcome 501
    """
    with at(context, tenant, as_of, known_at) as point:
        found = point.history(course=course, student=student, outcome=outcome)
    answer(found, form)
    if not found:
        say(f"no score of student {student} on outcome:{outcome} in Course:{course} up to this point")


def impact(
    context: typer.Context,
    entity: Annotated[
        str | None,
        typer.Argument(metavar="[OUTCOME]", help="An outcome's id, or proficiency:ID, or calculation_method:ID."),
    ] = None,
    *,
    course: Annotated[str | None, typer.Option("--course", metavar="ID", help="One course.")] = None,
    tenant: TenantOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show, for each change of a policy, how many students' mastery flipped with no new work.

    With --course, only in that course; without an outcome, by any edit of outcomes, scales, methods, settings or links.

    Example: outcomes impact 501
    """
    with at(context, tenant, as_of, known_at) as point:
        found = point.impact(entity, course=course)
        answer(found, form)
        if not found:
            say(f"no change of the policy of {entity or f'Course:{course}'} at this point")


@settings_app.command("set")
def set_setting(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help=f"One of {', '.join(SETTINGS)}.")],
    values: Annotated[list[str], typer.Argument(metavar="on|off|HOST…", help="For hosts: their names, or any.")],
    *,
    since: Annotated[str | None, typer.Option("--since", metavar="T", help="From this event time; else now.")] = None,
    tenant: TenantOption = None,
) -> None:
    """Record in the log a feature of a root account, as of a time: Canvas's events do not report it.

    hosts names the hosts whose events are taken from now on; events from others go to quarantine.

    Example: outcomes settings set account_level_mastery_scales on --since 2024-08-01
    """
    with opened(context, create=name == "redact") as home:
        if name == "hosts":
            found = home.settings.set_hosts(*values, tenant=tenant)
        else:
            found = home.settings.set(name, " ".join(values), since=since, tenant=tenant)
    if found.position is None:
        say(f"{name} is {found.value} from now on")
        return
    moment = to_text(micros(found.since))
    say(f"{name} is {found.value} from {moment} on, recorded at position {found.position}")


@settings_app.command("list")
@writes_csv
def list_settings(
    context: typer.Context,
    *,
    tenant: TenantOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """List the settings of a tenant at a point.

    Example: outcomes settings list --as-of 2024-09-01
    """
    with at(context, tenant, as_of, known_at) as point:
        answer(point.settings(), form)
