"""Another policy in place of the one in force, as a caller gives it."""

import re
from collections.abc import Callable, Iterable, Mapping
from math import inf
from os import PathLike
from pathlib import Path
from typing import Any

import orjson

from outcomes.domain.errors import UnreadableInput, UsageError
from outcomes.domain.mastery import CalculationMethod, MasteryScale, Rating
from outcomes.projections.mastery.policy import PolicyBook
from outcomes.projections.mastery.row import Override

Scale = str | PathLike[str] | Iterable[Mapping[str, Any]]
"""A scale: a JSON file, or its levels: each has `description`, `points`, and `mastery`, true in one of them."""

_SIZE = re.compile("[0-9]{1,3}")


WhatIf = Callable[[PolicyBook], Override]
"""Another policy, once the settings in force at a point are known."""


def what_if(method: str | None, mastery_points: float | None, scale: Scale | None) -> WhatIf | None:
    """Return the policy's replacement; None if nothing is replaced. Raises UsageError, UnreadableInput."""
    if method is None and mastery_points is None and scale is None:
        return None
    from outcomes.projections.history.policy_impact import override

    if mastery_points is not None and not 0 <= mastery_points < inf:
        raise UsageError(f"not a number of points: {mastery_points}: write one from 0 on, for example 3.5")
    named = None if method is None else _method(method)
    levels = None if scale is None else _scale(scale)
    return lambda book: override(
        calculation=None if named is None else book.calculation(*named), scale=levels, mastery_points=mastery_points
    )


def _method(text: str) -> tuple[str, int | None]:
    name, _, size = text.partition(":")
    if name not in set(CalculationMethod) or (size and not _SIZE.fullmatch(size)):
        raise UsageError(
            f"not a method: {text!r}: write one of {', '.join(CalculationMethod)}, with :INT where it has one"
        )
    return name, int(size) if size else None


def _scale(given: Scale) -> MasteryScale:
    name = str(given) if isinstance(given, str | PathLike) else "what was given"
    try:
        value = orjson.loads(Path(given).read_bytes()) if isinstance(given, str | PathLike) else given
        levels = value["outcome_proficiency_ratings"] if isinstance(value, dict) else value
        ratings = [
            Rating(str(level["description"]), float(level["points"]), bool(level.get("mastery"))) for level in levels
        ]
        return MasteryScale.of_proficiency(ratings)
    except OSError as error:
        raise UnreadableInput(f"cannot read {name}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableInput(
            f'{name} is no scale ({error}): write a list of {{"description", "points", "mastery"}}, '
            "with mastery true in one of them",
        ) from error
