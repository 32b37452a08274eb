"""The tree of a context at past points drawn at random: against now, at many versions, at few."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from outcomes.domain.identity import Context
from outcomes.projections.as_of.tree import tree_at
from scripts.bench.fixtures import Fixtures, opened
from scripts.bench.measure import Figure, compare_drawn
from scripts.bench.sampling import Span, span_of

_ACCOUNT = Context("Account", "1")
_DRAWS = 5
"""Points a round."""


def at_a_past_time(fixtures: Fixtures) -> Iterator[Figure]:
    """A tree as of T against the tree now."""
    dice = fixtures.dice("tree as of")
    sizes = fixtures.sizes
    with _covered(fixtures.many) as span:
        yield compare_drawn(
            f"tree of {sizes.outcomes:,} outcomes at a random past T, at {sizes.versions:,} versions / now",
            ([span.at(dice.random()) for _ in range(_DRAWS)] for _ in range(sizes.rounds)),
            lambda past: tree_at(span.connection, past, _ACCOUNT),
            lambda _: tree_at(span.connection, span.now, _ACCOUNT),
            limit=3.5,
        )


def among_many_versions(fixtures: Fixtures) -> Iterator[Figure]:
    """A tree as of T in a long history against the same in a short one."""
    dice = fixtures.dice("tree among many")
    with _covered(fixtures.many) as many, _covered(fixtures.few) as few:
        shares = ([dice.random() for _ in range(_DRAWS)] for _ in range(fixtures.sizes.rounds))
        yield compare_drawn(
            f"the same as-of query at {fixtures.sizes.versions:,} versions / at {fixtures.sizes.few_versions:,}",
            ([(many.at(share), few.at(share)) for share in drawn] for drawn in shares),
            lambda pair: tree_at(many.connection, pair[0], _ACCOUNT),
            lambda pair: tree_at(few.connection, pair[1], _ACCOUNT),
            limit=2.5,
        )


def as_known_at(fixtures: Fixtures) -> Iterator[Figure]:
    """A tree as of T, known at P, against the same T with all that is known."""
    dice = fixtures.dice("tree known at")
    with _covered(fixtures.many) as span:
        shares = ([dice.random() for _ in range(_DRAWS)] for _ in range(fixtures.sizes.rounds))
        yield compare_drawn(
            "the same known at a random P too / as of T alone",
            ([(span.at(share, span.position(dice)), span.at(share)) for share in drawn] for drawn in shares),
            lambda pair: tree_at(span.connection, pair[0], _ACCOUNT),
            lambda pair: tree_at(span.connection, pair[1], _ACCOUNT),
            limit=1.3,
        )


@contextmanager
def _covered(home: Path) -> Iterator[Span]:
    with opened(home) as (_, views), views.reading() as connection:
        yield span_of(connection, "outcome_versions")
