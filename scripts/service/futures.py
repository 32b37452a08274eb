"""Answers that threads have found, handed over to the loop in which those who asked are waiting."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

Found = tuple["asyncio.Future[Any]", Any]
"""Where somebody waits, and what was found, or the error that was met."""


def settle(loop: asyncio.AbstractEventLoop, found: Iterable[Found]) -> None:
    """Tell all who wait, in one go; may be called from any thread."""
    # At the end the loop is gone, and with it whoever has asked.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(_settle, found)


def _settle(found: Iterable[Found]) -> None:
    for waiting, answer in found:
        if waiting.done():
            continue  # who has asked is gone
        if isinstance(answer, BaseException):
            waiting.set_exception(answer)
        else:
            waiting.set_result(answer)
