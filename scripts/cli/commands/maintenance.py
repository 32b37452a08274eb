"""Keeping the record: `digest`, `log`, `verify`, `rebuild`, `status`."""

from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any

import typer

from outcomes.cli import rendering
from outcomes.cli.options import AsOfOption, Format, FormatOption, KnownAtOption, TenantOption, asked, home_of
from outcomes.cli.output import answer, write_json, write_lines
from outcomes.cli.progress import progress
from outcomes.cli.session import caught_up, opened, placed_cut
from outcomes.domain.errors import UsageError
from outcomes.domain.event import ErasedEvent, Event, OtherEvent
from outcomes.domain.times import to_text
from outcomes.projections.as_of.fingerprint import fingerprint_at
from outcomes.projections.as_of.point import LogCut, RecordedTimes, tenants
from outcomes.projections.operations.rebuild import rebuild as rebuild_views
from outcomes.projections.operations.status import status as status_of
from outcomes.projections.operations.verify import Checks, verify_home
from outcomes.store.log.event_log import EventLog
from outcomes.store.log.migrations import rearm as put_back_triggers
from outcomes.store.log.recorder import LogRecord
from outcomes.store.operations.checkpoint import parse_checkpoint


def digest(
    context: typer.Context,
    *,
    tenant: TenantOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Fingerprint the whole state: equal for equal histories, whatever order they arrived in.

    Example: outcomes digest --as-of 2013-12-01
    """
    with opened(home_of(context)) as session, caught_up(session) as connection:
        _check_tenant(tenant, tenants(connection))
        cut = placed_cut(connection, asked(tenant, as_of, known_at))
        found = fingerprint_at(connection, cut, tenant)
    value = {
        "digest": found.digest,
        "entities": found.entities,
        "as_of": None if cut.as_of is None else to_text(cut.as_of),
        "known_at": cut.known_at,
    }
    answer(value, form, lambda: rendering.facts(value))


def log(
    context: typer.Context,
    *,
    after: Annotated[int, typer.Option("--after", metavar="P", help="Only events after this position.", min=0)] = 0,
    limit: Annotated[int | None, typer.Option("--limit", metavar="N", help="At most so many.", min=0)] = None,
    tenant: TenantOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    form: FormatOption = Format.NDJSON,
) -> None:
    """Print the events as they came, one a line, in the order in which they were appended.

    ingest takes the output back. Of an event whose person was erased there is a line {"erased": …}, which ingest puts
    in quarantine. Line breaks inside an event (between its tokens) are printed as spaces.
    With --format table, csv or json: position, time, name and entity of each instead.

    Example: outcomes log --after 1000 --limit 10
    """
    with opened(home_of(context)) as session, caught_up(session) as connection:
        _check_tenant(tenant, tenants(connection))
        cut = placed_cut(connection, asked(tenant, as_of, known_at))
        chosen = islice(_chosen(session.log, cut, after, tenant), None if limit is None else min(limit, cut.known_at))
        if form is Format.NDJSON:
            for record, _ in chosen:
                # A line break cannot stand inside a JSON string, so a space in its place changes nothing.
                raw = session.log.raw(record).replace(b"\r", b" ").replace(b"\n", b" ")
                write_json(raw + b"\n")
            return
        recorded = RecordedTimes(connection)
        rows = (_log_row(record, event or session.log.parse(record), recorded) for record, event in chosen)
        if form is Format.TABLE:
            listed = list(rows)
            answer(listed, form, lambda: rendering.table(list(listed[0]) if listed else [], map(_cells, listed)))
        else:
            write_lines(rows, form)


def _chosen(
    log: EventLog, cut: LogCut, after: int, tenant: str | None
) -> Iterator[tuple[LogRecord, Event | OtherEvent | ErasedEvent | None]]:
    """Yield the records asked for; the event only where it had to be read to know."""
    for record in log.records(after, cut.known_at):
        if tenant is None and cut.as_of is None:
            yield record, None
            continue
        event = log.parse(record)
        if tenant in {None, event.tenant} and (cut.as_of is None or event.event_time <= cut.as_of):
            yield record, event


def _log_row(record: LogRecord, event: Event | OtherEvent | ErasedEvent, recorded: RecordedTimes) -> dict[str, Any]:
    return {
        "position": record.position,
        "recorded_at": to_text(recorded.at(record.position)),
        "event_time": to_text(event.event_time),
        "event_name": record.topic,
        "tenant": event.tenant,
        "entity": str(record.originator_id).split("/", 1)[1],
        "digest": record.digest.hex(),
    }


def _cells(row: dict[str, Any]) -> list[Any]:
    return list(row.values())


def verify(
    context: typer.Context,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Replay every entity, not a sample of 200.")] = False,
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="CHECKPOINT",
            help="Prove that the log has only grown since: what outcomes checkpoint printed, or a file that holds it.",
        ),
    ] = None,
    anew: Annotated[
        bool, typer.Option("--rebuild", help="Make views anew, the log read backwards, and compare them, too.")
    ] = False,
    rearm: Annotated[
        bool, typer.Option("--rearm", help="Having reported triggers that are gone or changed, put them back.")
    ] = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """Prove that the log is whole and that the views equal a replay of it; exit 1 if not.

    Finds every event that was changed, removed, inserted or put elsewhere, and every row of a batch or tenant that
    was changed, and names the position. A log that was cut back or made anew as a whole shows only --against a
    checkpoint.

    Example: outcomes verify --all --against outcomes-checkpoint:1478:0a1b…
    """
    before = None if against is None else parse_checkpoint(against)
    with opened(home_of(context)) as session, progress("verifying") as advance:
        checks = Checks(
            everything=everything,
            anew=anew,
            against=before,
            watch=lambda position, head: advance(position, head, position),
        )
        value = verify_home(session.home, session.log, session.views, checks)
        if rearm:
            with session.log.writing() as connection:
                put_back_triggers(connection)
    answer(value, form, lambda: _draw_verdict(value))
    if not value["ok"]:
        raise typer.Exit(1)


def rebuild(context: typer.Context, form: FormatOption = Format.TABLE) -> None:
    """Make new views from the log beside the live ones, and swap them in at the end.

    Example: outcomes rebuild
    """
    with opened(home_of(context)) as session, progress("rebuilding") as advance:
        value = rebuild_views(session.home, session.log, lambda position, head: advance(position, head, position))
    answer(value, form, lambda: rendering.facts(value))


def status(context: typer.Context, form: FormatOption = Format.TABLE) -> None:
    """Say how things stand: head, sizes, counts, positions, tenants.

    Example: outcomes status
    """
    with opened(home_of(context)) as session:
        value = status_of(session.home, session.log, session.views)
    answer(value, form, lambda: rendering.facts(_one_line(value)))


def _one_line(value: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, field in value.items():
        if isinstance(field, dict):
            flat.update({f"{name}: {inner}": f"{count:,}" for inner, count in field.items()})
        elif name == "contexts":
            flat.update({f"context: {place['context']}": f"{place['members']:,} members" for place in field})
        else:
            flat[name] = ", ".join(field) if isinstance(field, list) else field
    return flat


def _draw_verdict(value: dict[str, Any]) -> Any:
    verdict = "whole" if value["ok"] else f"{len(value['problems'])} problems"
    listed = {f"problem {index}": _one_problem(found) for index, found in enumerate(value["problems"], 1)}
    return rendering.facts(
        {
            "verdict": verdict,
            "events": value["events"],
            "entities replayed": value["replayed_entities"],
            **({"erased": value["erased"]} if value["erased"] else {}),
            **({"partly erased": value["partly_erased"]} if value["partly_erased"] else {}),
            **({"views made anew": "the same"} if value["ok"] and "rebuilt" in value else {}),
            **({"only grown since": value["against"]} if value["ok"] and "against" in value else {}),
            **listed,
        }
    )


def _one_problem(found: dict[str, Any]) -> str:
    where = f" (position {found['position']})" if "position" in found else ""
    return f"{found['problem']}{where}"


def _check_tenant(tenant: str | None, known: dict[str, int]) -> None:
    if tenant is not None and tenant not in known:
        raise UsageError(f"no such tenant: {tenant!r}: the log holds {', '.join(known) or 'none yet'}")
