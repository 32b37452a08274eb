"""Which mastery scale and calculation method are in force in a course: the nearest active one wins.

    chain = context_chain("Course:7", {"Course:7": "Account:2", "Account:2": "Account:1", "Account:1": None})
    resolve_scale(chain, rows, own=criterion, account_level_mastery_scales=True).source  # "Account:2"

Scale and method are looked for separately, so one may come from the course and the other from the
root account. What the events cannot tell is called unknown, never default. DOMAIN.md 7 (Course, Account).
"""

from collections.abc import Mapping
from typing import Final, Generic, NamedTuple, TypeVar

from outcomes.domain.mastery.methods import DEFAULT_CALCULATION, Calculation
from outcomes.domain.mastery.scale import DEFAULT_SCALE, MasteryScale

T = TypeVar("T")

OWN: Final = "outcome"
"""Source of a value that is the outcome's own."""
DEFAULT: Final = "default"
"""Source of the value Canvas creates on the root account when no context of the chain has one."""
UNKNOWN: Final = "unknown"
"""Source of no value: the chain is not known up to its root, and what is known of it has none."""


class ContextRow(NamedTuple, Generic[T]):
    """What one context has stored: a scale, a method or a friendly description."""

    value: T
    workflow_state: str = "active"


class ContextChain(NamedTuple):
    """The contexts above a course, nearest first: `("Course:7", "Account:2", "Account:1")`.

    `complete` says that the last of them is known to be the root account.
    """

    contexts: tuple[str, ...]
    complete: bool


class Resolved(NamedTuple, Generic[T]):
    """A value in force and where it came from: a context, `OWN`, `DEFAULT` or `UNKNOWN` (then no value)."""

    value: T | None
    source: str


def context_chain(start: str, parents: Mapping[str, str | None]) -> ContextChain:
    """Walk up from `start`; a context whose parent is None or itself is the root account.

    A context missing from `parents`, or met for the second time, ends the chain incomplete:
    hierarchy events come in any order, and some never come. DOMAIN.md 2, 7.
    """
    contexts = [start]
    while (here := contexts[-1]) in parents:
        parent = parents[here]
        if parent is None or parent == here:
            return ContextChain(tuple(contexts), complete=True)
        if parent in contexts:
            break
        contexts.append(parent)
    return ContextChain(tuple(contexts), complete=False)


def nearest_active(chain: ContextChain, rows: Mapping[str, ContextRow[T]]) -> Resolved[T]:
    """Find the first active row along the chain; a deleted row counts as absent. Unknown when there is none.

    This is the whole rule for friendly descriptions too. DOMAIN.md 7.
    """
    for context in chain.contexts:
        row = rows.get(context)
        if row is not None and row.workflow_state == "active":
            return Resolved(row.value, context)
    return Resolved(None, UNKNOWN)


def resolve_scale(
    chain: ContextChain,
    rows: Mapping[str, ContextRow[MasteryScale]],
    *,
    own: MasteryScale | None,
    account_level_mastery_scales: bool,
) -> Resolved[MasteryScale]:
    """Give the scale in force; `own` is the outcome's criterion, None when it was never seen.

    `account_level_mastery_scales` is the root account's feature: while it is off the outcome's own
    scale counts and the chain is not looked at. DOMAIN.md 7.
    """
    if not account_level_mastery_scales:
        return _own_or_unknown(own)
    return _from_chain(chain, rows, DEFAULT_SCALE)


def resolve_calculation(
    chain: ContextChain,
    rows: Mapping[str, ContextRow[Calculation]],
    *,
    own: Calculation | None,
    account_level_mastery_scales: bool,
) -> Resolved[Calculation]:
    """Give the calculation method in force, by the same rules as `resolve_scale`. DOMAIN.md 7."""
    if not account_level_mastery_scales:
        return _own_or_unknown(own)
    return _from_chain(chain, rows, DEFAULT_CALCULATION)


def _own_or_unknown(own: T | None) -> Resolved[T]:
    return Resolved(own, UNKNOWN if own is None else OWN)


def _from_chain(chain: ContextChain, rows: Mapping[str, ContextRow[T]], default: T) -> Resolved[T]:
    found = nearest_active(chain, rows)
    if found.source == UNKNOWN and chain.complete:
        return Resolved(default, DEFAULT)
    return found
