"""A course's mastery as a grid: students down, outcomes across; drawn in a terminal and in a notebook alike."""

from collections.abc import Iterable
from typing import NamedTuple, Self

from outcomes.api.answers.mastery import MasteryRow
from outcomes.domain.identity import id_sort_key
from outcomes.domain.mastery import LegacyStatus, legacy_status


class HeatMap(NamedTuple):
    """`outcomes` has one row for each column, by id; `students` names, each with a cell for each column, or None."""

    outcomes: dict[str, MasteryRow]
    students: list[tuple[str, list[MasteryRow | None]]]

    @classmethod
    def of(cls, rows: Iterable[MasteryRow]) -> Self:
        """Lay the rows of one course out: outcomes by id, students by name."""
        rows = list(rows)
        outcomes = {row.outcome_id: row for row in sorted(rows, key=lambda row: id_sort_key(row.outcome_id))}
        by_student: dict[str, dict[str, MasteryRow]] = {}
        for row in rows:
            by_student.setdefault(row.student, {})[row.outcome_id] = row
        names = {row.student: row.shown_name for row in rows}
        order = sorted(names, key=lambda uuid: (names[uuid].casefold(), uuid))
        return cls(outcomes, [(names[uuid], [by_student[uuid].get(one) for one in outcomes]) for uuid in order])


def status_of(row: MasteryRow) -> LegacyStatus:
    """Return how far a student has come, in Canvas's five steps (DOMAIN.md 5.9)."""
    if row.score is None or row.mastery_points is None:
        return LegacyStatus.UNDEFINED
    return legacy_status(row.score, row.mastery_points)
