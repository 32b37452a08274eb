"""The moments of a context: its changes, gathered by who made them in which request or job, newest first."""

import sqlite3
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from outcomes.domain.event import Event
from outcomes.domain.identity import Context
from outcomes.domain.times import DAY, MINUTE, Micros
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.history.policy_impact import Edit, PolicyFlips
from outcomes.projections.history.timeline import Actor, actor_of
from outcomes.projections.history.tree_changes import PlaceChange, PlaceKey, TreeChange, is_in_no_group, tree_changes
from outcomes.projections.mastery.flips import Flip
from outcomes.projections.paging import key_of_parts, number_of_key, parts_of_key
from outcomes.store.log.event_log import EventLog

LONGEST_PAUSE: Micros = 5 * MINUTE
"""What one doer changes in one request or job after a longer pause is another moment."""
_FEW = 3
"""So many things are named."""
_WAYS = ("added", "changed", "moved", "removed")


class By(StrEnum):
    """What is gathered: all of a UTC day, what one doer did in one request or job, or every change by itself."""

    DAY = "day"
    MOMENT = "moment"
    CHANGE = "change"


class Thing(NamedTuple):
    """Something that changed, by the title that it had then."""

    kind: str
    id: str
    title: str


class Moment(NamedTuple):
    """Changes that belong together, from the first to the last.

    `added`, `removed`, `moved` and `changed` count places as `diff` does, and scales, methods and friendly descriptions
    of the context as changed: what came and went again in the same moment counts for nothing. `things` counts what
    changed instead, an outcome that came to two groups once; `kinds` by kind; `first` are the first of them. `actor`
    and `request` are None where there are several. `flipped` counts the students, outcome by outcome, whose mastery
    its policies flipped: `gained` and `lost`.
    """

    since: Micros
    until: Micros
    actor: Actor | None
    request: str | None
    added: int
    removed: int
    moved: int
    changed: int
    policy: bool
    flipped: int
    gained: int
    lost: int
    positions: tuple[int, int]
    title: str
    things: int
    kinds: dict[str, dict[str, int]]
    first: list[Thing]

    @property
    def key(self) -> str:
        """Its place in the answer."""
        return key_of_parts(self.until, self.positions[1])


@dataclass
class _Gathered:
    """The changes of a moment in the making."""

    changes: list[TreeChange] = field(default_factory=list)

    @property
    def until(self) -> Micros:
        return self.changes[-1].order.event_time

    @property
    def last_position(self) -> int:
        return max(change.position for change in self.changes)

    def policies(self) -> list[Edit]:
        """Return the changes of how something is scored."""
        return [Edit(one.kind, one.id, one.order.event_time) for one in self.changes if one.has_policy]

    def places(self) -> dict[PlaceKey, PlaceChange]:
        """Return each place as it was before the first and after the last of these changes."""
        found: dict[PlaceKey, PlaceChange] = {}
        for change in self.changes:
            for key, place in change.places.items():
                first = found.get(key, place)
                found[key] = PlaceChange(first.before, place.after, first.is_edited or place.is_edited)
        return found

    def became(self) -> list[tuple[str, PlaceKey]]:
        """Return what became of each place; both moved and changed it is told twice."""
        found: list[tuple[str, PlaceKey]] = []
        places = self.places()
        there_before = {key[:2] for key, place in places.items() if place.before is not None}
        there_after = {key[:2] for key, place in places.items() if place.after is not None}
        for key, (before, after, is_edited) in places.items():
            if (before is None or after is None) and is_in_no_group(key) and key[:2] in there_before & there_after:
                continue  # as in a diff: its place in a group says it
            if before is None or after is None:
                if after is not None:
                    found.append(("added", key))
                elif before is not None:
                    found.append(("removed", key))
                continue
            if before.parent_id != after.parent_id:
                found.append(("moved", key))
            if is_edited or before[1:] != after[1:]:
                found.append(("changed", key))
        return found

    def things(self, became: Iterable[tuple[str, PlaceKey]]) -> list[Thing]:
        """Return what changed, the first first, by its last title; all that was touched, if nothing changed."""
        titles = {key[:2]: change.title for change in self.changes for key in change.places}
        counting = {key[:2] for _, key in became}
        return [Thing(*key, title) for key, title in titles.items() if key in counting or not counting]


def _by_kind(became: Iterable[tuple[str, PlaceKey]]) -> dict[str, dict[str, int]]:
    """Count things by kind and by what became of them, in an order that is the same in every process."""
    found: dict[str, dict[str, int]] = {}
    for way, kind, _ in sorted({(way, *key[:2]) for way, key in became}, key=lambda told: (_WAYS.index(told[0]), told)):
        ways = found.setdefault(kind, {})
        ways[way] = ways.get(way, 0) + 1
    return found


def _title(things: list[Thing]) -> str:
    """Name what changed: one thing by its title, several by the first and how many more there are."""
    more = len(things) - 1
    return f"{things[0].title} and {more} more" if more else things[0].title


def moments(
    connection: sqlite3.Connection,
    log: EventLog,
    point: PointInTime,
    context: Context,
    by: By = By.MOMENT,
    after: str | None = None,
    courses: Container[str] | None = None,
) -> Iterator[Moment]:
    """Yield the moments of a context up to a point, newest first; whom policies flipped is computed as they come.

    `after` is the key of the last one of the part before; of other courses than `courses` no student is counted.
    """
    found = _gathered(tree_changes(connection, log, point, context), by)
    found.sort(key=lambda group: (group.until, group.last_position), reverse=True)
    last = place_of_key(after)
    if last is not None:
        found = [group for group in found if (group.until, group.last_position) < last]
    told = ((group, became) for group in found if (became := group.became()) or group.policies())
    for (group, became), flipped in PolicyFlips(connection, point, context, courses).along(
        told, lambda one: one[0].policies()
    ):
        # Edits of one instant have one effect: a scale and a method that came together flipped nobody twice.
        effects = {
            (edit.event_time, flip.whose): flip
            for edit, flips in zip(group.policies(), flipped, strict=True)
            for flip in flips
        }
        yield _moment(log, group, became, list(effects.values()))


def place_of_key(after: str | None) -> tuple[Micros, int] | None:
    """Read the key of a moment; raises UsageError."""
    if after is None:
        return None
    until, position = map(number_of_key, parts_of_key(after, 2))
    return until, position


def _moment(log: EventLog, group: _Gathered, became: list[tuple[str, PlaceKey]], flipped: list[Flip]) -> Moment:
    first = group.changes[0]
    requests = {change.request for change in group.changes}
    is_of_one = len({change.who for change in group.changes}) == 1
    things = group.things(became)
    return Moment(
        since=first.order.event_time,
        until=group.until,
        actor=_actor(log, first.position) if is_of_one else None,
        request=first.request if len(requests) == 1 else None,
        **{way: sum(told == way for told, _ in became) for way in _WAYS},
        policy=any(change.has_policy for change in group.changes),
        flipped=len(flipped),
        gained=sum(flip.is_gained for flip in flipped),
        lost=sum(flip.is_lost for flip in flipped),
        positions=(min(change.position for change in group.changes), group.last_position),
        title=_title(things),
        things=len(things),
        kinds=_by_kind(became),
        first=things[:_FEW],
    )


def _gathered(changes: Iterable[TreeChange], by: By) -> list[_Gathered]:
    """Put changes together that belong together, each group in event order."""
    found: list[_Gathered] = []
    groups: dict[Any, _Gathered] = {}
    for change in changes:
        at = change.order.event_time
        key: Any = change.order if by is By.CHANGE else at // DAY if by is By.DAY else change.who
        group = groups.get(key)
        if by is By.CHANGE or group is None or (by is By.MOMENT and at - group.until > LONGEST_PAUSE):
            group = groups[key] = _Gathered()
            found.append(group)
        group.changes.append(change)
    return found


def _actor(log: EventLog, position: int) -> Actor:
    record = log.records_at([position])[0]
    event = log.parse(record)
    assert isinstance(event, Event)  # noqa: S101 - versions are made of projected events only
    return actor_of(event.metadata, is_erased=log.is_partly_erased(record))
