"""The arithmetic of a rollup as lines of text that a person can check with a pocket calculator.

Only words and numbers: nothing here decides anything, and the score path never comes here.
"""

from collections.abc import Sequence
from typing import Final

from outcomes.domain.mastery.formulas import running_decay
from outcomes.domain.mastery.methods import Calculation, Formula
from outcomes.domain.mastery.results import ScoredResult
from outcomes.domain.mastery.rollups import ValuedResult
from outcomes.domain.mastery.rounding import mean, round2
from outcomes.domain.mastery.scale import MasteryScale

_DECIMALS: Final = 6
_NOISE: Final = 1e-9


def number(value: float) -> str:
    """Write a number with at most 6 decimals, none of them idle; `…` marks one that goes on."""
    text = f"{value:.{_DECIMALS}f}".rstrip("0").rstrip(".")
    return f"{text}…" if abs(float(text) - value) > _NOISE else text


def value_steps(valued: Sequence[ValuedResult], scale: MasteryScale, calculation: Calculation) -> list[str]:
    """Say how each result that counts got its value; rows of one quiz that share a value share a line.

    The lines are in the order the formula reads the results. DOMAIN.md 5.4.
    """
    base = number(scale.base)
    lines = []
    if scale.points_possible <= 0:
        lines.append(f"nothing is possible on this scale: percents are taken of its {base} mastery points")
    told: set[str] = set()
    for result, value in valued:
        if calculation.joins_quiz_rows and (quiz := result.quiz) is not None:
            if quiz not in told:
                told.add(quiz)
                rows = [row for row, _ in valued if row.quiz == quiz]
                lines.append(_quiz_step(quiz, rows, value, base))
        elif value is not None:
            lines.append(f"result {result.id}: {_value_step(result, value, base)}")
    return lines


def formula_steps(
    calculation: Calculation, values: Sequence[float], mastery_points: float, unrounded: float | None
) -> list[str]:
    """Write out the formula over at least one value; the last line ends in the score. DOMAIN.md 5.8.

    `values` and `unrounded` are what `formulas.apply` read and gave.
    """
    formula = calculation.formula
    if formula is Formula.N_MASTERY or unrounded is None:
        return _n_mastery_steps(calculation.number, values, mastery_points, unrounded)
    answer = _rounded(unrounded)
    if formula is Formula.HIGHEST or formula is Formula.LATEST:
        return [f"{formula.name.lower()} of {', '.join(map(number, values))} = {answer}"]
    if formula is Formula.AVERAGE:
        return [f"{_mean_text(values)} = {answer}"]
    if len(values) == 1:
        return [f"the only result = {answer}"]
    if formula is Formula.RUNNING_DECAY:
        return _running_decay_steps(calculation.number, values)
    return _last_against_others_steps(calculation.number, values, answer)


def _value_step(result: ScoredResult, value: float, base: str) -> str:
    if result.percent is None:
        return f"{number(value)} points as given, it has no percent"
    return f"{number(result.percent)} × {base} = {number(value)}"


def _quiz_step(quiz: str, rows: Sequence[ScoredResult], value: float | None, base: str) -> str:
    head = f"quiz {quiz} (results {', '.join(row.id for row in rows)})"
    if value is None:
        return f"{head}: no value"
    parts = [(row.possible, row.percent) for row in rows if row.possible is not None and row.percent is not None]
    weighted = " + ".join(f"{number(possible)} × {number(percent)}" for possible, percent in parts)
    total = number(sum(possible for possible, _ in parts))
    return f"{head}: ({weighted}) / {total} × {base} = {number(value)}"


def _n_mastery_steps(n: int, values: Sequence[float], mastery_points: float, unrounded: float | None) -> list[str]:
    reached = [value for value in values if value >= mastery_points]
    count = f"{len(reached)} of {len(values)} results reach {number(mastery_points)} mastery points, {n} needed"
    if unrounded is None:
        return [f"{count}: no score"]
    return [count, f"{_mean_text(reached)} = {_rounded(unrounded)}"]


def _last_against_others_steps(weight: int, values: Sequence[float], answer: str) -> list[str]:
    *others, last = values
    average = number(mean(others))
    lines = [f"mean of the others: {_mean_text(others)} = {average}"] if len(others) > 1 else []
    return [*lines, f"{_share(weight)} × {number(last)} + {_share(100 - weight)} × {average} = {answer}"]


def _running_decay_steps(weight: int, values: Sequence[float]) -> list[str]:
    reached = running_decay(values, weight)
    lines: list[str] = []
    for before, value, after in zip(reached, values[1:], reached[1:], strict=False):
        answer = _rounded(after) if len(lines) == len(values) - 2 else number(after)
        lines.append(f"{_share(100 - weight)} × {number(before)} + {_share(weight)} × {number(value)} = {answer}")
    return lines


def _share(percent: int) -> str:
    return number(percent / 100)


def _mean_text(values: Sequence[float]) -> str:
    return f"({' + '.join(map(number, values))}) / {len(values)}"


def _rounded(value: float) -> str:
    before, after = number(value), number(round2(value))
    return before if before == after else f"{before} → {after}"
