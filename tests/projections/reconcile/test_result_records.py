"""What is known here of results, kept by blocks on disk: found by id, whatever is asked and in which order."""

from pathlib import Path
from random import Random

import numpy as np
import pytest

from outcomes.projections.reconcile.bit_set import BitSet
from outcomes.projections.reconcile.result_records import ResultRecords
from tests.support.given import result
from tests.support.world import World


@pytest.mark.parametrize("part_events", [10_000, 70])
def test_every_result_is_found_by_its_id_and_no_other(tmp_path: Path, part_events: int) -> None:
    """The version in force of each; among them ids that none has, twice the same, and numbers that are no ids."""
    dice = Random(7)  # noqa: S311 - the same each time
    ids = dice.sample(range(1, 10**12), 500)
    world = World(tmp_path / "home")
    saves = [(one, day, float(dice.randrange(6))) for one in ids for day in range(1, 1 + dice.randrange(1, 3))]
    world.take(*(result(str(one), f"2025-03-0{day}", score=score) for one, day, score in saves))
    last = {one: score for one, _, score in saves}
    asked = [*ids, *ids[:9], *(one + 1 for one in ids), 0, -1, -(2**62)]
    dice.shuffle(asked)
    with world.at() as (_, connection, point):
        records = ResultRecords(connection, point, part_events)
        places, found = records.find(np.array(asked, dtype=np.int64))
        assert [one in last for one in asked] == (places >= 0).tolist()
        told = {int(one["id"]): float(one["score"]) for one, place in zip(found, places, strict=True) if place >= 0}
        assert told == last
        assert len(set(places[places >= 0].tolist())) == len(last)
        held = np.array(ids[:490], dtype=np.int64)
        records.note_seen(held, records.find(held).places)
        assert [one.id for one in records.unseen()] == [str(one) for one in sorted(ids[490:])]
        records.close()


def test_a_set_of_bits_is_a_set() -> None:
    """Also of numbers that share a byte, or come twice."""
    numbers = np.array([0, 7, 8, 9, 9, 63, 1_000], dtype=np.int64)
    found = BitSet(1_001)
    found.add(numbers)
    every = np.arange(1_001)
    assert every[found.has(every)].tolist() == sorted(set(numbers.tolist()))
    assert [number in found for number in (7, 10, 1_000)] == [True, False, True]
