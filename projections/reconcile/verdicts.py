"""What a comparison found: counts, coverage by course, and each finding, kept on disk since there may be millions."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from outcomes.domain.identity import Kind
from outcomes.domain.reconciliation import Judgement, Verdict
from outcomes.domain.times import Micros, to_text
from outcomes.projections.reconcile.row_file import RowFile


class Coverage(NamedTuple):
    """How many entities of a kind in one course (None: of accounts) events told, exports alone told, nobody told.

    `missed` counts those whose last change was missed, `never_told` those of which no event came. `since` and `until`
    are the first and the last day on which something was missed.
    """

    course: str | None
    kind: Kind
    total: int
    told: int
    observed: int
    missed: int
    never_told: int
    since: Micros | None
    until: Micros | None

    @property
    def percent(self) -> float:
        """The share that events told, in percent; never 100 where anything is missing."""
        if self.told == self.total:
            return 100.0
        return min(99.99, int(10_000 * self.told / self.total) / 100)


_TOLD, _OBSERVED, _MISSED, _NEVER = range(4)
_PLACE = {Verdict.MISSED: _MISSED, Verdict.NEVER_TOLD: _NEVER}


class Verdicts:
    """Verdicts as they come, counted; those that are not `same` are kept as findings."""

    def __init__(self, *, keeps: bool = True) -> None:
        self.counts: dict[Kind, Counter[Verdict]] = defaultdict(Counter)
        self.written: Counter[Kind] = Counter()
        self.bad = 0
        self._keeps = keeps
        self._cells: dict[tuple[str | None, Kind], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        self._days: dict[tuple[str | None, Kind], tuple[Micros, Micros]] = {}
        self._findings = RowFile()

    def same(self, kind: Kind, course: str | None, *, told: bool, count: int = 1) -> None:
        """Count entities that are as the log has them, and whether events told them or only exports."""
        self.counts[kind][Verdict.SAME] += count
        self._cells[course, kind][_TOLD if told else _OBSERVED] += count

    def add(self, kind: Kind, local_id: str, course: str | None, found: Judgement, *, told: bool) -> None:
        """Count and keep a finding."""
        verdict = found.verdict
        if verdict is Verdict.SAME:
            self.same(kind, course, told=told)
            return
        self.counts[kind][verdict] += 1
        if verdict not in {Verdict.GONE, Verdict.CANNOT_SAY}:
            self._cells[course, kind][_PLACE.get(verdict, _TOLD if told else _OBSERVED)] += 1
        self._note_days(kind, course, found)
        if self._keeps:
            self._findings.add(_line(kind, local_id, course, found))

    def _note_days(self, kind: Kind, course: str | None, found: Judgement) -> None:
        if found.verdict not in _PLACE or found.until is None:
            return
        first, last = self._days.get((course, kind), (found.until, found.until))
        self._days[course, kind] = min(first, found.until), max(last, found.until)

    def findings(self) -> Iterator[dict[str, Any]]:
        """Return all that is not the same, in the order of the export's tables."""
        return self._findings.rows()

    def coverage(self) -> list[Coverage]:
        """Return the coverage of every course and kind: those of accounts first, then by course."""
        found = []
        for (course, kind), cell in self._cells.items():
            since, until = self._days.get((course, kind), (None, None))
            told, observed, missed, never = cell
            found.append(Coverage(course, kind, sum(cell), told, observed, missed, never, since, until))
        return sorted(
            found, key=lambda one: (one.course is not None, len(one.course or ""), one.course or "", one.kind)
        )


def _line(kind: Kind, local_id: str, course: str | None, found: Judgement) -> dict[str, Any]:
    return {
        "kind": kind.value,
        "id": local_id,
        "course": course,
        "verdict": found.verdict.value,
        "since": None if found.since is None else to_text(found.since),
        "until": None if found.until is None else to_text(found.until),
        "fields": {name: list(change) for name, change in found.fields.items()},
        "why": found.why,
    }
