"""The moments of a context: its changes, gathered by who made them in which request or job, newest first."""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from outcomes.domain.event import Event
from outcomes.domain.identity import Context
from outcomes.domain.times import Micros
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.history.policy_impact import PolicyFlips
from outcomes.projections.history.timeline import Actor, actor_of
from outcomes.projections.history.tree_changes import PlaceChange, PlaceKey, TreeChange, is_in_no_group, tree_changes
from outcomes.projections.paging import key_of_parts, number_of_key, parts_of_key
from outcomes.store.log.event_log import EventLog

LONGEST_PAUSE: Micros = 5 * 60_000_000
"""What one doer changes in one request or job after a longer pause is another moment."""
_DAY: Micros = 86_400_000_000


class By(StrEnum):
    """What is gathered: all of a UTC day, what one doer did in one request or job, or every change by itself."""

    DAY = "day"
    MOMENT = "moment"
    CHANGE = "change"


class Moment(NamedTuple):
    """Changes that belong together, from the first to the last.

    `added`, `removed`, `moved` and `changed` count places as `diff` does, and scales, methods and friendly descriptions
    of the context as changed: what came and went again in the same moment counts for nothing. `actor` and `request` are
    None where there are several. `flipped` counts the students, outcome by outcome, whose mastery its policies flipped.
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
    positions: tuple[int, int]
    title: str

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

    def places(self) -> dict[PlaceKey, PlaceChange]:
        """Return each place as it was before the first and after the last of these changes."""
        found: dict[PlaceKey, PlaceChange] = {}
        for change in self.changes:
            for key, place in change.places.items():
                first = found.get(key, place)
                found[key] = PlaceChange(first.before, place.after, first.is_edited or place.is_edited)
        return found

    def counts(self) -> dict[str, int]:
        """Count what became of the places."""
        counts = dict.fromkeys(("added", "removed", "moved", "changed"), 0)
        places = self.places()
        came, went = ({key[:2] for key, place in places.items() if place[side] is not None} for side in (1, 0))
        for key, (before, after, is_edited) in places.items():
            if (before is None or after is None) and is_in_no_group(key) and key[:2] in came & went:
                continue  # as in a diff: its place in a group says it
            counts["added"] += before is None and after is not None
            counts["removed"] += before is not None and after is None
            if before is not None and after is not None:
                counts["moved"] += before.parent_id != after.parent_id
                counts["changed"] += is_edited or before[1:] != after[1:]
        return counts

    def title(self) -> str:
        """Name what changed: one thing by its title, several by the first and how many more there are."""
        titles = dict.fromkeys(change.title for change in self.changes)
        first, more = next(iter(titles)), len(titles) - 1
        return f"{first} and {more} more" if more else first


def moments(
    connection: sqlite3.Connection,
    log: EventLog,
    point: PointInTime,
    context: Context,
    by: By = By.MOMENT,
    after: str | None = None,
) -> Iterator[Moment]:
    """Yield the moments of a context up to a point, newest first; whom policies flipped is computed as they come.

    `after` is the key of the last one of the part before.
    """
    found = _gathered(tree_changes(connection, log, point, context), by)
    found.sort(key=lambda group: (group.until, group.last_position), reverse=True)
    last = place_of_key(after)
    if last is not None:
        found = [group for group in found if (group.until, group.last_position) < last]
    flips = PolicyFlips(connection, point, context)
    for group in found:
        counts = group.counts()
        policies = [change for change in group.changes if change.has_policy]
        if policies or any(counts.values()):
            yield _moment(
                log, group, counts, sum(len(flips.of(one.kind, one.id, one.order.event_time)) for one in policies)
            )


def place_of_key(after: str | None) -> tuple[Micros, int] | None:
    """Read the key of a moment; raises UsageError."""
    if after is None:
        return None
    until, position = map(number_of_key, parts_of_key(after, 2))
    return until, position


def _moment(log: EventLog, group: _Gathered, counts: dict[str, int], flipped: int) -> Moment:
    first = group.changes[0]
    requests = {change.request for change in group.changes}
    is_of_one = len({change.who for change in group.changes}) == 1
    return Moment(
        since=first.order.event_time,
        until=group.until,
        actor=_actor(log, first.position) if is_of_one else None,
        request=first.request if len(requests) == 1 else None,
        **counts,
        policy=any(change.has_policy for change in group.changes),
        flipped=flipped,
        positions=(min(change.position for change in group.changes), group.last_position),
        title=group.title(),
    )


def _gathered(changes: Iterable[TreeChange], by: By) -> list[_Gathered]:
    """Put changes together that belong together, each group in event order."""
    found: list[_Gathered] = []
    groups: dict[Any, _Gathered] = {}
    for change in changes:
        at = change.order.event_time
        key: Any = change.order if by is By.CHANGE else at // _DAY if by is By.DAY else change.who
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
