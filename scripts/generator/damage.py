"""Lines that no reader can take at their word: cut short, not JSON, or lacking what an event must have."""

from collections.abc import Callable
from typing import Any

import orjson

from scripts.generator.dice import Dice

Event = dict[str, Any]
Damage = Callable[[bytes, Dice], bytes | None]
"""Makes a damaged line from a good one, or None if this line cannot be damaged so."""


def truncated(line: bytes, rng: Dice) -> bytes:
    """The connection broke in the middle."""
    return line[: rng.randrange(len(line) // 4, len(line) - 2)]


def not_json(_: bytes, rng: Dice) -> bytes:
    """A gateway answered instead of Canvas."""
    return rng.choice((b"<html><body>504 Gateway Time-out</body></html>", b"upstream reset", b"\xff\xfe\x00{"))


def without_name(line: bytes, _: Dice) -> bytes:
    """No event_name."""
    event = orjson.loads(line)
    del _envelope(event)["event_name"]
    return orjson.dumps(event)


def impossible_time(line: bytes, rng: Dice) -> bytes:
    """An event_time that is no time."""
    event = orjson.loads(line)
    _envelope(event)["event_time"] = rng.choice(("yesterday", "2025-02-30T08:00:00Z", "", 17, None))
    return orjson.dumps(event)


def without_tenant(line: bytes, _: Dice) -> bytes:
    """No root_account_uuid: nobody knows whose event this is."""
    event = orjson.loads(line)
    del _envelope(event)["root_account_uuid"]
    return orjson.dumps(event)


def result_without_id(line: bytes, _: Dice) -> bytes | None:
    """A result as the archives of 2019 hold them."""
    if b'"learning_outcome_result_' not in line:
        return None
    event = orjson.loads(line)
    del event["body"]["id"], event["body"]["user_uuid"]
    event["body"]["title"] = "A pupil, a piece of work"
    return orjson.dumps(event)


def wrong_types(line: bytes, _: Dice) -> bytes | None:
    """A result whose score is a word and whose possible points are a list."""
    if b'"learning_outcome_result_' not in line:
        return None
    event = orjson.loads(line)
    event["body"] |= {"score": "excellent", "possible": [4], "mastery": {"yes": True}}
    return orjson.dumps(event)


def array_for_object(line: bytes, rng: Dice) -> bytes:
    """A list where the body or the envelope should be."""
    event = orjson.loads(line)
    key = rng.choice(list(event))
    event[key] = [event[key]]
    return orjson.dumps(event)


def _envelope(event: Event) -> Event:
    envelope: Event = event["metadata"] if "metadata" in event else event["attributes"]
    return envelope


DAMAGES: tuple[Damage, ...] = (
    truncated,
    not_json,
    without_name,
    impossible_time,
    without_tenant,
    result_without_id,
    wrong_types,
    array_for_object,
)
