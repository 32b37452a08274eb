"""Time compared with time: `diff`, `blame`, `late`, `replay`."""

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from domain.errors import UsageError
from domain.identity import parse_context, parse_kind
from domain.times import Micros
from projections.blame import blame as blame_of
from projections.diff import diff as diff_of
from projections.diff import students_changed
from projections.late import late as late_of
from projections.point import resolve
from projections.replay import replay as replay_to
from scripts import render
from scripts.options import AsOfOption, Format, FormatOption, KnownAtOption, TenantOption, asked, home_of
from scripts.output import answer, say
from scripts.session import at, caught_up, opened

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_LONGEST_SECONDS = 10_000 * 604_800  # event times lie between 1970 and 2108
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")


def diff(
    context: typer.Context,
    *,
    place: Annotated[
        str | None, typer.Option("--context", metavar="C", help="Account:1, Course:1234 or Global; else all of them.")
    ] = None,
    from_: Annotated[str | None, typer.Option("--from", metavar="T1", help="The earlier event time.")] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="T2", help="The later one; else now.")] = None,
    from_known: Annotated[
        str | None, typer.Option("--from-known", metavar="P1", help="As the log knew it at this position or time.")
    ] = None,
    to_known: Annotated[str | None, typer.Option("--to-known", metavar="P2", help="And at this one; else now.")] = None,
    students: Annotated[bool, typer.Option("--students", help="Add whose score or mastery changed.")] = False,
    tenant: TenantOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Compare two trees: at two event times, or at one as the log knew it at two points.

    Example: outcomes diff --context Account:1 --from 2012-10-01 --to 2012-12-01
    """
    if (from_ is None) == (from_known is None):
        raise UsageError("say from when: --from T1 [--to T2], or --from-known P1 [--to-known P2]")
    where = None if place is None else parse_context(place)
    with opened(home_of(context)) as session, caught_up(session) as connection:
        if from_ is not None:
            before = resolve(connection, asked(tenant, from_, known_at))
            after = resolve(connection, asked(tenant, to, known_at))
        else:
            before = resolve(connection, asked(tenant, as_of, from_known))
            after = resolve(connection, asked(tenant, as_of, to_known))
        value: dict[str, Any] = dict(diff_of(connection, session.log, before, after, where))
        if students:
            value["students"] = list(students_changed(connection, before, after, where))
    value["from"], value["to"] = before.heading(), after.heading()
    rows = [{"change": name, **row} for name in (*_CHANGES, "students") for row in value.get(name, ())]
    answer(value, form, lambda: _draw_diff(value), lambda: rows)


def blame(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(metavar="KIND", help="outcome, group, link, proficiency, result, …")],
    local_id: Annotated[str, typer.Argument(metavar="ID", help="Canvas's own id.")],
    *,
    tenant: TenantOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Say of each field of an entity who made it what it is, and since when.

    Example: outcomes blame outcome 501
    """
    wanted = parse_kind(kind)
    with at(home_of(context), asked(tenant, as_of, known_at)) as question:
        fields = blame_of(question.connection, question.log, question.point, wanted, local_id)
    value = {"kind": wanted.value, "id": local_id, "fields": fields or {}}
    rows = [{"field": name, **field} for name, field in (fields or {}).items()]
    answer(value, form, lambda: _draw_blame(rows), lambda: rows)
    if fields is None:
        say(f"nothing is known of {wanted} {local_id} at this point")
        raise typer.Exit(1)


def late(
    context: typer.Context,
    *,
    over: Annotated[
        str, typer.Option("--over", metavar="DURATION", help="At least so late: 90s, 15m, 1h, 2d, 1w.")
    ] = "1h",
    tenant: TenantOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """List events that were recorded long after they happened, and what each of them changed.

    Example: outcomes late --over 2d
    """
    least = _duration(over)
    with at(home_of(context), asked(tenant, as_of, known_at)) as question:
        found = list(late_of(question.connection, question.log, question.point, least))
    answer(found, form, lambda: _draw_late(found))


def replay(
    context: typer.Context,
    *,
    to: Annotated[Path, typer.Option("--to", metavar="FILE.db", help="The SQLite file to make; must not be there.")],
    tenant: TenantOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Write the whole state at a point to a new SQLite file with plain tables, to be opened without us.

    Example: outcomes replay --as-of 2013-12-01 --to december.db
    """
    with at(home_of(context), asked(tenant, as_of, known_at)) as question:
        value = replay_to(question.connection, question.log, question.point, to)
    answer(value, form, lambda: render.facts(value))


_CHANGES = ("added", "removed", "moved", "changed")


def _duration(text: str) -> Micros:
    found = _DURATION.fullmatch(text.strip().lower())
    if found is None:
        raise UsageError(f"not a duration: {text!r}: write a number with s, m, h, d or w, for example 36h")
    seconds = float(found[1]) * _UNITS[found[2]]
    if seconds > _LONGEST_SECONDS:
        raise UsageError(f"longer than any event can be late: {text!r}: at most 10000w")
    return int(seconds * 1_000_000)


def _draw_diff(value: dict[str, Any]) -> Any:
    rows = []
    for name in _CHANGES:
        for row in value[name]:
            what = "; ".join(f"{field}: {_arrow(change)}" for field, change in row["fields"].items())
            if "parent" in row:
                what = f"group {_arrow(row['parent'])}"
            rows.append((name, row["context"], f"{row['kind']} {row['id']}", row["title"], what))
    rows += [
        ("student", f"Course:{row['course_id']}", f"outcome {row['outcome_id']}", row["student"],
         f"score {_arrow(row['score'])}, mastery {_arrow(row['mastered'])}")
        for row in value.get("students", ())
    ]  # fmt: skip
    return render.table(("change", "context", "what", "title", "from → to"), rows)


def _draw_blame(rows: list[dict[str, Any]]) -> Any:
    columns = ("field", "value", "since", "by", "position")
    return render.table(
        columns,
        (
            (row["field"], render.shortened(row["value"]), row["since"], _who(row["actor"]), row["position"])
            for row in rows
        ),
    )


def _draw_late(found: list[dict[str, Any]]) -> Any:
    rows = []
    for entry in found:
        effect = "overtaken by a later event" if entry["overtaken"] else entry["change"]
        scores = "; ".join(f"{row['student']}: {_arrow(row['score'])}" for row in entry["scores"][:3])
        days = entry["late_by_seconds"] / 86_400
        what = f"{entry['kind']} {entry['id']}"
        rows.append((entry["event_time"], f"{days:.1f} days", what, entry["title"], effect, scores, entry["position"]))
    return render.table(("happened", "late by", "what", "title", "effect", "scores", "position"), rows)


def _who(actor: dict[str, Any]) -> Any:
    return actor["login"] or actor["user_id"] or actor["job"]


def _arrow(change: list[Any]) -> str:
    return f"{render.shortened(change[0])} → {render.shortened(change[1])}"
