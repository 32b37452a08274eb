"""The story: one school year per tenant, all of them merged into one stream in the order of time.

What comes out is the truth: what Canvas posted, each event once, none late, none damaged. Some are written in the
manner of other Canvas versions (see `dialects`), but all of them can be read.
"""

from collections.abc import Iterator
from datetime import date
from heapq import merge
from operator import itemgetter

from scripts.generator.clock import Calendar
from scripts.generator.dialects import Scribe
from scripts.generator.dice import Dice
from scripts.generator.opening import open_year
from scripts.generator.pacing import edit_all_year, rehearse, structural_budget, teach_all_year
from scripts.generator.school import School
from scripts.generator.sizes import Size, size_for
from scripts.generator.stage import Stage
from scripts.generator.terms import close_autumn, open_spring

START = date(2025, 8, 18)
ODD = 0.05
"""The default share of events written in an unusual form."""


def school_year(
    events: int, seed: int, start: date = START, *, tenant: int = 0, size: Size | None = None
) -> Iterator[tuple[int, bytes]]:
    """Play one tenant's year: exactly `events` events, each with its instant in milliseconds.

    With a `size` of its own a school can have a longer or shorter history than schools like it usually have.
    """
    rng = Dice(seed, f"story {tenant}")
    school = School(tenant=tenant, size=size or size_for(events), rng=rng)
    stage = Stage(school, Calendar(start), rng, events)
    budget = structural_budget(stage)
    for process in (
        open_year(stage),
        close_autumn(stage),
        open_spring(stage),
        rehearse(stage),
        edit_all_year(stage, budget),
        teach_all_year(stage, budget),
    ):
        stage.spawn(process)
    return stage.run()


def timed_events(events: int, seed: int, tenants: int, start: date, odd: float) -> Iterator[tuple[int, bytes]]:
    """Play the years of all tenants together; each tenant gets an equal part of the events."""
    if events < 0 or tenants < 1 or not 0 <= odd <= 1:
        msg = f"events {events}, tenants {tenants}, odd {odd}: give events >= 0, tenants >= 1 and a share 0 to 1"
        raise ValueError(msg)
    years = [
        school_year(events // tenants + (tenant < events % tenants), seed, start, tenant=tenant)
        for tenant in range(tenants)
    ]
    together = merge(*years, key=itemgetter(0)) if tenants > 1 else years[0]
    return Scribe(Dice(seed, "scribe"), odd).write(together)
