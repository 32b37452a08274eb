"""Entities and their changes: states, blame, the timeline, what came late, the log."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from outcomes.api.answers.base import as_json, time_text
from outcomes.api.answers.entity import Blame, EntityState
from outcomes.api.answers.events import Late, LateEntry, Timeline, TimelineEntry
from outcomes.api.clean_text import clean
from outcomes.api.terminal import parts
from outcomes.api.terminal.dispatch import draw

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
    return parts.table(
        ("field", "value", "since", "by", "position"),
        (
            (name, parts.shortened(field.value), time_text(field.since), parts.actor(field.actor), field.position)
            for name, field in found.fields.items()
        ),
    )


@draw.register
def timeline(entries: Timeline) -> RenderableType:
    """Draw a line for each entry."""
    rows = (
        (
            time_text(entry.event_time),
            parts.change(entry.change),
            f"{entry.kind}:{entry.id}",
            entry.title,
            Text(fields_in_words(entry) + ("  (order conflict)" if entry.order_conflict else "")),
            parts.actor(entry.actor),
            entry.position,
        )
        for entry in entries
    )
    return parts.table(("when", "change", "what", "title", "fields", "by", "position"), rows)


def fields_in_words(entry: TimelineEntry) -> str:
    """Say what an entry changed: a line for each of the first fields."""
    if entry.change == "created":
        return f"{len(entry.fields)} fields set"
    told = [
        f"{parts.shortened(name)}: {parts.arrow(before, after)}"
        for name, (before, after) in list(entry.fields.items())[:_FIELDS_SHOWN]
    ]
    more = len(entry.fields) - _FIELDS_SHOWN
    return "\n".join([*told, *([f"and {more} more"] if more > 0 else [])])


@draw.register
def late(entries: Late) -> RenderableType:
    """Draw a line for each event, with its effects below one another."""
    rows = (
        (
            time_text(entry.event_time),
            f"{entry.late_by_seconds / 86_400:.1f} days",
            f"{entry.kind}:{entry.id}",
            entry.title,
            Text("\n".join(clean(effect) for effect in _effects(entry) if effect)),
            entry.position,
        )
        for entry in entries
    )
    return parts.table(("happened", "late by", "what", "title", "effect", "position"), rows)


def _effects(entry: LateEntry) -> Iterator[str]:
    if entry.overtaken:
        yield "overtaken by a later event"
    elif entry.change == "updated":
        yield parts.changes(dict(list(entry.fields.items())[:_EFFECTS_SHOWN]))
    else:
        yield entry.change
    yield _first(
        [
            f"{name} {row['kind']}:{row['id']}" + (f": {parts.moved(row['parent'])}" if name == "moved" else "")
            for name, places in entry.tree.items()
            for row in places
        ]
    )
    yield _first([f"{row['student']}: {parts.arrow(*row['score'])}" for row in entry.scores])


def _first(told: list[str]) -> str:
    more = len(told) - _EFFECTS_SHOWN
    return "; ".join([*told[:_EFFECTS_SHOWN], *([f"and {more} more"] if more > 0 else [])])
