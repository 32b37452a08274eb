"""What arrived after its time, and what each late event changed: fields, the tree, scores."""

import sqlite3
from collections.abc import Iterator
from typing import Any

from domain.identity import Kind
from domain.times import Micros
from projections.mastery import MasteryRow, mastery_at
from projections.point import Point
from projections.scores import Scope
from projections.timeline import Entry, Filters, timeline
from store.log import EventLog


def late(connection: sqlite3.Connection, log: EventLog, point: Point, over: Micros) -> Iterator[dict[str, Any]]:
    """Yield the entries of events that were recorded more than `over` microseconds after they happened.

    `overtaken` says that a later event of the same entity was already there, so that the state of now did not change;
    `scores` are of the pairs that it touched, as known just before it and with it.
    """
    for entry in timeline(connection, log, point, Filters(late_over=over)):
        answer = entry.as_json()
        answer["overtaken"] = entry.is_overtaken
        answer["scores"] = list(_scores(connection, log, point, entry))
        yield answer


def _scores(connection: sqlite3.Connection, log: EventLog, point: Point, entry: Entry) -> Iterator[dict[str, Any]]:
    scope = _scope(log, entry)
    if scope is None:
        return
    before = {row.sort_key: row for row in mastery_at(connection, point._replace(known_at=entry.position - 1), scope)}
    for row in mastery_at(connection, point._replace(known_at=entry.position), scope):
        old = before.get(row.sort_key)
        if old is None or (old.score, old.mastered) != (row.score, row.mastered):
            yield _change(old, row)


def _scope(log: EventLog, entry: Entry) -> Scope | None:
    if entry.ref.kind is Kind.OUTCOME:
        return Scope(outcome=entry.ref.id)
    if entry.ref.kind is not Kind.RESULT:
        return None
    event: Any = log.parse(log.records_at([entry.position])[0])
    body = event.body
    if body.result_context_type != "Course":
        return None
    return Scope(body.result_context_id, body.user_uuid, body.learning_outcome_id)


def _change(old: MasteryRow | None, row: MasteryRow) -> dict[str, Any]:
    return {
        "course_id": row.course_id,
        "student": row.student,
        "outcome_id": row.outcome_id,
        "score": [old.score if old else None, row.score],
        "mastered": [old.mastered if old else None, row.mastered],
    }
