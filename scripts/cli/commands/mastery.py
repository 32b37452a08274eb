"""Mastery: `mastery`, `explain`, `impact`, and the settings that Canvas keeps to itself: `settings`."""

import re
from collections.abc import Callable, Iterable
from math import inf
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from outcomes.cli import heat_map, rendering
from outcomes.cli.commands.init import redaction, set_redaction
from outcomes.cli.options import AsOfOption, Format, FormatOption, KnownAtOption, TenantOption, asked, home_of, now
from outcomes.cli.output import answer, say
from outcomes.cli.session import at, opened
from outcomes.domain.entities.setting import SETTING_EVENT
from outcomes.domain.errors import UnreadableInput, UsageError
from outcomes.domain.identity import Kind, parse_kind
from outcomes.domain.mastery import CalculationMethod, MasteryScale, Rating
from outcomes.domain.times import parse_argument, to_text
from outcomes.projections.as_of.names import student_names
from outcomes.projections.history.policy_impact import HAVE_POLICY, flips, override
from outcomes.projections.history.policy_impact import impact as impact_of
from outcomes.projections.mastery.explanation import explanation
from outcomes.projections.mastery.policy import SETTINGS, PolicyBook
from outcomes.projections.mastery.query import MasteryRow, Override, mastery_at
from outcomes.projections.mastery.results import Scope
from outcomes.store.ingest.ingest import Ingest
from outcomes.store.privacy.settings import REDACT
from outcomes.store.sources.json_splitter import split

_SIZE = re.compile("[0-9]{1,3}")

settings_app = typer.Typer(no_args_is_help=True)

_REDACT_MEANING = (
    "of the whole home, now: client_ip, user_agent, session_id, referrer, user_login are dropped before writing"
)

_COLUMNS = (
    "course_id",
    "student",
    "outcome_id",
    "outcome_title",
    "score",
    "mastered",
    "rating",
    "mastery_points",
    "calculation_method",
    "calculation_int",
    "results_used",
    "enrollment",
    "notes",
)


def mastery(  # noqa: PLR0913 - one for each option
    context: typer.Context,
    *,
    course: Annotated[str | None, typer.Option("--course", metavar="ID", help="One course.")] = None,
    student: Annotated[str | None, typer.Option("--student", metavar="UUID", help="One student.")] = None,
    outcome: Annotated[str | None, typer.Option("--outcome", metavar="ID", help="One outcome.")] = None,
    method: Annotated[
        str | None, typer.Option("--method", metavar="NAME[:INT]", help="What if: this method, e.g. n_mastery:3.")
    ] = None,
    mastery_points: Annotated[
        float | None, typer.Option("--mastery-points", metavar="X", help="What if: mastery from X points on.")
    ] = None,
    scale: Annotated[
        str | None, typer.Option("--scale", metavar="FILE", help="What if: the levels in this JSON file.")
    ] = None,
    compare: Annotated[bool, typer.Option("--compare", help="What if: only those whose status flips.")] = False,
    include_removed: Annotated[
        bool, typer.Option("--include-removed", help="Also students all of whose enrollments there are deleted.")
    ] = False,
    tenant: TenantOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Tell each student's score and mastery, by Canvas's own arithmetic, now or at any time.

    A course in table form is a heat map. What-if options answer the same question with another policy; a scale file
    holds a list of {"description", "points", "mastery"}.

    Example: outcomes mastery --course 100 --as-of 2013-12-01
    """
    scope = Scope(course, student, outcome)
    what_if = _what_if(method, mastery_points, scale)
    if compare and what_if is None:
        raise UsageError("--compare needs another policy to compare with: give --method, --mastery-points or --scale")
    with at(home_of(context), asked(tenant, as_of, known_at)) as question:
        connection, point = question.connection, question.point
        replaced = None if what_if is None else what_if(PolicyBook(connection, point))
        rows = list(mastery_at(connection, point, scope, override=replaced, include_removed=include_removed))
        if compare:
            now_in_force = mastery_at(connection, point, scope, include_removed=include_removed)
            changed = [flip.as_json() for flip in flips(now_in_force, rows)]
            answer(changed, form, lambda: _draw_flips(changed))
            return
        names = student_names(connection, point, (row.student for row in rows))
    value = [{**row.as_json(), "student_name": names.get(row.student)} for row in rows]
    answer(value, form, lambda: _draw(rows, names, course))
    if not rows:
        say("no results at this point; outcomes status lists what the log holds, --include-removed also shows removed")


def explain(
    context: typer.Context,
    *,
    course: Annotated[str, typer.Option("--course", metavar="ID", help="The course.")],
    student: Annotated[str, typer.Option("--student", metavar="UUID", help="The student.")],
    outcome: Annotated[str, typer.Option("--outcome", metavar="ID", help="The outcome.")],
    tenant: TenantOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Say why a score is what it is: every result, its weight, and the sum to check by hand.

    Example: outcomes explain --course 100 --student ou00306466 --outcome 501
    """
    with at(home_of(context), asked(tenant, as_of, known_at)) as question:
        value = explanation(question.connection, question.point, course, student, outcome)
    if value is None:
        answer(None, form, lambda: "", list)
        say(f"no result of student {student} on outcome:{outcome} in Course:{course} at this point")
        raise typer.Exit(1)
    answer(value, form, lambda: rendering.explanation(value))


def impact(
    context: typer.Context,
    entity: Annotated[
        str, typer.Argument(metavar="OUTCOME", help="An outcome's id, or proficiency:ID, or calculation_method:ID.")
    ],
    *,
    tenant: TenantOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Tell, for each change of a policy, how many students' mastery flipped with no new work.

    Example: outcomes impact 501
    """
    kind_text, colon, local_id = entity.partition(":")
    kind = parse_kind(kind_text) if colon else Kind.OUTCOME
    if kind not in HAVE_POLICY:
        raise UsageError(f"{kind} has no policy: name an outcome, proficiency:ID or calculation_method:ID")
    with at(home_of(context), asked(tenant, as_of, known_at)) as question:
        changes = list(
            impact_of(question.connection, question.log, question.point, kind, local_id if colon else entity)
        )
    answer(changes, form, lambda: _draw_impact(changes))
    if not changes:
        say(f"no change of the policy of {entity} at this point")


@settings_app.command("set")
def set_setting(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help=f"One of {', '.join(SETTINGS)}, {REDACT}.")],
    value: Annotated[str, typer.Argument(metavar="on|off")],
    *,
    since: Annotated[str | None, typer.Option("--since", metavar="T", help="From this event time; else now.")] = None,
    tenant: TenantOption = None,
) -> None:
    """Record a feature of a root account, which no Canvas event tells, in the log, as of a time.

    Example: outcomes settings set account_level_mastery_scales on --since 2024-08-01
    """
    if name not in {*SETTINGS, REDACT}:
        raise UsageError(f"no such setting: {name!r}: use {', '.join(SETTINGS)} or {REDACT}")
    if value.lower() not in {"on", "off"}:
        raise UsageError(f"not on or off: {value!r}")
    if name == REDACT:
        if since is not None or tenant is not None:
            raise UsageError("redact is of the whole home, from now on: leave --since and --tenant out")
        with opened(home_of(context), create=True) as session:
            set_redaction(session.home, session.log, value.lower())
        say(f"{name} is {value.lower()} from now on")
        return
    moment = now() if since is None else parse_argument(since)
    home = home_of(context)
    with at(home, asked(tenant, None, None)) as question:
        if not question.point.tenant:
            raise UsageError("the log is empty: ingest events first, so that the tenant is known")
        uuid = question.point.tenant
    event = {
        "metadata": {
            "event_name": SETTING_EVENT,
            "event_time": to_text(moment),
            "root_account_uuid": uuid,
            "producer": "outcomes",
        },
        "body": {"setting": name, "value": value.lower() == "on"},
    }
    with opened(home) as session:
        run = Ingest(session.home, session.log, now, session.views)
        run.take_segments(split([orjson.dumps(event)]), "settings")
    if run.report.quarantined:
        raise UsageError(f"{to_text(moment)} cannot be the time of an event: see outcomes quarantine list")
    say(f"{name} is {value.lower()} from {to_text(moment)} on, recorded at position {run.report.head}")


@settings_app.command("list")
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
    with at(home_of(context), asked(tenant, as_of, known_at)) as question:
        book = PolicyBook(question.connection, question.point)
        found = [
            {"setting": name, "value": _setting(book, name), "meaning": meaning} for name, meaning in SETTINGS.items()
        ]
        found.append({"setting": REDACT, "value": redaction(question.log), "meaning": _REDACT_MEANING})
    columns = ("setting", "value", "meaning")
    answer(found, form, lambda: rendering.table(columns, ([row[name] for name in columns] for row in found)))


def _setting(book: PolicyBook, name: str) -> str:
    on, off = book.setting(name, default=True), book.setting(name, default=False)
    return "not set" if on != off else "on" if on else "off"


def _what_if(
    method: str | None, mastery_points: float | None, scale: str | None
) -> Callable[[PolicyBook], Override] | None:
    """Read the policy that is asked about; what its method's name means is for the tenant's policy book to say."""
    if method is None and mastery_points is None and scale is None:
        return None
    if mastery_points is not None and not 0 <= mastery_points < inf:
        raise UsageError(f"not a number of points: {mastery_points}: write one from 0 on, for example 3.5")
    named = None if method is None else _method(method)
    levels = None if scale is None else _scale(scale)
    return lambda book: override(
        calculation=None if named is None else book.calculation(*named), scale=levels, mastery_points=mastery_points
    )


def _method(text: str) -> tuple[str, int | None]:
    name, _, size = text.partition(":")
    if name not in set(CalculationMethod) or (size and not _SIZE.fullmatch(size)):
        raise UsageError(
            f"not a method: {text!r}: write one of {', '.join(CalculationMethod)}, with :INT where it has one"
        )
    return name, int(size) if size else None


def _scale(path: str) -> MasteryScale:
    try:
        value = orjson.loads(Path(path).read_bytes())
        levels = value["outcome_proficiency_ratings"] if isinstance(value, dict) else value
        ratings = [
            Rating(str(level["description"]), float(level["points"]), bool(level.get("mastery"))) for level in levels
        ]
        return MasteryScale.of_proficiency(ratings)
    except OSError as error:
        raise UnreadableInput(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableInput(
            f'{path} is no scale ({error}): write a list of {{"description", "points", "mastery"}}, '
            "with mastery true in one of them",
        ) from error


def _draw(rows: list[MasteryRow], names: dict[str, str], course: str | None) -> Any:
    if course is not None and rows:
        return heat_map.heat_map(rows, names)
    cells = ([_cell(row, name, names) for name in _COLUMNS] for row in rows)
    return rendering.table(_COLUMNS, cells)


def _cell(row: MasteryRow, column: str, names: dict[str, str]) -> Any:
    if column == "student":
        return names.get(row.student, row.student)
    value = getattr(row, column)
    return "; ".join(value) if isinstance(value, tuple) else value


def _draw_flips(changed: list[dict[str, Any]]) -> Any:
    columns = ("course_id", "student", "outcome_id", "outcome_title", "score", "mastered")
    return rendering.table(columns, ([_arrow(row[name]) for name in columns] for row in changed))


def _draw_impact(changes: Iterable[dict[str, Any]]) -> Any:
    rows = []
    for change in changes:
        fields = "; ".join(f"{name}: {_arrow(value)}" for name, value in change["fields"].items())
        who = change["actor"]["login"] or change["actor"]["job"]
        rows.append((change["event_time"], fields, who, change["gained"], change["lost"], change["flipped"]))
    return rendering.table(("when", "change", "by", "gained mastery", "lost mastery", "flipped"), rows)


def _arrow(value: Any) -> Any:
    return rendering.arrow(value[0], value[1], None) if isinstance(value, list) else value
