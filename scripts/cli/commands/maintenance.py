"""Keeping the record: `digest`, `log`, `verify`, `rebuild`, `status`."""

import sys
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Annotated, Any

import typer

from outcomes.cli import rendering
from outcomes.cli.options import AsOfOption, Format, FormatOption, KnownAtOption, TenantOption, asked, home_of, now
from outcomes.cli.output import answer, write_json, write_lines
from outcomes.cli.progress import progress
from outcomes.cli.session import caught_up, opened, placed_cut
from outcomes.domain.errors import HomeUnavailable, LogDamaged, UsageError
from outcomes.domain.times import to_text
from outcomes.projections.as_of.fingerprint import fingerprint_at
from outcomes.projections.as_of.point import LogCut, tenants
from outcomes.projections.operations.rebuild import rebuild as rebuild_views
from outcomes.projections.operations.status import status as status_of
from outcomes.projections.operations.verify import Checks, verify_home, verify_unopened
from outcomes.store.log.event_log import EventLog
from outcomes.store.log.lines import RecordedAt, entity_of, placed_line, raw_line
from outcomes.store.log.lines import follow as follow_log
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
    follow: Annotated[bool, typer.Option("--follow", help="Go on as events come, until interrupted.")] = False,
    tenant: TenantOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    form: Annotated[
        Format | None,
        typer.Option("--format", case_sensitive=False, help="Without it, the events as they came."),
    ] = None,
) -> None:
    """Print the events as they came, one a line, in the order in which they were appended.

    ingest takes the output back. Of an event whose person was erased there is a line {"erased": …}, which ingest puts
    in quarantine. Line breaks inside an event (between its tokens) are printed as spaces.
    With --format ndjson each stands beside its place: {"position", "recorded_at", "entity", "event"}. With table,
    json or csv: position, times, name, entity and digest of each.

    Example: outcomes log --after 1000 --format ndjson --follow
    """
    if follow and known_at is not None:
        raise UsageError("--follow goes on behind the head of the log: leave out --known-at")
    if follow and form in {Format.TABLE, Format.JSON}:
        raise UsageError(f"--format {form} has an end, --follow has none: choose ndjson or csv, or leave out --format")
    with opened(home_of(context)) as session:
        with caught_up(session) as connection:
            _check_tenant(tenant, tenants(connection))
            cut = placed_cut(connection, asked(tenant, as_of, known_at))
        records = session.log.records(after, cut.known_at)
        if follow:
            records = chain(records, _live(session.log, max(after, cut.known_at)))
        chosen = islice(_chosen(session.log, records, cut, tenant), None if limit is None else min(limit, sys.maxsize))
        _print_log(session.log, chosen, form)


def _live(log: EventLog, after: int) -> Iterator[LogRecord]:
    sys.stdout.flush()
    for record in follow_log(log, after):
        yield record
        # Asked for the next, so this one is written: whoever reads along must not wait for the buffer to fill.
        sys.stdout.flush()


def _chosen(log: EventLog, records: Iterable[LogRecord], cut: LogCut, tenant: str | None) -> Iterator[LogRecord]:
    if tenant is None and cut.as_of is None:
        yield from records
        return
    for record in records:
        event = log.parse(record)
        if tenant in {None, event.tenant} and (cut.as_of is None or event.event_time <= cut.as_of):
            yield record


def _print_log(log: EventLog, chosen: Iterator[LogRecord], form: Format | None) -> None:
    recorded = RecordedAt(log)
    match form:
        case None:
            for record in chosen:
                write_json(raw_line(log, record))
        case Format.NDJSON:
            for record in chosen:
                write_json(placed_line(log, record, recorded))
        case Format.TABLE:
            listed = [_log_row(log, record, recorded) for record in chosen]
            answer(listed, form, lambda: rendering.table(list(listed[0]) if listed else [], map(_cells, listed)))
        case _:
            write_lines((_log_row(log, record, recorded) for record in chosen), form)


def _log_row(log: EventLog, record: LogRecord, recorded: RecordedAt) -> dict[str, Any]:
    event = log.parse(record)
    return {
        "position": record.position,
        "recorded_at": recorded.of(record.position),
        "event_time": to_text(event.event_time),
        "event_name": record.topic,
        "tenant": event.tenant,
        "entity": entity_of(log, record),
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

    Finds every event, and every row of any table of log.db, that was changed, removed, inserted or put elsewhere, and
    every trigger that is gone or was added, and names the place. A log that was cut back or made anew as a whole shows
    only --against a checkpoint; the answer says what is left unproved.

    Example: outcomes verify --all --against outcomes-checkpoint:1478:0a1b…
    """
    before = None if against is None else parse_checkpoint(against)
    home = home_of(context)
    try:
        with opened(home) as session, progress("verifying") as advance:
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
    except (LogDamaged, HomeUnavailable) as error:
        value = verify_unopened(home, error)
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
        value = status_of(session.home, session.log, session.views, now())
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
            **({"entities replayed": value["replayed_entities"]} if "replayed_entities" in value else {}),
            **({"erased": value["erased"]} if value.get("erased") else {}),
            **({"partly erased": value["partly_erased"]} if value.get("partly_erased") else {}),
            **({"views made anew": "the same"} if value["ok"] and "rebuilt" in value else {}),
            **({"only grown since": value["against"]} if value["ok"] and "against" in value else {}),
            **listed,
            "not proved by it": "; ".join(value["unproved"]),
        }
    )


def _one_problem(found: dict[str, Any]) -> str:
    place = next((f" ({name} {found[name]})" for name in ("position", "row") if name in found), "")
    return f"{found['problem']}{place}"


def _check_tenant(tenant: str | None, known: dict[str, int]) -> None:
    if tenant is not None and tenant not in known:
        raise UsageError(f"no such tenant: {tenant!r}: the log holds {', '.join(known) or 'none yet'}")
