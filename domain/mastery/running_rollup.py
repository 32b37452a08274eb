"""A rollup kept as results come and go: what `rollup` would say of those in it, without reading all of them again.

Each change of a result costs a search, and each score a pass over bare numbers, so that the scores of a pair at each
of thousands of moments cost little more than the score of now.
"""

from bisect import bisect_left
from collections.abc import Iterable
from math import isfinite
from typing import Any, NamedTuple

from outcomes.domain.mastery.exclusion import exclusion_of
from outcomes.domain.mastery.formulas import apply
from outcomes.domain.mastery.methods import Calculation
from outcomes.domain.mastery.results import ScoredResult, by_id, by_time, quiz_value
from outcomes.domain.mastery.rounding import round2
from outcomes.domain.mastery.scale import MasteryScale


class Standing(NamedTuple):
    """A score and whether it is mastery; both None where nothing is assessed."""

    score: float | None
    mastered: bool | None


NOT_ASSESSED = Standing(None, None)


class RunningRollup:
    """The results of one student on one outcome in one course; what is not known of the policy scores nothing."""

    def __init__(
        self, scale: MasteryScale | None, calculation: Calculation | None, results: Iterable[ScoredResult] = ()
    ) -> None:
        self._scale = scale
        self._calculation = calculation
        self._counted: dict[str, ScoredResult] = {}
        self._keys: list[tuple[Any, ...]] = []
        self._values: list[float] = []
        self._rows: list[ScoredResult] = []
        self._quiz_rows = 0
        for result in results:
            self.put(result)

    def put(self, result: ScoredResult) -> None:
        """Let a result stand as it is now, whatever was known of it before."""
        scale, calculation = self._scale, self._calculation
        if scale is None or calculation is None:
            return
        old = self._counted.pop(result.id, None)
        if old is not None:
            place = bisect_left(self._keys, self._key(old))
            del self._keys[place], self._values[place], self._rows[place]
            self._quiz_rows -= old.quiz is not None
        if exclusion_of(result) is None and result.score is not None:
            self._counted[result.id] = result
            place = bisect_left(self._keys, key := self._key(result))
            self._keys.insert(place, key)
            self._values.insert(place, result.score if result.percent is None else result.percent * scale.base)
            self._rows.insert(place, result)
            self._quiz_rows += result.quiz is not None

    def _key(self, result: ScoredResult) -> tuple[Any, ...]:
        assert self._calculation is not None  # noqa: S101 - nothing is put in without one
        return (by_time(result), *by_id(result)) if self._calculation.in_time_order else by_id(result)

    def standing(self) -> Standing:
        """Return the score of the results that stand now; numbers too large to add up come to no score."""
        scale, calculation = self._scale, self._calculation
        if scale is None or calculation is None or not self._counted:
            return NOT_ASSESSED
        joined = self._quiz_rows and calculation.joins_quiz_rows
        values = self._joined(scale.base) if joined else self._values
        unrounded = apply(calculation, values, scale.mastery_points)[0] if values else None
        score = None if unrounded is None else round2(unrounded)
        if score is None or not isfinite(score):
            return NOT_ASSESSED
        return Standing(score, score >= scale.mastery_points)

    def _joined(self, base: float) -> list[float]:
        """Return the values where rows of one quiz share one: each row may change all others (DOMAIN.md 5.4 b)."""
        quizzes = [row.quiz for row in self._rows]
        rows: dict[str | None, list[ScoredResult]] = {}
        for quiz, row in zip(quizzes, self._rows, strict=True):
            rows.setdefault(quiz, []).append(row)
        # Sums over a quiz are made in the order of ids, whatever the order of the values.
        shared = {quiz: quiz_value(sorted(found, key=by_id), base) for quiz, found in rows.items() if quiz is not None}
        both = zip(quizzes, self._values, strict=True)
        values = (value if quiz is None else shared[quiz] for quiz, value in both)
        return [value for value in values if value is not None]
