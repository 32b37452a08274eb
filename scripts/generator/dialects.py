"""Other ways to write the same event, as other Canvas versions and gateways do (DOMAIN.md 1.1, 1.3, 1.7, 1.8).

All of them are legal and readable. Those that cut a time to whole seconds say so, for an event must not move before
one that happened earlier.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

import orjson

from scripts.generator.clock import SECOND
from scripts.generator.dice import Dice

Event = dict[str, Any]

_NULLABLE: dict[str, tuple[str, ...]] = {
    "learning_outcome_result": ("score", "percent", "mastery", "associated_asset_id"),
    "learning_outcome_group": ("description", "vendor_guid", "parent_outcome_group_id"),
    "learning_outcome": ("display_name", "description", "vendor_guid", "calculation_int", "copied_from_outcome_id"),
    "outcome_calculation_method": ("calculation_int",),
    "account": ("parent_account_id",),
}
_OFFSETS = (-6, -6, -5, 2)
_PACIFIC = timezone(timedelta(hours=-8))


def whole_seconds(event: Event, _: Dice) -> None:
    """`2025-09-10T10:26:40Z`: no milliseconds."""
    metadata = event["metadata"]
    metadata["event_time"] = metadata["event_time"][:19] + "Z"


def offset(event: Event, rng: Dice) -> None:
    """`2025-09-10T04:26:40.123-06:00`: local times with their offset, the body's in another one perhaps."""
    metadata, body = event["metadata"], event["body"]
    zone = timezone(timedelta(hours=rng.choice(_OFFSETS)))
    metadata["event_time"] = _read(metadata["event_time"]).astimezone(zone).isoformat(timespec="milliseconds")
    zone = timezone(timedelta(hours=rng.choice(_OFFSETS)))
    for key in body:
        if key.endswith("_at"):
            body[key] = _read(body[key]).astimezone(zone).isoformat()


def spaced(event: Event, _: Dice) -> None:
    """`2025-09-10 02:26:40 -0800`: a space, whole seconds, an offset without a colon."""
    for part, key in ((event["metadata"], "event_time"), (event["body"], "updated_at")):
        if key in part:
            part[key] = _read(part[key]).astimezone(_PACIFIC).strftime("%Y-%m-%d %H:%M:%S %z")


def numbers(event: Event, _: Dice) -> None:
    """Ids of the body as numbers."""
    body = event["body"]
    for key, value in body.items():
        if (key == "id" or key.endswith("_id")) and isinstance(value, str) and value.isdigit():
            body[key] = int(value)


def nulls(event: Event, _: Dice) -> None:
    """Keys without a value are there, as null."""
    entity = event["metadata"]["event_name"].rpartition("_")[0]
    for key in _NULLABLE.get(entity, ()):
        event["body"].setdefault(key, None)


def under_attributes(event: Event, _: Dice) -> None:
    """The envelope as it lies on Canvas's own stream."""
    body = event.pop("body")
    event["attributes"] = event.pop("metadata")
    event["body"] = body


def _read(text: str) -> datetime:
    return datetime.fromisoformat(text)


class Manner(NamedTuple):
    """A way of writing, how common it is, and whether it cuts the event time to whole seconds."""

    write: Callable[[Event, Dice], None]
    weight: int
    cuts: bool = False


MANNERS = (
    Manner(whole_seconds, 30, cuts=True),
    Manner(offset, 25),
    Manner(numbers, 18),
    Manner(nulls, 15),
    Manner(spaced, 7, cuts=True),
    Manner(under_attributes, 5),
)


class Scribe:
    """Writes most events as they come and a few in another manner: each manner once, then as chance will."""

    def __init__(self, rng: Dice, odd: float) -> None:
        """Write a share `odd` of all events in another manner."""
        self._rng = rng
        self._odd = odd
        self._unseen = list(MANNERS)
        self._weights = [manner.weight for manner in MANNERS]

    def write(self, truth: Iterator[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
        """Pass the stream through, still in the order of its times as written."""
        random, odd, written = self._rng.random, self._odd, 0
        for now, line in truth:
            if random() >= odd:
                written = now
                yield now, line
                continue
            manner = self._unseen[0] if self._unseen else self._rng.choices(MANNERS, self._weights)[0]
            whole = now - now % SECOND
            if manner.cuts and whole < written:
                written = now
                yield now, line
                continue
            event = orjson.loads(line)
            manner.write(event, self._rng)
            restyled = orjson.dumps(event)
            if self._unseen and restyled != line:
                del self._unseen[0]
            written = whole if manner.cuts else now
            yield written, restyled
