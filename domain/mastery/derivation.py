"""The arithmetic of a rollup as lines of text that a person can check with a pocket calculator.

Only words and numbers: nothing here decides anything, and the score path never comes here.
"""

import math
from collections.abc import Callable, Sequence
from decimal import ROUND_DOWN, Decimal
from typing import Final

from outcomes.domain.mastery.formulas import running_decay
from outcomes.domain.mastery.methods import Calculation, Formula
from outcomes.domain.mastery.results import ScoredResult, by_quiz
from outcomes.domain.mastery.rollups import ValuedResult
from outcomes.domain.mastery.rounding import mean, round2
from outcomes.domain.mastery.scale import MasteryScale
from outcomes.domain.phrasing import numbered

Write = Callable[[float], str]
"""How the numbers of one derivation are written: `number`, or `exact` where fewer digits would mislead."""

_DECIMALS: Final = 6
_NOISE: Final = 1e-9
_SHORT: Final = len("12.3456789012")
# Digits dropped by `number` add up to less than this: a sum made of them by hand rounds to the same cent.
_NEAR: Final = 1e-4
_HALF_CENT: Final = 0.005
_FIRST_WIDE: Final = 1e16


def number(value: float) -> str:
    """Write a number without idle decimals and without the noise of binary storage.

    One that goes on for long is cut after 6 decimals, not rounded, and `…` marks it.
    """
    if not abs(value) < _FIRST_WIDE:
        return exact(value)
    text = _trimmed(f"{value:.{_DECIMALS}f}")
    if abs(float(text) - value) <= _NOISE:
        return text
    text = exact(value)
    return text if len(text) <= _SHORT else f"{_cut(value, _DECIMALS)}…"


def exact(value: float) -> str:
    """Write every digit that tells a float from its neighbours; whole numbers without decimals."""
    return str(int(value)) if abs(value) < _FIRST_WIDE and value == int(value) else repr(value)


def writing_for(unrounded: float | None) -> Write:
    """Return how to write a derivation that ends in a score: with all digits if that lies close to a half cent."""
    if unrounded is None or not math.isfinite(unrounded):
        return number
    beyond_half = math.remainder(abs(unrounded) - _HALF_CENT, 2 * _HALF_CENT)
    return exact if abs(beyond_half) < _NEAR and number(unrounded) != number(round2(unrounded)) else number


def told_apart(one: float, other: float) -> tuple[str, str]:
    """Write two numbers so that they look different unless they are equal."""
    texts = number(one), number(other)
    return texts if texts[0] != texts[1] or one == other else (exact(one), exact(other))


def value_steps(
    valued: Sequence[ValuedResult], scale: MasteryScale, calculation: Calculation, write: Write = number
) -> list[str]:
    """Say how each result that counts got its value; rows of one quiz that share a value share a line.

    The lines are in the order the formula reads the results. DOMAIN.md 5.4.
    """
    base = write(scale.base)
    lines = []
    if scale.points_possible <= 0:
        lines.append(f"nothing is possible on this scale: percents are taken of its {base} mastery points")
    quizzes = by_quiz(result for result, _ in valued) if calculation.joins_quiz_rows else {}
    for result, value in valued:
        if calculation.joins_quiz_rows and (quiz := result.quiz) is not None:
            if (rows := quizzes.pop(quiz, None)) is not None:
                lines.append(_quiz_step(quiz, rows, value, base, write))
        elif value is not None:
            lines.append(f"result {result.id}: {_value_step(result, value, base, write)}")
    return lines


def formula_steps(
    calculation: Calculation,
    values: Sequence[float],
    mastery_points: float,
    unrounded: float | None,
    write: Write = number,
) -> list[str]:
    """Write out the formula over at least one value; the last line ends in the score. DOMAIN.md 5.8.

    `values` and `unrounded` are what `formulas.apply` read and gave.
    """
    formula = calculation.formula
    if formula is Formula.N_MASTERY or unrounded is None:
        return _n_mastery_steps(calculation.number, values, mastery_points, unrounded, write)
    answer = _rounded(unrounded, write)
    if formula is Formula.HIGHEST or formula is Formula.LATEST:
        return [f"{formula.name.lower()} of {', '.join(map(write, values))} = {answer}"]
    if formula is Formula.AVERAGE:
        return [f"{_mean_text(values, write)} = {answer}"]
    if len(values) == 1:
        return [f"the only result = {answer}"]
    if formula is Formula.RUNNING_DECAY:
        return _running_decay_steps(calculation.number, values, write)
    return _last_against_others_steps(calculation.number, values, answer, write)


def _value_step(result: ScoredResult, value: float, base: str, write: Write) -> str:
    if result.percent is None:
        return f"{write(value)} points as given, it has no percent"
    return f"{write(result.percent)} × {base} = {write(value)}"


def _quiz_step(quiz: str, rows: Sequence[ScoredResult], value: float | None, base: str, write: Write) -> str:
    head = f"quiz {quiz} ({numbered('result', (row.id for row in rows))})"
    if value is None:
        return f"{head}: no value"
    parts = [(row.possible, row.percent) for row in rows if row.possible is not None and row.percent is not None]
    weighted = " + ".join(f"{write(possible)} × {write(percent)}" for possible, percent in parts)
    total = write(sum(possible for possible, _ in parts))
    return f"{head}: ({weighted}) / {total} × {base} = {write(value)}"


def _n_mastery_steps(
    n: int, values: Sequence[float], mastery_points: float, unrounded: float | None, write: Write
) -> list[str]:
    reached = [value for value in values if value >= mastery_points]
    count = f"{len(reached)} of {len(values)} results reach {write(mastery_points)} mastery points, {n} needed"
    if unrounded is None:
        return [f"{count}: no score"]
    return [count, f"{_mean_text(reached, write)} = {_rounded(unrounded, write)}"]


def _last_against_others_steps(weight: int, values: Sequence[float], answer: str, write: Write) -> list[str]:
    *others, last = values
    average = write(mean(others))
    lines = [f"mean of the others: {_mean_text(others, write)} = {average}"] if len(others) > 1 else []
    return [*lines, f"{_share(weight)} × {write(last)} + {_share(100 - weight)} × {average} = {answer}"]


def _running_decay_steps(weight: int, values: Sequence[float], write: Write) -> list[str]:
    reached = running_decay(values, weight)
    lines: list[str] = []
    for before, value, after in zip(reached, values[1:], reached[1:], strict=False):
        answer = _rounded(after, write) if len(lines) == len(values) - 2 else write(after)
        lines.append(f"{_share(100 - weight)} × {write(before)} + {_share(weight)} × {write(value)} = {answer}")
    return lines


def _share(percent: int) -> str:
    return number(percent / 100)


def _mean_text(values: Sequence[float], write: Write) -> str:
    return f"({' + '.join(map(write, values))}) / {len(values)}"


def _rounded(value: float, write: Write) -> str:
    """Write a number and what it is rounded to; where it only just misses the half cent, say so (DOMAIN.md 5.9)."""
    after = round2(value)
    if abs(value) < _FIRST_WIDE and round2(float(f"{value:.9f}")) != after:
        half = _trimmed(f"{value:.9f}")
        return (
            f"{_cut(value, 8)}… rounds to {number(after)}: in 64-bit numbers, which Canvas uses, "
            f"the sum ends just under {half}"
        )
    before = write(value)
    return before if before == number(after) else f"{before} → {number(after)}"


def _cut(value: float, decimals: int) -> str:
    """Write the first decimals of a float's exact value: what follows is dropped, so no digit is made up."""
    return _trimmed(f"{Decimal(value).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_DOWN):f}")


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".")
