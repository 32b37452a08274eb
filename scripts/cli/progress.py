"""A bar for work that takes more than a second, on a terminal only, with rate and remaining time."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_PATIENCE_SECONDS = 1.0

Advance = Callable[[int, int | None, int], None]
"""Called with (done, of how many if known, events so far)."""


@contextmanager
def progress(what: str) -> Iterator[Advance]:
    """Give a function to call as work goes on; it draws nothing in the first second, and never in a pipe."""
    if not sys.stderr.isatty():
        yield lambda _done, _total, _events: None
        return
    from rich.console import Console  # noqa: PLC0415 - slow to load, and no bar is drawn in a pipe
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415 - the same

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[events]:,} events, {task.fields[rate]:,.0f}/s"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    started = time.monotonic()
    task = bar.add_task(what, total=None, events=0, rate=0.0)

    def advance(done: int, total: int | None, events: int) -> None:
        passed = time.monotonic() - started
        if passed >= _PATIENCE_SECONDS:
            bar.start()
            bar.update(task, completed=done, total=total, events=events, rate=events / passed)

    try:
        yield advance
    finally:
        bar.stop()
