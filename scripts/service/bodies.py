"""Bodies of requests, as long as each may be."""

from http import HTTPStatus

from starlette.requests import ClientDisconnect, Request

from outcomes.service.problems import Problem

LARGEST_EVENTS = 12 << 20
"""An event of 8 MiB in the base64 of a signed form, with room to spare."""
LARGEST = 64 << 10
"""Of all else."""


async def body_of(http: Request, largest: int = LARGEST) -> bytes:
    """Return the whole body; raises a 413 as soon as it is too long."""
    told = http.headers.get("content-length", "")
    if told.isdigit() and int(told) > largest:
        raise _too_large(largest)
    parts, size, is_whole = [], 0, False
    # Not by `http.stream()`: a generator costs more than all else here.
    while not is_whole:
        message = await http.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part = message.get("body", b"")
        size += len(part)
        if size > largest:
            raise _too_large(largest)
        parts.append(part)
        is_whole = not message.get("more_body", False)
    return b"".join(parts)


def _too_large(largest: int) -> Problem:
    most = f"{largest >> 20} MiB" if largest >> 20 else f"{largest >> 10} KiB"
    return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {most}: send it in several requests")
