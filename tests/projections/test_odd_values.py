"""Odd values in events: whatever stands in them, every question is answered and the proof holds."""

import copy
import json
import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from outcomes.projections.as_of.point import tenants
from outcomes.projections.mastery.explanation import explanation
from outcomes.projections.mastery.query import mastery_at
from outcomes.projections.mastery.results import Scope
from tests.support import given as make
from tests.support.world import fresh_world

SCHOOL = [
    make.group("1", "2025-01-01"),
    make.group("2", "2025-01-01", parent="1"),
    make.outcome("7", "2025-01-02"),
    make.link("3", "2025-01-03", outcome="7", group="2"),
    make.link("4", "2025-01-03", outcome="7", group="2", context="Course:200"),
    make.result("5", "2025-02-01"),
    make.result("6", "2025-02-02", score=2),
    make.proficiency("1", "2025-01-01"),
    make.calculation_method("1", "2025-01-01"),
    make.rubric_assessed("95", "2025-01-01", submitted="2025-01-01"),
    make.course("200", "2025-01-01"),
    make.account("2", "2025-01-01"),
    make.setting("account_level_mastery_scales", "2025-01-05", value=True),
    make.event("user_created", "2025-01-01", {"user_id": "1", "uuid": "studentAda", "name": "Ada"}),
]
ODDITIES: list[Any] = [
    None, True, 0, -1, 2**63, 2**64, -(2**63), 1e308, -0.0, 0.1, "", " ", "\u0000", "\u202eabc", "a" * 1000, [], {},
    [1], {"a": 1}, "2025-13-01", "007", "1e3", "١٢", "½", "NaN", "9" * 300, "Course", "LearningOutcomeGroup", [[]],
    [{"points": None}], [{"points": "x"}], [{"points": 5, "mastery": True}], "decaying_average", "n_mastery",
    {"mastery_points": 0, "points_possible": 0, "ratings": []}, {"mastery_points": -3, "points_possible": -5},
]  # fmt: skip


def spoiled(chance: random.Random) -> bytes:
    """Return one event of the school with a few of its fields replaced."""
    value = copy.deepcopy(chance.choice(SCHOOL))
    for _ in range(chance.choice([0, 1, 1, 2, 3])):
        part = value[chance.choice(["metadata", "body", "body"])]
        name = chance.choice([*part, "a_new_field"])
        target = part[name] if isinstance(part.get(name), dict) and part[name] and chance.random() < 0.7 else part
        target[chance.choice(list(target)) if target is not part else name] = copy.deepcopy(chance.choice(ODDITIES))
    return json.dumps(value).encode()


@given(st.randoms(use_true_random=False))
def test_odd_values_break_nothing(chance: random.Random) -> None:
    """Each event is appended, a repeat or in quarantine; trees, timelines, scores and the proof go on working."""
    with fresh_world() as world:
        report = world.take(*(spoiled(chance) for _ in range(40)))
        assert report.read == 40 == report.appended + report.duplicates + report.quarantined
        with world.opened() as (_, views), views.reading() as connection:
            known = list(tenants(connection))
        for tenant in known:
            for context in ("Account:1", "Course:200", "Global"):
                json.dumps(world.tree(context, tenant=tenant, include_deleted=True), allow_nan=False)
            json.dumps([entry.as_json() for entry in world.timeline(tenant=tenant)], allow_nan=False)
            with world.at(tenant=tenant) as (_, connection, at):
                rows = list(mastery_at(connection, at, Scope()))
                json.dumps([row.as_json() for row in rows], allow_nan=False)
                for row in rows:
                    assert explanation(connection, at, row.course_id, row.student, row.outcome_id) is not None
        assert world.verify()["problems"] == []
