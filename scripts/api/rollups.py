"""Canvas's own rollups against ours: what `Home.reconcile` does with a file of the REST API."""

from pathlib import Path

from outcomes.api.answers.exports import ComparedRollup, RollupComparison
from outcomes.api.arguments import Id, Time, export_time, id_text, time_text
from outcomes.api.session import Session
from outcomes.domain.times import to_text
from outcomes.projections.as_of.point import PointQuery, resolve
from outcomes.projections.reconcile.rollups import compare_rollups
from outcomes.projections.reconcile.root_account import root_account, shard_of
from outcomes.store.sources.exports.rollups import rollups_in


def reconcile_rollups(
    session: Session, source: Path, at: Time, tenant: str | None, course: Id | None
) -> RollupComparison:
    """Compare the numbers of a file with ours as of the time at which Canvas answered."""
    when = export_time(at, session.clock())
    rollups = list(rollups_in(source, id_text(course)))
    with session.reading() as connection:
        point = resolve(connection, PointQuery(tenant, time_text(at)))
        shard = shard_of(root_account(connection, session.log, point.tenant))
        book = compare_rollups(connection, point, rollups, shard)
    findings = (
        ComparedRollup(
            course_id=found.course_id,
            student=found.student,
            outcome_id=found.outcome_id,
            canvas=found.canvas,
            ours=found.ours,
            cause=found.cause.value,
            why=found.why,
        )
        for found in book.findings
    )
    causes = {cause.value: count for cause, count in book.causes.items()}
    return RollupComparison(
        point.tenant, to_text(when), book.compared, book.equal, book.strangers, causes, tuple(findings)
    )
