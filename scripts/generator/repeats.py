"""The same event once more, in other bytes: what passes through another program on the way comes out rewritten."""

import json
from typing import Any

import orjson

from scripts.generator.dice import Dice


def reserialised(line: bytes, rng: Dice) -> bytes:
    """Write an event again with other key order, white space or number forms; it says exactly the same.

    >>> reserialised(b'{"a":4.0,"b":null}', Dice(1, "wire"))
    b'{"a": 4, "b": null}'
    """
    value = _rearranged(orjson.loads(line), rng, whole=rng.random() < 0.5)  # noqa: PLR2004
    if rng.random() < 0.5:  # noqa: PLR2004
        return orjson.dumps(value)
    return json.dumps(value, ensure_ascii=rng.random() < 0.5).encode()  # noqa: PLR2004


def _rearranged(value: Any, rng: Dice, *, whole: bool) -> Any:
    """Shuffle the keys of every object; with `whole`, write 4.0 as 4."""
    if isinstance(value, dict):
        keys = list(value)
        rng.shuffle(keys)
        return {key: _rearranged(value[key], rng, whole=whole) for key in keys}
    if isinstance(value, list):
        return [_rearranged(item, rng, whole=whole) for item in value]
    if whole and isinstance(value, float) and value.is_integer():
        return int(value)
    return value
