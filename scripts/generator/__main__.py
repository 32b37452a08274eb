"""The command `python -m scripts.generator`: NDJSON on stdout."""

import os
import sys
from datetime import datetime, time
from itertools import islice
from typing import Annotated

import typer

from scripts.generator import ODD, START, Faults, generate

_LINES_PER_WRITE = 64
_DEFAULT = Faults()
_START = datetime.combine(START, time())


def main(
    *,
    events: Annotated[int, typer.Option(min=0, help="How many deliveries, repeats and unreadable ones included.")],
    seed: Annotated[int, typer.Option(help="Same seed and flags, same bytes.")] = 0,
    tenants: Annotated[int, typer.Option(min=1, help="How many root accounts share the stream.")] = 1,
    start: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="First day of the school year.")] = _START,
    odd: Annotated[float, typer.Option(help="Share written as other Canvas versions would.")] = ODD,
    late: Annotated[float, typer.Option(help="Share delayed by an hour to 30 days.")] = _DEFAULT.late,
    repeat: Annotated[float, typer.Option(help="Share delivered again, as it was or rewritten.")] = _DEFAULT.repeat,
    shuffle: Annotated[int, typer.Option(help="Places an event may slip back; 0 for none.")] = _DEFAULT.shuffle,
    malformed: Annotated[float, typer.Option(help="Share that cannot be read.")] = _DEFAULT.malformed,
) -> None:
    """Write realistic Canvas live events as NDJSON, one school year per tenant.

    Example: python -m scripts.generator --events 300000 --seed 7 > events.ndjson

    The truth without faults of delivery: --late 0 --repeat 0 --shuffle 0 --malformed 0
    """
    try:
        faults = Faults(late=late, repeat=repeat, shuffle=shuffle, malformed=malformed)
        lines = generate(events=events, seed=seed, tenants=tenants, start=start.date(), odd=odd, faults=faults)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    try:
        while batch := list(islice(lines, _LINES_PER_WRITE)):
            sys.stdout.buffer.write(b"\n".join(batch) + b"\n")
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # the reader, say `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    typer.run(main)
