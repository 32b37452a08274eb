"""What rows of a table are kept for the tables that come after it."""

from collections.abc import Iterable, Iterator, Sequence

from outcomes.domain.times import SECOND, Micros
from outcomes.projections.reconcile.plain_columns import second_of
from outcomes.projections.reconcile.scale_increments import LEVELS
from outcomes.store.observations.lookups import Lookups
from outcomes.store.observations.outcome_rows import rating_of
from outcomes.store.observations.result_rows import assignment_of
from outcomes.store.observations.row_values import time
from outcomes.store.sources.exports.rows import ExportRow, identity, text


def keep(lookups: Lookups, table: str, page: Sequence[ExportRow]) -> None:
    """Keep of a page what later tables ask for."""
    if table == "users":
        lookups.keep(table, ((row.id, text(row.value.get("uuid"))) for row in page))
    elif table == "courses":
        lookups.keep(table, (_course(row) for row in page))
    elif table == "learning_outcomes":
        lookups.keep("deleted_outcomes", _deleted(page))
    elif table == "learning_outcome_results":
        lookups.keep("assessed", _assessed(lookups, page))


def pseudonyms(rows: Iterable[ExportRow]) -> Iterator[tuple[str | None, str]]:
    """Yield users and what the school calls them."""
    for row in rows:
        sis_id = identity(row.value.get("sis_user_id"))
        if sis_id is not None and row.value.get("workflow_state") != "deleted" and not row.is_gone:
            yield identity(row.value.get("user_id")), sis_id


def levels(rows: Iterable[ExportRow]) -> Iterator[tuple[str, str | None, str | None, str | None]]:
    """Yield levels of scales: id, scale, time, JSON text; no text where one is deleted. Raises UnreadableInput."""
    for row in rows:
        # A revived scale may hold levels still marked deleted, and they count (DOMAIN.md 3); others are old.
        is_there = not row.is_gone and row.value.get("workflow_state") != "deleted"
        scale = identity(row.value.get("outcome_proficiency_id"))
        try:
            yield row.id, scale, time(row.value.get("updated_at")), rating_of(row) if is_there else None
        except (ValueError, OverflowError) as error:
            raise row.unreadable(LEVELS, error) from error


def _course(row: ExportRow) -> tuple[str, str | None, str | None]:
    return row.id, text(row.value.get("uuid")), identity(row.value.get("account_id"))


def _deleted(page: Sequence[ExportRow]) -> Iterator[tuple[str, Micros | None]]:
    for row in page:
        if row.value.get("workflow_state") == "deleted":
            saved = second_of(row.value.get("updated_at"))
            yield row.id, None if saved is None else saved * SECOND


def _assessed(lookups: Lookups, page: Sequence[ExportRow]) -> Iterator[tuple[str, str, str | None, str | None]]:
    for row in page:
        assignment, user = assignment_of(row), identity(row.value.get("user_id"))
        if assignment is not None and user is not None:
            student = text(row.value.get("user_uuid")) or lookups.user_uuid(user)
            yield assignment, user, student, identity(row.value.get("context_id"))
