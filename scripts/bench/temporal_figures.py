"""Shapes of histories on which temporal databases have failed, and the classes of questions of TPC-BiH.

The shapes are from xtdb's tracker: behind versions recorded later (#144), the same entities overwritten five times over
(#3751), few entities with rare updates among many (#4758). The classes: time travel in both times, a key in time, a
slice of a range of times; the bitemporal one is `tree_figures.as_known_at`.
"""

from collections.abc import Iterator
from functools import partial

from outcomes.domain.identity import Context, Kind
from outcomes.projections.as_of.lookups import seek
from outcomes.projections.as_of.tree import tree_at
from outcomes.projections.as_of.versions import versions_of
from outcomes.projections.history.timeline import timeline
from outcomes.projections.history.version_steps import Filters
from scripts.bench.fixtures import Fixtures, opened
from scripts.bench.measure import Figure, compare, compare_drawn
from scripts.bench.sampling import Span, span_of

_ACCOUNT = Context("Account", "1")
_DRAWS, _REPEAT = 5, 50
_A_FEW = 20
"""Outcomes of the tree that is asked for behind later versions."""
_SLICES = 8


def behind_later_versions(ground: Fixtures) -> Iterator[Figure]:
    """A tree as known before nearly all versions were recorded, with nothing to say that none of them is asked for."""
    for outcomes in (_A_FEW, 1):
        with opened(ground.tree_home(outcomes, ground.sizes.versions)) as (_, views), views.reading() as connection:
            span = span_of(connection, "outcome_versions")
            early = span.now._replace(known_at=3 * _A_FEW)
            yield compare(
                f"tree of {outcomes} known at {early.known_at}, behind {ground.sizes.versions:,} versions / as of now",
                partial(tree_at, connection, early, _ACCOUNT),
                partial(tree_at, connection, span.now, _ACCOUNT),
                limit=3,
                rounds=ground.sizes.rounds,
                repeat=_REPEAT,
            )


def overwritten(ground: Fixtures) -> Iterator[Figure]:
    """A tree whose outcomes were each written five times against one written once."""
    once = ground.tree_home(ground.sizes.outcomes, 0)
    with opened(ground.few) as (_, views), opened(once) as (_, other), views.reading() as five, other.reading() as one:
        yield compare(
            "tree now, overwritten five times over / written once",
            partial(tree_at, five, span_of(five, "outcome_versions").now, _ACCOUNT),
            partial(tree_at, one, span_of(one, "outcome_versions").now, _ACCOUNT),
            limit=1.5,
            rounds=ground.sizes.rounds,
        )


def rare_updates(ground: Fixtures) -> Iterator[Figure]:
    """A group that was never edited, looked for among many versions of others against few."""
    homes = opened(ground.many), opened(ground.few)
    with homes[0] as (_, views), homes[1] as (_, other), views.reading() as many, other.reading() as few:
        yield compare(
            "one entity with rare updates, among many versions of others / among few",
            partial(_seek_group, span_of(many, "outcome_versions")),
            partial(_seek_group, span_of(few, "outcome_versions")),
            limit=1.5,
            rounds=ground.sizes.rounds,
            repeat=_REPEAT,
        )


def _seek_group(span: Span) -> None:
    span.connection.execute(f"SELECT {seek(Kind.GROUP, ':id')}", {**span.now.bounds(), "id": "100"}).fetchone()


def travelling(ground: Fixtures) -> Iterator[Figure]:
    """TPC-BiH, time travel: a tree at a random time of the log, all event times, against now."""
    dice = ground.dice("time travel")
    with opened(ground.many) as (_, views), views.reading() as connection:
        span = span_of(connection, "outcome_versions")
        yield compare_drawn(
            "tree as known at a random P, of all event times / now",
            ([span.now._replace(known_at=span.position(dice)) for _ in range(_DRAWS)] for _ in _rounds(ground)),
            lambda past: tree_at(span.connection, past, _ACCOUNT),
            lambda _: tree_at(span.connection, span.now, _ACCOUNT),
            limit=3,
        )


def key_in_time(ground: Fixtures) -> Iterator[Figure]:
    """TPC-BiH, key in time: all versions of one entity, the work for each in a long history against a short one."""
    homes = opened(ground.many), opened(ground.few)
    with homes[0] as (_, views), homes[1] as (_, other), views.reading() as many, other.reading() as few:
        spans = span_of(many, "outcome_versions"), span_of(few, "outcome_versions")
        counts = [len(versions_of(span.connection, span.now, Kind.OUTCOME, "1")) for span in spans]
        yield compare(
            "all versions of one outcome in a long history / as many in a short one",
            partial(_versions, spans[0], counts[1]),
            partial(_versions, spans[1], counts[0]),
            limit=1.5,
            rounds=ground.sizes.rounds,
            repeat=_A_FEW,
        )


def _versions(span: Span, times: int) -> None:
    for _ in range(times):
        versions_of(span.connection, span.now, Kind.OUTCOME, "1")


def range_timeslice(ground: Fixtures) -> Iterator[Figure]:
    """TPC-BiH, range-timeslice: what changed between two times, in all slices of a year against the year at once."""
    with opened(ground.home) as (log, views), views.reading() as connection:
        span = span_of(connection, "outcome_versions")
        width = (span.now.until - span.first) // _SLICES + 1
        slices = [Filters(since=start, until=start + width - 1) for start in range(span.first, span.now.until, width)]
        whole = Filters(since=span.first)

        def read(*parts: Filters) -> None:
            for part in parts:
                for _ in timeline(connection, log, span.now, part):
                    pass

        yield compare(
            f"timeline of a year in {_SLICES} slices / at once",
            partial(read, *slices),
            partial(read, whole),
            limit=1.5,
            rounds=ground.sizes.rounds,
            warm=False,
        )


def _rounds(ground: Fixtures) -> range:
    return range(ground.sizes.rounds)
