"""Students whose mastery of an outcome differs between two policies, results being equal."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, Self

from outcomes.projections.mastery.row import MasteryRow


class Flip(NamedTuple):
    """One student in one course, from what to what."""

    course_id: str
    student: str
    outcome_id: str
    outcome_title: str | None
    score: tuple[float | None, float | None]
    mastered: tuple[bool | None, bool | None]

    @classmethod
    def between(cls, old: MasteryRow, new: MasteryRow) -> Self:
        """Return how two rows of a pair differ."""
        names = (new.course_id, new.student, new.outcome_id, new.outcome_title)
        return cls(*names, (old.score, new.score), (old.mastered, new.mastered))

    @property
    def whose(self) -> tuple[str, str, str]:
        """The course, the student and the outcome."""
        return self[:3]

    @property
    def is_gained(self) -> bool:
        """Whether it is mastery now."""
        return self.mastered[1] is True

    @property
    def is_lost(self) -> bool:
        """Whether it was mastery."""
        return self.mastered[0] is True

    def as_json(self) -> dict[str, Any]:
        """Return who flipped, from what to what."""
        return {**self._asdict(), "score": list(self.score), "mastered": list(self.mastered)}


def flips(before: Iterable[MasteryRow], after: Iterable[MasteryRow]) -> Iterator[Flip]:
    """Yield those whose status differs; both sides are of the same pairs, in the same order, and read side by side."""
    others = iter(before)
    old = next(others, None)
    for row in after:
        key = row.sort_key
        while old is not None and old.sort_key < key:
            old = next(others, None)
        if old is not None and old.sort_key == key and old.mastered != row.mastered:
            yield Flip.between(old, row)
