"""Bodies of requests, as long as each may be."""

from http import HTTPStatus

from starlette.requests import ClientDisconnect, Request

from outcomes.service.problems import Problem
from outcomes.service.state import state_of

LARGEST_EVENTS = 12 << 20
"""An event of 8 MiB in the base64 of a signed form, with room to spare."""
LARGEST = 64 << 10
"""Of all else."""


async def body_of(http: Request, largest: int = LARGEST) -> bytes:
    """Return the whole body; raises a 413 as soon as it is too long, and a 503 where all bodies together are."""
    told = http.headers.get("content-length", "")
    if told.isdigit() and int(told) > largest:
        raise _too_large(largest)
    budget = state_of(http).bodies
    parts, size, is_whole = [], 0, False
    try:
        # Not by `http.stream()`: a generator costs more than all else here.
        while not is_whole:
            message = await http.receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            part = message.get("body", b"")
            size += len(part)
            budget.take(len(part))
            if size > largest:
                raise _too_large(largest)
            parts.append(part)
            is_whole = not message.get("more_body", False)
    finally:
        budget.left += size
    return b"".join(parts)


def _too_large(largest: int) -> Problem:
    if not largest:
        return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "this takes no body: put options in the address")
    most = f"{largest >> 20} MiB" if largest >> 20 else f"{largest >> 10} KiB"
    return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {most}: send it in several requests")
