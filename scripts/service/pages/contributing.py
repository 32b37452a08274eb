"""The results that a score is made of, oldest first, as columns: beside it in a grid, and below it on its own page."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from outcomes.service.pages import words
from outcomes.service.pages.viewer import Viewer


class Contribution(NamedTuple):
    """One result and its part in a score. `note` says why it was not used."""

    id: str
    time: Any
    score: str
    value: str
    weight: str
    note: str

    @property
    def summary(self) -> str:
        """All of it in one line."""
        day = "" if self.time is None else f" of {words.short_day(self.time)}"
        part = self.note or f"{self.weight} of the score"
        return f"result {self.id}{day}: {self.score}, {part}"


def contributions(viewer: Viewer, course: str, student: str, outcome: str) -> list[Contribution]:
    """Return the results behind one score."""
    found = viewer.ask("explain", course=course, student=student, outcome=outcome)
    return [_contribution(result) for result in (found or {}).get("results", ())]


def of_class(viewer: Viewer, course: str, outcome: str, students: Iterable[str]) -> dict[str, list[Contribution]]:
    """Return the results behind the scores of one outcome, by student."""
    return {student: contributions(viewer, course, student, outcome) for student in students}


def _contribution(result: Mapping[str, Any]) -> Contribution:
    score, possible = result["score"], result["possible"]
    told = "no score" if score is None else words.number(score)
    return Contribution(
        id=result["id"],
        time=words.moment_of(result["submitted_at"] or result["assessed_at"]),
        score=told if score is None or possible is None else f"{told} of {words.number(possible)}",
        value="–" if result["value"] is None else words.number(round(result["value"], 2)),
        weight=f"{100 * result['weight']:.3g} %" if result["weight"] else "–",
        note="" if result["used"] else f"not used: {result['why_not']}",
    )
