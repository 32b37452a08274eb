"""Why Canvas's own rollup differs from ours: one cause of a closed list, or a bug of ours.

Tried from the certain to the possible: a cause is named only where it gives Canvas's very number.
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import combinations, permutations
from typing import Final, NamedTuple

from outcomes.domain.mastery.methods import Calculation
from outcomes.domain.mastery.results import SECOND, ScoredResult
from outcomes.domain.mastery.rollups import rollup_counted
from outcomes.domain.mastery.scale import MasteryScale
from outcomes.domain.phrasing import numbered

_CENT: Final = 0.0100001
_EXACT: Final = 1e-9
_SEVERAL_AT_ONCE: Final = (
    "no one cause gives Canvas's number, and {} of the results no export has told: reconcile --write with one first"
)
_MOST_ORDERED, _MOST_LEFT_OUT, _MOST_POINTS = 6, 12, 20


class Cause(StrEnum):
    """Why two numbers differ."""

    HIDDEN = "hidden"
    UNPOSTED = "unposted"
    NEW_QUIZZES = "new_quizzes"
    MISSED_EVENT = "missed_event"
    ORDER = "order"
    ROUNDING = "rounding"
    ENROLMENT = "enrolment"
    BUG = "bug"


class Told(NamedTuple):
    """What Canvas says of one student and outcome: the score, and of how many results, if it says that."""

    score: float | None
    counted: int | None


class Known(NamedTuple):
    """What is known here: the results that count, oldest first, and how they are rolled up.

    `undated` are the ids of those whose place in the order is not certain.
    """

    results: Sequence[ScoredResult]
    scale: MasteryScale
    calculation: Calculation
    undated: frozenset[str]


def beside(other: str, told: Told, known: Known) -> str:
    """Return in words what another policy explains: all of the difference, or what there is beside it.

    `known` is rolled up as Canvas's policy says.
    """
    results = list(known.results)
    if _gives(results, known, told.score):
        return other
    ours = rollup_counted(results, known.scale, known.calculation).score if results else None
    cause, why = cause_of(told, ours, known)
    if cause is Cause.BUG:
        return (
            f"{other}; by that alone the score is {_words(ours)} and not Canvas's, and what else differs is not known"
        )
    return f"{other}; and beside that {cause.value}: {why}"


def _words(score: float | None) -> str:
    return "none" if score is None else f"{score:g}"


def cause_of(told: Told, ours: float | None, known: Known) -> tuple[Cause, str | None]:
    """Return why the numbers differ, and by what that is seen."""
    if told.counted is not None and told.counted > len(known.results):
        why = f"Canvas counts {told.counted} results, {len(known.results)} are known here"
        is_all_known = bool(known.results) and all(result.is_known for result in known.results)
        return (Cause.NEW_QUIZZES if is_all_known else Cause.MISSED_EVENT), why
    if told.score is not None and ours is not None and abs(told.score - ours) < _CENT:
        return Cause.ROUNDING, "by a hundredth"
    if _in_another_order(told, known):
        return Cause.ORDER, f"in another order of {numbered('result', sorted(known.undated))} the score is Canvas's"
    left_out = _left_out(told, known)
    if left_out:
        unposted = all(result.is_posted is False for result in left_out)
        names = numbered("result", (result.id for result in left_out))
        return (Cause.UNPOSTED if unposted else Cause.HIDDEN), f"without {names} the score is Canvas's"
    marked = _marked_otherwise(told, known)
    if marked is not None:
        why = f"with another mark of result {marked.id}, {marked.score:g}, the score is Canvas's"
        return Cause.MISSED_EVENT, f"{why}; reconcile with an export to prove it"
    unproved = sum(not result.is_known for result in known.results)
    return Cause.BUG, _SEVERAL_AT_ONCE.format(unproved) if unproved else None


def _marked_otherwise(told: Told, known: Known) -> ScoredResult | None:
    """Return a result with another mark by which the score is Canvas's, if no export proved the one known here.

    Only marks that a teacher gives are tried: levels of the scale, whole and half points of what was possible.
    """
    if told.score is None or len(known.results) > _MOST_LEFT_OUT:
        return None
    for place, result in enumerate(known.results):
        if result.is_known or result.quiz is not None:
            continue
        for mark in _marks(result, known.scale):
            others = [*known.results[:place], mark, *known.results[place + 1 :]]
            if _gives(others, known, told.score):
                return mark
    return None


def _marks(result: ScoredResult, scale: MasteryScale) -> Iterator[ScoredResult]:
    possible = result.possible or scale.base
    levels = {rating.points * possible / scale.base for rating in scale.ratings} if scale.base > 0 else set()
    halves = {half / 2 for half in range(2 * int(possible) + 1)} if possible <= _MOST_POINTS else set()
    for score in sorted(levels | halves):
        yield result._replace(score=score, percent=score / possible if possible > 0 else None)


def _gives(results: Sequence[ScoredResult], known: Known, score: float | None) -> bool:
    found = rollup_counted(list(results), known.scale, known.calculation).score if results else None
    if found is None or score is None:
        return found is score
    return abs(found - score) < _EXACT


def _in_another_order(told: Told, known: Known) -> bool:
    if not known.undated or not known.calculation.in_time_order or len(known.results) > _MOST_ORDERED:
        return False
    return any(_gives(_dated(order), known, told.score) for order in permutations(known.results))


def _dated(order: Iterable[ScoredResult]) -> list[ScoredResult]:
    return [result._replace(submitted_at=(place + 1) * SECOND) for place, result in enumerate(order)]


def _left_out(told: Told, known: Known) -> Sequence[ScoredResult]:
    """Return the fewest results without which the score is Canvas's; none if that cannot be had."""
    if len(known.results) > _MOST_LEFT_OUT:
        return ()
    candidates = [result for result in known.results if not result.is_known or result.is_posted is False]
    sizes = range(1, len(candidates) + 1)
    if told.counted is not None:
        sizes = range(len(known.results) - told.counted, len(known.results) - told.counted + 1)
    for size in sizes:
        for some in combinations(candidates, size) if size > 0 else ():
            gone = {result.id for result in some}
            if _gives([result for result in known.results if result.id not in gone], known, told.score):
                return some
    return ()
