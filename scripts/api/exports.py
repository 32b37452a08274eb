"""What Canvas exports, read beside the log: `Home.bootstrap` and `Home.reconcile`."""

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from outcomes.api.answers.differences import ScoreChange, ScoreChanges
from outcomes.api.answers.exports import Bootstrapped, CoverageRow, ReconciledEntity, Reconciliation
from outcomes.api.arguments import Time, duration, export_time
from outcomes.api.export_files import Subject, compare_file
from outcomes.api.session import Session
from outcomes.domain.errors import SeveralTenants, UnreadableInput, UsageError
from outcomes.domain.reconciliation import ExportMoment
from outcomes.domain.times import SECOND, Micros, moment, to_text
from outcomes.projections.as_of.point import PointInTime, PointQuery, check_tenant, resolve, resolve_cut, tenants
from outcomes.projections.history.diff import students_changed
from outcomes.projections.reconcile.comparison import Comparison, Watch
from outcomes.projections.reconcile.present import Present
from outcomes.projections.reconcile.root_account import root_account, shards_of_accounts
from outcomes.projections.reconcile.row_file import RowFile
from outcomes.projections.reconcile.verdicts import Coverage, Verdicts
from outcomes.store.ingest.ingest import Ingest, IngestReport
from outcomes.store.log.provenance import first_told
from outcomes.store.observations.lookups import Lookups
from outcomes.store.observations.observation import Institution, Writer
from outcomes.store.observations.shaping import Shaper
from outcomes.store.observations.spool import Spool
from outcomes.store.sources.exports.columns import KNOWN_COLUMNS, TABLES
from outcomes.store.sources.exports.files import rows_of, tables_in

LAG = "4h"


class Compared(NamedTuple):
    """One comparison: whose export, what was found, and how many rows of each table were read."""

    tenant: str
    book: Verdicts
    rows: dict[str, int]
    missing: tuple[str, ...]
    remarks: tuple[str, ...]


class Owner(NamedTuple):
    """Whose export it is said to be, and of which context a CSV of outcomes; None: nobody said."""

    tenant: str | None = None
    shard: int | None = None
    context: str | None = None


class _Question(NamedTuple):
    """One export to compare: where it lies, of when it is, whose; `begins` says that it may be of a new institution."""

    source: Path
    exported: ExportMoment
    owner: Owner
    watch: Watch
    begins: bool = False


def bootstrap(session: Session, source: Path, at: Time, owner: Owner, watch: Watch) -> Bootstrapped:
    """Take the state before the subscription out of an export, see `Home.bootstrap`."""
    started = time.monotonic()
    exported_at = export_time(at, session.clock())
    with Spool() as spool:
        found = _compare(
            session, _Question(source, ExportMoment(exported_at, 0, None), owner, watch, begins=True), spool
        )
        report = _append(session, spool, source, exported_at)
    return Bootstrapped(
        tenant=found.tenant,
        at=moment(exported_at),
        rows=found.rows,
        written=_by_name(found.book.written),
        verdicts=_verdicts(found.book),
        missing=found.missing,
        remarks=found.remarks,
        appended=report.appended,
        head=report.head,
        seconds=round(time.monotonic() - started, 3),
    )


def reconcile(
    session: Session, source: Path, at: Time, lag: str, owner: Owner, watch: Watch, *, write: bool
) -> Reconciliation:
    """Compare the log with an export, see `Home.reconcile`."""
    exported_at = export_time(at, session.clock())
    exported = ExportMoment(exported_at, duration(lag), None)
    question = _Question(source, exported, owner, watch)
    if not write:
        found = _compare(session, question, None)
        return _answer(found, exported)
    with Spool() as spool:
        found = _compare(session, question, spool)
        report = _append(session, spool, source, exported_at)
    return _answer(found, exported, _changed(session, found.tenant, report), report.appended)


def _compare(session: Session, question: _Question, spool: Spool | None) -> Compared:
    source, exported, owner, watch, begins = question
    if source.is_file():
        return _compare_file(session, question, spool)
    files = tables_in(source)
    rows: dict[str, int] = {}

    def counted(table: str, done: int) -> None:
        rows[table] = done
        watch(table, done)

    remarks = tuple(_unknown_columns(files))
    missing = tuple(table for table in TABLES if table not in files)
    if "outcome_proficiency_ratings" in missing and files.pop("outcome_proficiencies", []):
        remarks += ("outcome_proficiencies: left aside: their levels, outcome_proficiency_ratings, are not there",)
    book = Verdicts(keeps=not begins)
    with session.reading() as connection, Lookups() as lookups:
        institution, point = _institution(session, connection, files, owner, begins=begins)
        if not begins:
            exported = exported._replace(first_told=_first_told(session, institution.tenant))
        shaper, writer = Shaper(institution, lookups), Writer(institution, exported.at)
        with Present(connection, session.log, point) as present:
            Comparison(present, shaper, lookups, exported, book, spool, writer).run(files, counted)
    if missing:
        remarks += (f"not in the export: {', '.join(missing)}",)
    if institution.shard is None:
        remarks += ("no event has told the root account's global id: ids of places and people stay local; see --shard",)
    return Compared(institution.tenant, book, rows, missing, remarks)


def _compare_file(session: Session, question: _Question, spool: Spool | None) -> Compared:
    source, exported, owner, _, begins = question
    with session.reading() as connection:
        institution, point = _institution(session, connection, {}, owner, begins=begins)
    found = compare_file(session, source, Subject(institution, point, exported), owner.context, spool)
    return Compared(institution.tenant, found.book, found.rows, (), found.remarks)


def _first_told(session: Session, tenant: str) -> Micros | None:
    number = session.log.tenants().get(tenant)
    if number is None:
        return None
    with session.log.reading() as reading:
        return first_told(reading, number)


def _institution(
    session: Session, connection: sqlite3.Connection, files: dict[str, list[Path]], owner: Owner, *, begins: bool
) -> tuple[Institution, PointInTime]:
    """Return whose export it is, and the point of now; raises UsageError, UnreadableInput where it is another's."""
    known = tenants(connection)
    told = _root_uuid(files)
    if not (begins and (not known or told == owner.tenant)):
        check_tenant(connection, owner.tenant)
    uuid = _tenant_of(files, told, owner.tenant, list(known))
    root = root_account(connection, session.log, uuid)
    asked = owner.shard if root is not None else _shard(connection, uuid, owner.shard)
    institution = Institution(uuid, root, asked)
    if owner.shard is not None and institution.shard != owner.shard:
        raise UsageError(
            f"events tell that the root account is {root}, of shard {institution.shard}: leave --shard out"
        )
    cut = resolve_cut(connection, PointQuery(uuid))
    return institution, PointInTime(uuid, known.get(uuid, 0), cut.as_of, cut.known_at, cut.until)


def _tenant_of(files: dict[str, list[Path]], told: str | None, named: str | None, known: list[str]) -> str:
    """Return the tenant that an export is of: as the user `named` it, as its accounts `told` it, or the only one known.

    Raises UsageError where nobody can tell, UnreadableInput where it is another institution's.
    """
    uuid = named or None
    if uuid is None and (told in known or not known):
        uuid = told
    if uuid is None and len(known) == 1:
        uuid = known[0]
    if uuid is None and told is not None:
        raise UnreadableInput(
            f"{files['accounts'][0]} is of the root account {told}, of which the log holds nothing: this is another "
            "institution's export; to start with it all the same, name it: bootstrap --tenant UUID"
        )
    if uuid is None and len(known) > 1:
        raise SeveralTenants(known)
    if uuid is None:
        raise UsageError("nothing says whose export this is: add its accounts table, or give --tenant UUID")
    if told is not None and told != uuid:
        raise UnreadableInput(
            f"{files['accounts'][0]} is of the root account {told}, not of {uuid}: this is another institution's export"
        )
    return uuid


def _shard(connection: sqlite3.Connection, tenant: str, asked: int | None) -> int | None:
    """Return the shard of ids where no event tells it: that with which exports were read before, else as asked."""
    known = shards_of_accounts(connection, tenant)
    if not known or (asked in known and len(known) == 1):
        return asked
    if asked is None:
        return next(iter(known)) or None if len(known) == 1 else None
    before = ", ".join(map(str, sorted(known))) if known != {0} else "none: ids stayed local"
    raise UsageError(
        f"--shard {asked}: earlier exports were read here with another (shard {before}), so everybody would appear "
        "twice: start with a new home"
    )


def _root_uuid(files: dict[str, list[Path]]) -> str | None:
    roots = {
        str(row.value["uuid"])
        for path in files.get("accounts", [])
        for row in rows_of(path, "accounts")
        if row.value.get("uuid") and not row.value.get("parent_account_id") and not row.is_gone
    }
    if len(roots) > 1:
        raise UnreadableInput(
            f"{files['accounts'][0]} has {len(roots)} root accounts ({', '.join(sorted(roots))}): "
            "export one institution at a time"
        )
    return next(iter(roots), None)


def _unknown_columns(files: dict[str, list[Path]]) -> Iterator[str]:
    """Say which columns this version does not know: they are left aside."""
    for table, paths in files.items():
        first = next(rows_of(paths[0], table), None)
        unknown = sorted(set(first.value) - KNOWN_COLUMNS[table]) if first is not None else []
        if unknown:
            yield f"{table}: unknown column {', '.join(unknown)}: left aside"


def _append(session: Session, spool: Spool, source: Path, at: Micros) -> IngestReport:
    run = Ingest(session.home, session.log, session.clock, session.views)
    return run.run([spool.source(f"export of {to_text(at)}: {source}")])


def _changed(session: Session, tenant: str, report: IngestReport) -> ScoreChanges:
    """Return the scores and the mastery that differ between the log before what was appended, and with it.

    What others appended before it, or since, is no part of that; what they wrote between two batches of it is.
    """
    found = RowFile()
    if not report.appended:
        return ScoreChanges(lambda: iter(()))
    with session.reading() as connection:
        after = resolve(connection, PointQuery(tenant, None, str(report.head)))
        known = resolve(connection, PointQuery(tenant, None, str(report.before)))._replace(until=after.until)
        for row in students_changed(connection, known, after, None):
            found.add(row)
    return ScoreChanges(lambda: map(ScoreChange.of, found.rows()))


def _answer(
    found: Compared, exported: ExportMoment, changed: ScoreChanges | None = None, appended: int | None = None
) -> Reconciliation:
    book = found.book
    summary = {
        "tenant": found.tenant,
        "at": to_text(exported.at),
        "lag_seconds": exported.lag // SECOND,
        "rows": found.rows,
        "missing": list(found.missing),
        "remarks": list(found.remarks),
        "verdicts": _verdicts(book),
    }
    return Reconciliation(
        summary=summary,
        coverage=map(_coverage, book.coverage()),
        findings=lambda: map(ReconciledEntity.of, book.findings()),
        ok=not book.bad,
        changed=changed,
        appended=appended,
    )


def _coverage(row: Coverage) -> CoverageRow:
    told = row._asdict()
    times = {name: None if told[name] is None else moment(told[name]) for name in ("since", "until")}
    return CoverageRow(**{**told, **times, "kind": row.kind.value}, percent=row.percent)


def _by_name(counts: Any) -> dict[str, int]:
    return {key.value: count for key, count in counts.items()}


def _verdicts(book: Verdicts) -> dict[str, dict[str, int]]:
    return {kind.value: _by_name(counts) for kind, counts in book.counts.items()}
