"""Exports of one file, read beside the log: the account's Outcome Results report, and Canvas's CSV of outcomes."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from outcomes.api.session import Session
from outcomes.domain.errors import UnreadableInput, UsageError
from outcomes.domain.identity import SHARD, Context, Kind, parse_context
from outcomes.domain.reconciliation import ExportMoment
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.reconcile import outcomes_csv
from outcomes.projections.reconcile.outcomes_csv import OutcomesComparison
from outcomes.projections.reconcile.present import Present
from outcomes.projections.reconcile.report import TABLE, ReportComparison, assessed
from outcomes.projections.reconcile.report_places import observed_places
from outcomes.projections.reconcile.verdicts import Verdicts
from outcomes.store.observations.lookups import Lookups
from outcomes.store.observations.observation import Institution, Observation, Writer
from outcomes.store.observations.spool import Spool
from outcomes.store.sources.exports.outcomes_csv import is_outcomes_csv, nodes_in
from outcomes.store.sources.exports.report_csv import places_in, rows_in
from outcomes.store.sources.file_types import known_type
from outcomes.store.sources.files import open_source

_LOOKED_AT = 1_000
LINKS_ARE_NOT_TOLD = "links are compared, not recorded: a CSV of outcomes does not tell their ids"


class ComparedFile(NamedTuple):
    """What a file came to: what was found, how many rows were read, and what was left aside, in words."""

    book: Verdicts
    rows: dict[str, int]
    remarks: tuple[str, ...]


class Subject(NamedTuple):
    """What a file is compared with: whose it is, the point, and of when it is."""

    institution: Institution
    point: PointInTime
    exported: ExportMoment


def check_file(source: Path) -> None:
    """Raise UnreadableInput for what is neither of the two files."""
    if not _is_of_outcomes(source):
        next(rows_in(source), None)


def _is_of_outcomes(source: Path) -> bool:
    with open_source(str(source)) as stream:
        head = stream.read(_LOOKED_AT)
    is_json = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"["}
    what = "JSON" if is_json else known_type(head)
    if what is not None:
        raise UnreadableInput(
            f"{source} is {what}: give a folder of Canvas Data 2 files, a CSV of outcomes or an Outcome Results report "
            "(or a file rollups.json to reconcile with)"
        )
    return is_outcomes_csv(source)


def compare_file(
    session: Session, source: Path, subject: Subject, context: str | None, spool: Spool | None
) -> ComparedFile:
    """Compare a file; what it shows is written to `spool` as observations, if there is one. Raises UnreadableInput."""
    writer = Writer(subject.institution, subject.exported.at)
    book = Verdicts()

    def write(seen: Observation, time: int) -> None:
        if spool is not None:
            spool.write(writer.line(seen, time))
            book.written[seen.kind] += 1

    if _is_of_outcomes(source):
        return _outcomes(session, source, subject, context, book, write if spool is not None else None)
    point = subject.point
    with session.reading() as connection, Lookups() as lookups, Present(connection, session.log, point) as present:
        comparison = ReportComparison(connection, point, present, subject.exported, book, subject.institution.shard)
        comparison.run(assessed(lookups, rows_in(source)), spool, writer)
        if spool is not None:
            for seen in observed_places(present, subject.institution, places_in(source), subject.exported.at):
                write(seen, subject.exported.at)
    strangers = comparison.strangers
    remarks = (f"{strangers:,} results are of students whom nothing here names",) if strangers else ()
    return ComparedFile(book, {TABLE: sum(book.counts[Kind.RESULT].values())}, remarks)


def _outcomes(
    session: Session,
    source: Path,
    subject: Subject,
    context: str | None,
    book: Verdicts,
    write: Callable[[Observation, int], None] | None,
) -> ComparedFile:
    nodes = nodes_in(source)
    where = _context(subject.institution, context)
    with session.reading() as connection, Present(connection, session.log, subject.point) as present:
        OutcomesComparison(connection, subject.point, present, subject.exported, book).run(nodes, where, write)
    return ComparedFile(book, {outcomes_csv.TABLE: len(nodes)}, (LINKS_ARE_NOT_TOLD,) if write is not None else ())


def _context(institution: Institution, asked: str | None) -> Context:
    if asked is not None:
        return parse_context(asked)
    if institution.root_account is None:
        raise UsageError("a CSV of outcomes does not tell where it hangs: give --context Account:1")
    return Context("Account", str(int(institution.root_account) % SHARD))
