"""Time compared with time: `diff`, `blame`, `late`, `replay`."""

import re
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from outcomes.cli import rendering
from outcomes.cli.options import AsOfOption, Format, FormatOption, KnownAtOption, TenantOption, asked, home_of
from outcomes.cli.output import answer, clean, draw, say, write_lines
from outcomes.cli.session import at, caught_up, opened, placed
from outcomes.domain.errors import UsageError
from outcomes.domain.identity import parse_context, parse_kind
from outcomes.domain.times import Micros
from outcomes.projections.export.state_file import Sink, SqliteFile
from outcomes.projections.export.state_file import replay as replay_to
from outcomes.projections.history.blame import blame as blame_of
from outcomes.projections.history.diff import diff as diff_of
from outcomes.projections.history.diff import policies_changed, students_changed
from outcomes.projections.history.late import late as late_of

_FIELDS_SHOWN = 3
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
            before = placed(connection, asked(tenant, from_, known_at))
            after = placed(connection, asked(tenant, to, known_at))
        else:
            before = placed(connection, asked(tenant, as_of, from_known))
            after = placed(connection, asked(tenant, as_of, to_known))
        value: dict[str, Any] = dict(diff_of(connection, session.log, before, after, where))
        value["policies"] = list(policies_changed(connection, session.log, before, after, where))
        if students:
            value["students"] = list(students_changed(connection, before, after, where))
    value["from"], value["to"] = before.heading(), after.heading()
    rows = [_cells(name, row) for name in (*_CHANGES, "policies", "students") for row in value.get(name, ())]
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
        fields = blame_of(question.log, question.point, wanted, local_id)
    value = {"kind": wanted.value, "id": local_id, "fields": fields or {}}
    rows = [{"field": name, **field} for name, field in (fields or {}).items()]
    answer(value, form, lambda: _draw_blame(rows), lambda: rows)
    if fields is None:
        say(f"nothing is known of {wanted}:{local_id} at this point")
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
        found = late_of(question.connection, question.log, question.point, least)
        if form is Format.TABLE:
            draw(_draw_late(found))
        else:
            write_lines(found, form)


class ReplayFormat(StrEnum):
    """How the state is written and the answer told: all but Parquet make a SQLite file."""

    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"
    PARQUET = "parquet"


def replay(
    context: typer.Context,
    *,
    to: Annotated[
        Path, typer.Option("--to", metavar="FILE.db|FOLDER", help="The file (or folder) to make; must not be there.")
    ],
    tenant: TenantOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    form: Annotated[
        ReplayFormat,
        typer.Option(
            "--format", case_sensitive=False, help="Form of the answer; parquet makes a folder, a file per table."
        ),
    ] = ReplayFormat.TABLE,
) -> None:
    """Write the whole state at a point to a new SQLite file with plain tables, to be opened without us.

    With --format parquet it is a new folder with one .parquet file for each table.

    Example: outcomes replay --as-of 2013-12-01 --to december.db
    """
    with at(home_of(context), asked(tenant, as_of, known_at)) as question:
        sink: type[Sink] = SqliteFile
        if form is ReplayFormat.PARQUET:
            from outcomes.projections.export.parquet import ParquetFolder  # noqa: PLC0415 - pyarrow is slow to load, and needed here only

            sink = ParquetFolder
        value = replay_to(question.connection, question.log, question.point, to, sink)
    told = Format.TABLE if form is ReplayFormat.PARQUET else Format(form.value)
    answer(value, told, lambda: rendering.facts(value))


_CHANGES = ("added", "removed", "moved", "changed")


def _duration(text: str) -> Micros:
    found = _DURATION.fullmatch(text.strip().lower())
    if found is None:
        raise UsageError(f"not a duration: {text!r}: write a number with s, m, h, d or w, for example 36h")
    seconds = float(found[1]) * _UNITS[found[2]]
    if seconds > _LONGEST_SECONDS:
        raise UsageError(f"longer than any event can be late: {text!r}: at most 10000w")
    return int(seconds * 1_000_000)


_DIFF_COLUMNS = (
    "change",
    "kind",
    "id",
    "title",
    "context",
    "parent_id",
    "link_id",
    "parent",
    "renamed",
    "fields",
    "course_id",
    "student",
    "outcome_id",
    "score",
    "mastered",
)


def _cells(name: str, row: dict[str, Any]) -> dict[str, Any]:
    """Give every line of NDJSON and CSV the same columns, whatever it tells of."""
    return {column: row.get(column) for column in _DIFF_COLUMNS} | {"change": row.get("change") or name}


def _draw_diff(value: dict[str, Any]) -> Any:
    rows: list[tuple[Any, ...]] = []
    for name in _CHANGES:
        for row in value[name]:
            what = "" if name in {"added", "removed"} else _fields(row["fields"])
            if "parent" in row:
                what = _moved(row["parent"])
            called = "renamed" if "renamed" in row else name
            rows.append((called, row["context"], f"{row['kind']}:{row['id']}", row["title"], what))
    rows += [
        (row["change"], "", f"{row['kind']}:{row['id']}", row["title"], _fields(row["fields"]))
        for row in value["policies"]
    ]
    rows += [
        ("student", f"Course:{row['course_id']}", f"outcome:{row['outcome_id']}", row["student"],
         f"score {_arrow(row['score'])}, mastery {_arrow(row['mastered'])}"
         + (", removed from the course" if row["enrollment"] == "deleted" else ""))
        for row in value.get("students", ())
    ]  # fmt: skip
    return rendering.table(("change", "context", "what", "title", "from → to"), rows)


def _fields(fields: dict[str, list[Any]]) -> str:
    return "; ".join(f"{name}: {_arrow(change)}" for name, change in fields.items())


def _draw_blame(rows: list[dict[str, Any]]) -> Any:
    columns = ("field", "value", "since", "by", "position")
    return rendering.table(
        columns,
        (
            (
                row["field"],
                rendering.shortened(row["value"]),
                row["since"],
                rendering.actor(row["actor"]),
                row["position"],
            )
            for row in rows
        ),
    )


def _draw_late(found: Iterable[dict[str, Any]]) -> Any:
    rows = []
    for entry in found:
        effect = "overtaken by a later event" if entry["overtaken"] else entry["change"]
        if not entry["overtaken"] and entry["change"] == "updated":
            effect = _fields(dict(list(entry["fields"].items())[:_FIELDS_SHOWN]))
        places = [
            f"{name} {row['kind']}:{row['id']}" + (f": {_moved(row['parent'])}" if name == "moved" else "")
            for name, moved in entry["tree"].items()
            for row in moved
        ]
        scores = [f"{row['student']}: {_arrow(row['score'])}" for row in entry["scores"]]
        days = entry["late_by_seconds"] / 86_400
        what = f"{entry['kind']}:{entry['id']}"
        effects = Text("\n".join(clean(part) for part in (effect, _first(places), _first(scores)) if part))
        rows.append((entry["event_time"], f"{days:.1f} days", what, entry["title"], effects, entry["position"]))
    return rendering.table(("happened", "late by", "what", "title", "effect", "position"), rows)


def _first(parts: list[str]) -> str:
    more = len(parts) - _FIELDS_SHOWN
    return "; ".join([*parts[:_FIELDS_SHOWN], *([f"and {more} more"] if more > 0 else [])])


def _moved(parents: list[str | None]) -> str:
    return _arrow([None if parent is None else f"group:{parent}" for parent in parents])


def _arrow(change: list[Any]) -> str:
    return rendering.arrow(change[0], change[1])
