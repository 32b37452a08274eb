"""A rollup kept as results come and go: what `rollup` would say of those in it, without reading all of them again.

Each change of a result costs a search, and a score no pass over the others, so that the scores of a pair at each of
thousands of moments cost little more than the score of now.
"""

from bisect import bisect_left
from collections.abc import Iterable
from math import isfinite
from typing import Any, NamedTuple

from outcomes.domain.mastery.exclusion import exclusion_of
from outcomes.domain.mastery.methods import Calculation, Formula
from outcomes.domain.mastery.results import ScoredResult, by_id, by_time, quiz_value
from outcomes.domain.mastery.rounding import round2
from outcomes.domain.mastery.running_values import running_values
from outcomes.domain.mastery.scale import MasteryScale


class Standing(NamedTuple):
    """A score and whether it is mastery; both None where nothing is assessed."""

    score: float | None
    mastered: bool | None


NOT_ASSESSED = Standing(None, None)


class RunningRollup:
    """The results of one student on one outcome in one course."""

    def __init__(self, scale: MasteryScale, calculation: Calculation, results: Iterable[ScoredResult] = ()) -> None:
        self._scale = scale
        self._calculation = calculation
        self._counted: dict[str, ScoredResult] = {}
        # Rows of one classic quiz share one value (DOMAIN.md 5.4 b), where the method joins them.
        self._quizzes: dict[str, dict[str, ScoredResult]] = {}
        # Of those that have a value, in the order that the formula reads them.
        self._entered: set[str] = set()
        self._keys: list[tuple[Any, ...]] = []
        self._values = running_values(calculation, scale.mastery_points)
        for result in results:
            self.put(result)

    def follow(self, scale: MasteryScale) -> bool:
        """Go by another scale from now on if no value is another by it; return whether that is so."""
        counts_mastered = self._calculation.formula is Formula.N_MASTERY
        if scale.base != self._scale.base or (counts_mastered and scale.mastery_points != self._scale.mastery_points):
            return False
        self._scale = scale
        return True

    def put(self, result: ScoredResult) -> None:
        """Let a result stand as it is now, whatever was known of it before."""
        self.drop(result.id)
        if exclusion_of(result) is not None or result.score is None:
            return
        self._counted[result.id] = result
        quiz = self._quiz_of(result)
        if quiz is None:
            self._enter(result, result.score if result.percent is None else result.percent * self._scale.base)
        else:
            self._quizzes.setdefault(quiz, {})[result.id] = result
            self._enter_quiz(quiz)

    def drop(self, result_id: str) -> None:
        """Let a result stand no more."""
        old = self._counted.pop(result_id, None)
        if old is None:
            return
        self._leave(old)
        quiz = self._quiz_of(old)
        if quiz is not None:
            del self._quizzes[quiz][old.id]
            self._enter_quiz(quiz)

    def _quiz_of(self, result: ScoredResult) -> str | None:
        return result.quiz if self._calculation.joins_quiz_rows else None

    def _enter_quiz(self, quiz: str) -> None:
        """Let each row of a quiz count with the value of the quiz: one row more, or less, may change all others."""
        rows = self._quizzes[quiz]
        # Sums over a quiz are made in the order of ids, whatever the order of the values.
        value = quiz_value(sorted(rows.values(), key=by_id), self._scale.base)
        for row in rows.values():
            self._leave(row)
            if value is not None:
                self._enter(row, value)

    def _enter(self, result: ScoredResult, value: float) -> None:
        place = bisect_left(self._keys, key := self._key(result))
        self._keys.insert(place, key)
        self._values.insert(place, value)
        self._entered.add(result.id)

    def _leave(self, result: ScoredResult) -> None:
        if result.id in self._entered:
            self._entered.discard(result.id)
            place = bisect_left(self._keys, self._key(result))
            del self._keys[place]
            self._values.remove(place)

    def _key(self, result: ScoredResult) -> tuple[Any, ...]:
        return (by_time(result), *by_id(result)) if self._calculation.in_time_order else by_id(result)

    def standing(self) -> Standing:
        """Return the score of the results that stand now; numbers too large to add up come to no score."""
        unrounded = self._values.unrounded()
        score = None if unrounded is None else round2(unrounded)
        if score is None or not isfinite(score):
            return NOT_ASSESSED
        return Standing(score, score >= self._scale.mastery_points)
