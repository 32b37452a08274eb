"""The results that a score is made of, oldest first, by what they assessed: in a grid, and on its own page."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from outcomes.service.pages import words
from outcomes.service.pages.sum_lines import part
from outcomes.service.pages.viewer import Viewer
from outcomes.service.pages.work import Work, works

_NAMED = re.compile(r"result:([^\s,]+)")


class Contribution(NamedTuple):
    """One result and its part in a score. `note` says why it was not used."""

    id: str
    work: Work
    time: Any
    score: str
    value: str
    weight: str
    note: str

    @property
    def summary(self) -> str:
        """All of it in one line."""
        day = "" if self.time is None else f" of {words.short_day(self.time)}"
        share = self.note or f"{self.weight} of the score"
        return f"{self.work.name}{day}: {self.score}, {share}"


def contributions(viewer: Viewer, course: str, student: str, outcome: str) -> list[Contribution]:
    """Return the results behind one score."""
    found = viewer.ask("explain", course=course, student=student, outcome=outcome)
    results = (found or {}).get("results", ())
    assessed = works(viewer, [result["id"] for result in results])
    return [_contribution(result, assessed) for result in results]


def of_class(viewer: Viewer, course: str, outcome: str, students: Iterable[str]) -> dict[str, list[Contribution]]:
    """Return the results behind the scores of one outcome, by student."""
    found = {student: contributions(viewer, course, student, outcome) for student in students}
    viewer.student = None  # it was a class that was looked at, and no one of it
    return found


def works_of_class(results: Mapping[str, Sequence[Contribution]]) -> list[Work]:
    """Return what a class was assessed by for one outcome, the oldest first: the columns of its results."""
    first: dict[Work, Any] = {}
    for one in (one for own in results.values() for one in own if one.time is not None):
        first[one.work] = min(first.get(one.work, one.time), one.time)
    undated = dict.fromkeys(one.work for own in results.values() for one in own if one.work not in first)
    return [*sorted(first, key=lambda work: (first[work], work.name)), *undated]


def _contribution(result: Mapping[str, Any], assessed: Mapping[str, Work]) -> Contribution:
    why_not = _NAMED.sub(lambda found: assessed[found[1]].name, result["why_not"] or "")
    return Contribution(
        id=result["id"],
        work=assessed[result["id"]],
        time=words.moment_of(result["submitted_at"] or result["assessed_at"]),
        score=words.points_of(result["score"], result["possible"]),
        value="–" if result["value"] is None else words.number(round(result["value"], 2)),
        weight=part(result["weight"]) if result["weight"] else "–",
        note="" if result["used"] else f"not used: {why_not}",
    )
