"""Entities and their changes: states, blame, the timeline, what came late, the log."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, TypeVar

from rich.console import RenderableType

from outcomes.api.answers.base import as_json, time_text
from outcomes.api.answers.entity import Blame, BlamedField, EntityState
from outcomes.api.answers.events import Late, LateEntry, Timeline, TimelineEntry
from outcomes.api.answers.moments import Moment, Moments
from outcomes.api.clean_text import clean
from outcomes.api.terminal import parts
from outcomes.api.terminal.dispatch import draw
from outcomes.api.terminal.tables import VALUE_WIDTH, Lines, Room

Item = TypeVar("Item")

_FIELDS_SHOWN, _EFFECTS_SHOWN = 4, 3


@draw.register
def state(found: EntityState) -> RenderableType:
    """Draw the fields of a state, however deep, and which event made it so."""
    fields = dict(_flatten(found.state or {}))
    made = {"event_time": as_json(found.event_time), "position": found.position, "events": found.events}
    return parts.facts({f"{found.kind}:{found.id}": "", **fields, "": "", **made})


def _flatten(fields: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in fields.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{name}.")
        elif isinstance(value, list | tuple):
            for index, inner in enumerate(value):
                path = f"{prefix}{name}[{index}]"
                yield from _flatten(inner, path + ".") if isinstance(inner, dict) else iter([(path, inner)])
        else:
            yield f"{prefix}{name}", value


@draw.register
def blame(found: Blame) -> RenderableType:
    """Draw a line for each field."""
    return parts.fitted_table(("field", "value", "since", "by", "position"), found.fields.items(), _blame_row)


def _blame_row(item: tuple[str, BlamedField], room: Room) -> tuple[Any, ...]:
    name, field = item
    value = parts.shortened(field.value, room)
    return (name, value, time_text(field.since), parts.actor(field.actor, room), field.position)


@draw.register
def timeline(entries: Timeline) -> RenderableType:
    """Draw a line for each entry."""
    return parts.fitted_table(("when", "change", "what", "title", "fields", "by", "position"), entries, _timeline_row)


def _timeline_row(entry: TimelineEntry, room: Room) -> tuple[Any, ...]:
    return (
        time_text(entry.event_time),
        parts.change(entry.change),
        f"{entry.kind}:{entry.id}",
        entry.title,
        Lines(fields_in_words(entry, room) + ("  (order conflict)" if entry.order_conflict else "")),
        parts.actor(entry.actor, room),
        entry.position,
    )


def fields_in_words(entry: TimelineEntry, room: Room = VALUE_WIDTH) -> str:
    """Say what an entry changed: a line for each field, and where there is little room for the first ones."""
    if entry.change == "created":
        return f"{len(entry.fields)} fields set"
    told = [
        f"{parts.shortened(name, room)}: {parts.arrow(before, after, room)}"
        for name, (before, after) in _some(entry.fields.items(), _FIELDS_SHOWN, room)
    ]
    more = len(entry.fields) - len(told)
    return "\n".join([*told, *([f"and {more} more"] if more else [])])


@draw.register
def moments(found: Moments) -> RenderableType:
    """Draw a line for each moment; nothing stands where nothing was counted."""
    columns = ("from", "to", "what", "added", "removed", "moved", "changed", "policy", "flipped", "by", "positions")
    return parts.fitted_table(columns, found, _moment_row)


def _moment_row(moment: Moment, room: Room) -> tuple[Any, ...]:
    counts = (moment.added, moment.removed, moment.moved, moment.changed)
    first, last = moment.positions
    return (
        time_text(moment.since),
        "" if moment.until == moment.since else time_text(moment.until),
        moment.title,
        *(count or "" for count in counts),
        "policy" if moment.policy else "",
        moment.flipped or "",
        "" if moment.actor is None else parts.actor(moment.actor, room),
        f"{first}" if first == last else f"{first} to {last}",
    )


@draw.register
def late(entries: Late) -> RenderableType:
    """Draw a line for each event, with its effects below one another."""
    return parts.fitted_table(("happened", "late by", "what", "title", "effect", "position"), entries, _late_row)


def _late_row(entry: LateEntry, room: Room) -> tuple[Any, ...]:
    return (
        time_text(entry.event_time),
        f"{entry.late_by_seconds / 86_400:.1f} days",
        f"{entry.kind}:{entry.id}",
        entry.title,
        Lines("\n".join(clean(effect) for effect in _effects(entry, room) if effect)),
        entry.position,
    )


def _effects(entry: LateEntry, room: Room) -> Iterator[str]:
    if entry.overtaken:
        yield "overtaken by a later event"
    elif entry.change == "updated":
        yield parts.changes(dict(_some(entry.fields.items(), _EFFECTS_SHOWN, room)), room)
    else:
        yield entry.change
    moves = [
        f"{name} {row['kind']}:{row['id']}" + (f": {parts.moved(row['parent'])}" if name == "moved" else "")
        for name, places in entry.tree.items()
        for row in places
    ]
    yield _first(moves, room)
    yield _first([f"{row['student']}: {parts.arrow(*row['score'])}" for row in entry.scores], room)


def _first(told: list[str], room: Room) -> str:
    some = _some(told, _EFFECTS_SHOWN, room)
    more = len(told) - len(some)
    return "; ".join([*some, *([f"and {more} more"] if more else [])])


def _some(told: Iterable[Item], count: int, room: Room) -> list[Item]:
    """Return the first ones where there is little room, else all."""
    return list(told if room is None else islice(told, count))
