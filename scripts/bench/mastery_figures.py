"""Mastery at past points: a class, a student, everything at once."""

import sqlite3
from collections.abc import Iterator
from functools import partial

from outcomes.projections.as_of.point import PointInTime, PointQuery, resolve
from outcomes.projections.mastery.query import mastery_at
from outcomes.projections.mastery.results import Scope
from scripts.bench.fixtures import Fixtures, opened
from scripts.bench.measure import Figure, compare_drawn, of, seconds
from scripts.bench.rebuild_figures import read_and_parse
from scripts.bench.rollup import whole_rollup
from scripts.bench.sampling import span_of

_DRAWS = 5
"""Points a round."""
_STUDENTS = 20
"""Students a round, each at a point of its own."""
_LATER_HALF = 0.5
"""A past with little in it would be an easy one."""


def classroom(fixtures: Fixtures) -> Iterator[Figure]:
    """A class at a past T against the same now."""
    course, dice = Scope(course="9"), fixtures.dice("class")
    with opened(fixtures.classroom) as (_, views), views.reading() as connection:
        span = span_of(connection, "result_versions")
        yield compare_drawn(
            "mastery of a class of 35 x 40 at a random past T / now",
            ([span.at(dice.uniform(_LATER_HALF, 1)) for _ in range(_DRAWS)] for _ in range(fixtures.sizes.rounds)),
            lambda past: list(mastery_at(connection, past, course)),
            lambda _: list(mastery_at(connection, span.now, course)),
            limit=2,
        )


def student(fixtures: Fixtures) -> Iterator[Figure]:
    """All outcomes of one student at a past T against a replay of the log."""
    dice = fixtures.dice("student")
    with opened(fixtures.home) as (log, views), views.reading() as connection:
        span = span_of(connection, "result_versions")
        students = [row[0] for row in connection.execute("SELECT uuid FROM students WHERE uuid <> '' ORDER BY uuid")]
        # The replay grows with the log, the answer hardly: told for a million results, as the limit is.
        million = 1_000_000 / connection.execute("SELECT count(*) FROM result_versions").fetchone()[0]
        ratios = []
        for _ in range(fixtures.sizes.rounds):
            replay = seconds(lambda: read_and_parse(log)) * million
            asked = [
                (span.at(dice.uniform(_LATER_HALF, 1)), Scope(student=dice.choice(students))) for _ in range(_STUDENTS)
            ]
            taken = sum(seconds(partial(_ask, connection, *one)) for one in asked)
            ratios.append(taken / len(asked) / replay)
        yield of("mastery of one student at a random past T / a replay of 1 M results", ratios, limit=0.001)


def _ask(connection: sqlite3.Connection, past: PointInTime, scope: Scope) -> None:
    for _ in mastery_at(connection, past, scope):
        pass


def rollup(fixtures: Fixtures) -> Iterator[Figure]:
    """The mastery of everyone, now."""
    rounds = fixtures.sizes.rounds
    with opened(fixtures.home) as (_, views), views.reading() as connection:
        yield from whole_rollup(connection, resolve(connection, PointQuery()), rounds)
