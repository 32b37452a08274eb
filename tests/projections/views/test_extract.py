"""What the views take from an event: whatever Canvas adds to it harms nothing."""

import pytest

from tests.support.given import event, group
from tests.support.world import World


@pytest.mark.parametrize("name", ["rubric_assessed", "user_created", "enrollment_created"])
def test_a_new_field_may_have_any_name(world: World, name: str) -> None:
    """A field that Canvas adds is kept and harms nothing, even one that is called `context`."""
    ids = {"id": "9", "user_id": "9", "enrollment_id": "9"}
    world.take(event(name, "2025-01-02", {**ids, "context": {"a": 1}}), group("1", "2025-01-01"))
    assert len(world.tree()["roots"]) == 1
    assert world.verify()["problems"] == []
