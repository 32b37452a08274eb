"""Results that are the same here and there, told by their columns alone: nearly all of a million rows.

Only what the views hold is compared here. What differs in any of it, or is not plain, is looked at as all rows are.
"""

from functools import lru_cache
from typing import Any

from outcomes.domain.times import micros, parse_moment
from outcomes.projections.reconcile.present import HereResult

_SECOND = 1_000_000
_CLOSE = 1e-9
_SECONDS = slice(17, 19)
_SHORTEST = len("2026-04-08T19:55:05Z")


@lru_cache(maxsize=4096)
def _minute(text: str) -> int:
    return micros(parse_moment(text)) // _SECOND


def second_of(text: Any) -> int | None:
    """Return the whole second of a time as exports write it; None for none. Raises ValueError."""
    if not text:
        return None
    if text.__class__ is str and len(text) >= _SHORTEST and text[-1] == "Z" and text[16] == ":":
        return _minute(text[:16]) + int(text[_SECONDS])
    return micros(parse_moment(str(text))) // _SECOND


def is_same(here: HereResult, value: Any) -> bool:
    """Say whether a row of learning_outcome_results is surely what is known here, and no newer."""
    get = value.get
    saved = second_of(get("updated_at"))
    assessed = here.assessed_at
    return (
        saved is not None
        and saved <= (here.updated_at or here.event_time) // _SECOND
        and get("user_uuid") == here.student
        and str(get("learning_outcome_id")) == here.outcome_id
        and str(get("context_id")) == here.course
        and (get("workflow_state") or "active") == (here.state or "active")
        and second_of(get("assessed_at")) == (None if assessed is None else assessed // _SECOND)
        and (get("artifact_type") or None) == (here.artifact_type or None)
        and _text(get("artifact_id")) == here.artifact_id
        and _are_equal(get("score"), here.score)
        and _are_equal(get("possible"), here.possible)
        and _are_equal(get("percent"), here.percent)
    )


def _text(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)


def _are_equal(theirs: Any, ours: float | None) -> bool:
    if theirs is None or theirs == "":
        return ours is None
    return ours is not None and abs(float(theirs) - ours) < _CLOSE
