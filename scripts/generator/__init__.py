"""A seeded generator of Canvas live events: any number, always the same for the same arguments.

    from scripts.generator import generate

    for line in generate(events=300_000, seed=7):
        ...

`true_events` is what Canvas posted, in order; `generate` is what arrives of it (see `delivery`). Both stream: memory
is that of the modelled school, not of its history. From a shell: `python -m scripts.generator --help`.
"""

from collections.abc import Iterator
from datetime import date

from scripts.generator.delivery import PERFECT, Faults, deliver
from scripts.generator.dice import Dice
from scripts.generator.school import School
from scripts.generator.sizes import Size, size_for
from scripts.generator.story import ODD, START, school_year, timed_events

__all__ = [
    "ODD",
    "PERFECT",
    "START",
    "Faults",
    "School",
    "Size",
    "deliver",
    "generate",
    "school_year",
    "size_for",
    "timed_events",
    "true_events",
]

_DEFAULT_FAULTS = Faults()


def true_events(*, events: int, seed: int, tenants: int = 1, start: date = START, odd: float = ODD) -> Iterator[bytes]:
    """Yield exactly `events` events in the order of time, each once; lines carry no newline.

    :param odd: the share written as other Canvas versions would (times, ids, nulls, envelope); 0 for none.
    """
    return (line for _, line in timed_events(events, seed, tenants, start, odd))


def generate(
    *,
    events: int,
    seed: int,
    tenants: int = 1,
    start: date = START,
    odd: float = ODD,
    faults: Faults = _DEFAULT_FAULTS,
) -> Iterator[bytes]:
    """Yield exactly `events` deliveries, repeats and unreadable lines among them; lines carry no newline.

    What they carry is `true_events(events=faults.truth(events), …)` with the same other arguments.
    """
    truth = timed_events(faults.truth(events), seed, tenants, start, odd)
    return deliver(truth, events, faults, Dice(seed, "wire"))
