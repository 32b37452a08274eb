"""One JSON value from bytes."""

from typing import Any

import orjson

from outcomes.domain.errors import NotAnEvent


def decode(raw: bytes) -> Any:
    """Read one JSON value; raises NotAnEvent that says where it stops being JSON."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise NotAnEvent(f"not JSON: {error}") from error


def object_in(text: bytes) -> Any:
    """Return the JSON object that bytes are, None if they are none."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None
