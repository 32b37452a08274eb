"""The sum behind a score as lines that a teacher follows: what each result is worth, how they are put together.

The numbers are those of the explanation; here they only get words, and results the numbers of their lines.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from outcomes.domain.mastery.derivation import number
from outcomes.domain.phrasing import numbered
from outcomes.service.pages import words

_QUIZ_STEP = re.compile(r"quiz \S+ \(results? ([^)]*)\): ")
_BETWEEN = re.compile(", | and ")
"""What stands between ids in a list of them."""
_RESULT_STEP = re.compile(r"result \S+: ")
_OTHERS = "mean of the others: "
_OF_ALL = re.compile(r"(highest|latest) of (.+) = (.+)")
_VERDICT = re.compile(r"(\S+) ([≥<]) (\S+) mastery points: ")
_LAST_AGAINST_OTHERS = re.compile(r"\d[\d.]* × .+ \+ .+ = ")
_DECAYS = frozenset({"decaying_average", "weighted_average", "standard_decaying_average"})


class Numbers:
    """The results of an explanation by the numbers of their lines, from 1."""

    def __init__(self, results: Sequence[Mapping[str, Any]]) -> None:
        self._by_id = {result["id"]: place for place, result in enumerate(results, 1)}
        ids = "|".join(sorted(map(re.escape, self._by_id), key=len, reverse=True))
        # Only after a word that says so: ids are numbers, as are points.
        self._told = re.compile(rf"(?:results? |result:)(?P<ids>(?:{ids})(?:(?:, | and )(?:{ids}))*)(?![\w.])")

    def of(self, result_id: str) -> int:
        """Return the number of a result's line."""
        return self._by_id[result_id]

    def put(self, text: str) -> str:
        """Return a sentence with numbers of lines in place of ids."""
        if not self._by_id:
            return text
        return self._told.sub(self._put, text)

    def _put(self, found: "re.Match[str]") -> str:
        return numbered("result", (self._by_id[name] for name in _BETWEEN.split(found["ids"])))


def worth(found: Mapping[str, Any]) -> dict[str, str]:
    """Return, by result, how it got its points of the scale: "75 % × 4 = 3"; of those that have none, nothing."""
    base = found["points_possible"] or found["mastery_points"] or 0
    rows = {result["id"]: result for result in found["results"]}
    lines = {name: _alone(row, base) for name, row in rows.items() if row["value"] is not None}
    for step in found["steps"]:
        quiz = _QUIZ_STEP.match(step)
        together = [rows[name] for name in _BETWEEN.split(quiz[1]) if name in rows] if quiz else []
        if len(together) > 1:
            lines |= {row["id"]: _together(together, base) for row in together if row["value"] is not None}
    return lines


def percent(share: float) -> str:
    """Return a share as the per cent that a teacher reads."""
    return f"{number(100 * share)} %"


def part(weight: float) -> str:
    """Return a part of a score: a share that nothing is reckoned with, so in as few digits as tell it."""
    return f"{100 * weight:.3g} %"


def _alone(row: Mapping[str, Any], base: float) -> str:
    if row["percent"] is None:
        return f"{number(row['value'])}, as given: it has no per cent"
    return f"{percent(row['percent'])} × {number(base)} = {number(row['value'])}"


def _together(rows: Sequence[Mapping[str, Any]], base: float) -> str:
    """Return the value of a quiz whose questions are results of their own: the mean by what was possible."""
    parts = [row for row in rows if row["possible"] is not None and row["percent"] is not None]
    weighted = " + ".join(f"{number(row['possible'])} × {percent(row['percent'])}" for row in parts)
    total = number(sum(row["possible"] for row in parts))
    return f"({weighted}) / {total} × {number(base)} = {number(rows[0]['value'])}, with all questions of this quiz"


def rule(found: Mapping[str, Any]) -> str:
    """Return what the method does with these results, in one sentence."""
    used = [result for result in found["results"] if result["used"]]
    name, parameter = found["calculation_method"], found["calculation_int"]
    if name in _DECAYS:
        return _decay(used, parameter)
    return {
        "highest": "The highest of all results is the score.",
        "latest": "The last result is the score.",
        "average": "The mean of all results is the score.",
        "n_mastery": f"The mean of the results that reach mastery is the score, once there are {parameter}.",
    }.get(name, "")


def _decay(used: Sequence[Mapping[str, Any]], weight: int | None) -> str:
    if len(used) <= 1 or weight is None:
        return "The only result is the score."
    if _is_last_against_others(used):
        return f"The last result counts {weight} %, the mean of those before it {100 - weight} %."
    return f"Each result in turn counts {weight} %, and what was reached before it {100 - weight} %."


def _is_last_against_others(used: Sequence[Mapping[str, Any]]) -> bool:
    """Say whether the last stands against the mean of all others: by their weights, for one name means two rules."""
    return len({round(result["weight"], 9) for result in used[:-1]}) == 1


def lines_of(found: Mapping[str, Any], numbers: Numbers) -> list[str]:
    """Return how the results are put together, and whether that is mastery."""
    used = [numbers.of(result["id"]) for result in found["results"] if result["used"]]
    weights = [result for result in found["results"] if result["used"]]
    is_last = found["calculation_method"] in _DECAYS and len(used) > 1 and _is_last_against_others(weights)
    lines = []
    for step in found["steps"]:
        if _QUIZ_STEP.match(step) or _RESULT_STEP.match(step):
            continue  # told beside each result
        lines.append(_line(step, used, found["calculation_int"] if is_last else None, numbers))
    return lines


def _line(step: str, used: Sequence[int], weight: int | None, numbers: Numbers) -> str:
    step = step.replace(" → ", ", rounded to ")
    if verdict := _VERDICT.match(step):
        score, sign, points = verdict.groups()
        if sign == "<":
            return f"{score} is less than {points}, where mastery begins: not mastered."
        return f"{score} is at least {points}, where mastery begins: mastered."
    if step.startswith(_OTHERS):
        return f"Mean of {numbered('result', used[:-1])}: {step.removeprefix(_OTHERS)}"
    if weight is not None and _LAST_AGAINST_OTHERS.match(step):
        rest = "that mean" if len(used) > 2 else numbered("result", used[:1])  # noqa: PLR2004 - of two there is no mean
        return f"{weight} % of {numbered('result', used[-1:])} and {100 - weight} % of {rest}: {step}"
    if of_all := _OF_ALL.fullmatch(step):
        which = {"highest": "highest", "latest": "last"}[of_all[1]]
        return f"The {which} of {of_all[2]}: {of_all[3]}"
    told = numbers.put(step)
    return f"{told[:1].upper()}{told[1:]}"


def as_text(head: str, found: Mapping[str, Any], named: Mapping[str, str], lines: Sequence[str]) -> str:
    """Return all of it as text, to copy into a letter: the score, each result, the sum."""
    told, numbers = worth(found), Numbers(found["results"])
    results = [
        f"{place}. {named[row['id']]}: {told.get(row['id'], 'no points')}"
        + (f", {part(row['weight'])} of the score" if row["used"] else f", not used: {numbers.put(row['why_not'])}")
        for place, row in enumerate(found["results"], 1)
    ]
    method = words.method(found["calculation_method"], found["calculation_int"])
    return "\n".join([head, *results, f"{method}: {rule(found)}" if rule(found) else method, *lines, *found["notes"]])
