"""What an export of Canvas says of an entity, against what events told of it: one verdict of a closed list.

    judge(Kind.GROUP, theirs, ours, ExportMoment(at, lag, first_told))

Only fields that both know are compared, and only after both are brought to one form: an absent field is null, empty
text is none, numbers are numbers, ratings stand from high to low.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple

from outcomes.domain.identity import Kind
from outcomes.domain.mastery import CALCULATION_INTS
from outcomes.domain.times import SECOND, Micros, micros, parse_moment

_CLOSE: Final = 1e-9


class Verdict(StrEnum):
    """How an entity of an export stands to the log."""

    SAME = "same"
    MISSED = "missed"
    NEVER_TOLD = "never_told"
    LAGGING = "lagging"
    CONTRADICTION = "contradiction"
    SILENT = "silent"
    GONE = "gone"
    CANNOT_SAY = "cannot_say"


BAD_NEWS: Final = frozenset({Verdict.MISSED, Verdict.CONTRADICTION})
"""Verdicts of which each one is a lack of the log. What was never told is one only after the first event."""
WRITTEN: Final = frozenset({Verdict.MISSED, Verdict.NEVER_TOLD, Verdict.SILENT})
"""Verdicts that an observation always mends."""


class ExportMoment(NamedTuple):
    """The moment of an export, how far it may lag behind it, and the first event that the log was ever told."""

    at: Micros
    lag: Micros
    first_told: Micros | None

    def is_under_way(self, time: Micros) -> bool:
        """Whether what happened at a time may not have reached the export, or its event not us."""
        return time > self.at - self.lag


class Theirs(NamedTuple):
    """A row of an export: its fields as events have them, and its own clock; `untold` are fields that it lacks."""

    body: Mapping[str, Any]
    updated_at: Micros
    created_at: Micros | None
    unspecified: tuple[str, ...] = ()
    untold: frozenset[str] = frozenset()


class Ours(NamedTuple):
    """The version of an entity that is in force here.

    `updated_at` is 0 where its event told none: then it is of a creation, whose event came at or after the row's time.
    `is_implied` says that Canvas silently changed the entity after it (DOMAIN.md 4); `is_crossed` that `updated_at` is
    that of another event, which was saved later and posted earlier.
    """

    body: Mapping[str, Any]
    event_time: Micros
    updated_at: Micros
    is_implied: bool = False
    is_crossed: bool = False

    @property
    def clock(self) -> Micros:
        """When the row was saved, as far as the event tells."""
        return self.updated_at or self.event_time


class Judgement(NamedTuple):
    """A verdict and what it stands on: the window in which something was missed, the fields [ours, theirs], and why.

    `is_decided` says of a contradiction that the export tells which side of it Canvas holds.
    """

    verdict: Verdict
    since: Micros | None = None
    until: Micros | None = None
    fields: Mapping[str, tuple[Any, Any]] = {}
    why: str | None = None
    is_decided: bool = False

    @property
    def is_mended(self) -> bool:
        """Whether an observation of the row makes it good."""
        return self.is_decided or self.verdict in WRITTEN


def judge(kind: Kind, theirs: Theirs, ours: Ours | None, exported: ExportMoment) -> Judgement:
    """Say how a row of an export stands to what is known here."""
    if theirs.unspecified:
        return Judgement(Verdict.CANNOT_SAY, why=f"the export does not tell {', '.join(theirs.unspecified)}")
    if ours is None:
        return _never_told(theirs, exported)
    fields = differences(kind, ours.body, theirs.body, theirs.untold)
    age = _age(theirs, ours, has_changed=bool(fields))
    if ours.is_implied and (age > 0 or fields):
        return Judgement(Verdict.SILENT, ours.clock, theirs.updated_at, fields, "Canvas changed it without an event")
    if age > 0:
        return _newer(kind, theirs, ours, fields, exported)
    return _not_newer(theirs, ours, fields, exported, age) if fields else Judgement(Verdict.SAME)


def _age(theirs: Theirs, ours: Ours, *, has_changed: bool) -> int:
    """Return above zero where the row is newer than what is known here, below zero where it is older."""
    mine, other = ours.clock, theirs.updated_at
    if not (mine % SECOND and other % SECOND):  # bodies may have whole seconds where the row has more
        mine, other = mine // SECOND, other // SECOND
    if has_changed and not ours.is_crossed:
        if not ours.updated_at:
            return 1  # nothing but what came after its creation can have changed it
        if other == mine and theirs.updated_at % SECOND and not ours.clock % SECOND:
            return 1  # within the second that the event names, but not at its beginning
    return other - mine


def _not_newer(
    theirs: Theirs, ours: Ours, fields: Mapping[str, tuple[Any, Any]], exported: ExportMoment, age: int
) -> Judgement:
    if age == 0 and ours.is_crossed:
        why = "told, but the event of an earlier save was posted after it"
        return Judgement(Verdict.CONTRADICTION, ours.clock, theirs.updated_at, fields, why, is_decided=True)
    if exported.is_under_way(ours.clock):
        return Judgement(Verdict.LAGGING, theirs.updated_at, ours.clock, fields, "the export is of before this change")
    if age < 0:
        why = "the export holds an older state than was told long before it"
        return Judgement(Verdict.CONTRADICTION, theirs.updated_at, ours.clock, fields, why)
    return Judgement(
        Verdict.CONTRADICTION, ours.clock, theirs.updated_at, fields, "saved at one time, but not the same"
    )


def _never_told(theirs: Theirs, exported: ExportMoment) -> Judgement:
    made = theirs.updated_at if theirs.created_at is None else theirs.created_at
    if exported.first_told is None or made < exported.first_told:
        return Judgement(Verdict.NEVER_TOLD, None, theirs.updated_at, why="made before the first event")
    if exported.is_under_way(theirs.updated_at):
        return Judgement(Verdict.LAGGING, None, theirs.updated_at, why="its event may be under way")
    return Judgement(Verdict.NEVER_TOLD, made, theirs.updated_at, why="made after the first event")


def _newer(
    kind: Kind, theirs: Theirs, ours: Ours, fields: Mapping[str, tuple[Any, Any]], exported: ExportMoment
) -> Judgement:
    if kind is Kind.PROFICIENCY and not fields:
        return Judgement(Verdict.SAME)  # its time is that of its levels, which no event tells (DOMAIN.md 10.1)
    window = (ours.clock, max(theirs.updated_at, ours.clock))
    if exported.is_under_way(theirs.updated_at):
        return Judgement(Verdict.LAGGING, *window, fields, "its event may be under way")
    return Judgement(
        Verdict.MISSED, *window, fields, None if fields else "saved again, nothing that events tell differs"
    )


COMPARED: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.OUTCOME: (
        "workflow_state",
        "title",
        "display_name",
        "description",
        "vendor_guid",
        "calculation_method",
        "calculation_int",
        "context_type",
        "context_id",
        "rubric_criterion",
    ),
    Kind.GROUP: (
        "workflow_state",
        "title",
        "description",
        "vendor_guid",
        "parent_outcome_group_id",
        "context_type",
        "context_id",
    ),
    Kind.LINK: ("workflow_state", "learning_outcome_id", "learning_outcome_group_id", "context_type", "context_id"),
    Kind.PROFICIENCY: ("workflow_state", "context_type", "context_id", "outcome_proficiency_ratings"),
    Kind.RESULT: (
        "workflow_state",
        "learning_outcome_id",
        "result_context_id",
        "user_uuid",
        "score",
        "possible",
        "percent",
        "mastery",
        "attempt",
        "assessed_at",
        "artifact_type",
        "artifact_id",
    ),
    Kind.ACCOUNT: ("workflow_state", "name", "parent_account_id"),
    Kind.COURSE: ("workflow_state", "name", "account_id", "uuid"),
    Kind.USER: ("workflow_state", "name", "uuid"),
    Kind.ENROLLMENT: ("workflow_state", "course_id", "user_id", "type"),
}
"""The fields that both an event and an export tell, of each kind of which both tell."""

_TIMES: Final = frozenset({"assessed_at"})


def differences(
    kind: Kind, ours: Mapping[str, Any], theirs: Mapping[str, Any], untold: frozenset[str] = frozenset()
) -> dict[str, tuple[Any, Any]]:
    """Return the fields in which two states differ, each [ours, theirs]; without those that theirs does not tell."""
    found = {}
    for name in COMPARED.get(kind, tuple({**ours, **theirs})):
        if name in untold:
            continue
        mine, other = ours.get(name), theirs.get(name)
        if mine == other or _normal(name, mine) == _normal(name, other) or _are_close(mine, other):
            continue
        if name == "calculation_int" and theirs.get("calculation_method") not in CALCULATION_INTS:
            continue  # a leftover of another method (DOMAIN.md 3)
        found[name] = (mine, other)
    return found


def _are_close(one: Any, other: Any) -> bool:
    numbers = (int, float)
    return isinstance(one, numbers) and isinstance(other, numbers) and abs(one - other) < _CLOSE


def _normal(name: str, value: Any) -> Any:
    if value is None or value == "":
        return "active" if name == "workflow_state" else None
    if name in _TIMES:
        return micros(parse_moment(value)) // SECOND
    if name == "rubric_criterion":
        return (value.get("mastery_points"), value.get("points_possible"), _levels(value.get("ratings"), ()))
    if name == "outcome_proficiency_ratings":
        return _levels(value, ("mastery", "color"))
    return value


def _levels(ratings: Any, besides: tuple[str, ...]) -> list[tuple[Any, ...]]:
    rows = ((rating.get("points"), rating.get("description"), *map(rating.get, besides)) for rating in ratings or ())
    return sorted(rows, key=lambda row: (-(row[0] or 0.0), str(row[1])))
