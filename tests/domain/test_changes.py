"""What changed from one state to the next, told part by part, and what kind of change it was."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes.domain.changes import changed_fields, classify, field_matches

SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.5, 3.0, "", "3", "a"])
STATES = st.dictionaries(
    st.sampled_from(["title", "rubric_criterion", "ratings", "workflow_state"]),
    st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner)),
)


class TestChangedFields:
    """Before against after."""

    def test_an_equal_state_changes_nothing(self) -> None:
        """However deep, whatever the order of keys."""
        before = {"title": "a", "rubric_criterion": {"points": 3, "ratings": [{"points": 5}]}}
        after = {"rubric_criterion": {"ratings": ({"points": 5},), "points": 3}, "title": "a"}
        assert changed_fields(before, after) == {}

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            (3, 3.0),
            (0, -0.0),
            (True, True),
            (None, None),
            ({"a": None, "b": 1}, {"b": 1}),
            ([3, {"a": 1.0}], [3.0, {"a": 1}]),
        ],
    )
    def test_what_is_the_same_in_json_is_the_same(self, before: Any, after: Any) -> None:
        """3 equals 3.0, and null equals absent, nested too."""
        assert changed_fields({"value": before}, {"value": after}) == {}

    @pytest.mark.parametrize(("before", "after"), [(True, 1), (False, 0), (1.0, True), ("3", 3), ("", 0), (0, None)])
    def test_what_differs_in_json_differs(self, before: Any, after: Any) -> None:
        """True is not 1, text is not a number, 0 is not nothing."""
        assert changed_fields({"value": before}, {"value": after}) == {"value": (before, after)}

    def test_a_criterion_is_compared_part_by_part(self) -> None:
        """Of a changed criterion only the changed parts are told, by their full name."""
        before = {
            "rubric_criterion": {"mastery_points": 3, "points_possible": 5, "ratings": [{"points": 5}, {"points": 0}]}
        }
        after = {
            "rubric_criterion": {"mastery_points": 2, "points_possible": 5.0, "ratings": [{"points": 5}, {"points": 1}]}
        }
        assert changed_fields(before, after) == {
            "rubric_criterion.mastery_points": (3, 2),
            "rubric_criterion.ratings[1].points": (0, 1),
        }

    def test_a_rating_more_is_told_by_its_parts(self) -> None:
        """A level added at the end changes nothing of those before it."""
        before = {"outcome_proficiency_ratings": [{"points": 4}]}
        after = {"outcome_proficiency_ratings": [{"points": 4}, {"points": 0, "description": "None"}]}
        assert changed_fields(before, after) == {
            "outcome_proficiency_ratings[1].description": (None, "None"),
            "outcome_proficiency_ratings[1].points": (None, 0),
        }

    def test_from_nothing_every_field_is_new(self) -> None:
        """A creation shows all that there is; nulls are not there."""
        assert changed_fields(None, {"title": "a", "description": None}) == {"title": (None, "a")}

    def test_a_field_that_is_gone_is_told(self) -> None:
        """A body replaces: what it leaves out is now null."""
        assert changed_fields({"title": "a", "description": "b"}, {"title": "a"}) == {"description": ("b", None)}

    def test_the_rows_own_clock_is_no_change(self) -> None:
        """Every update carries another updated_at; that alone says nothing of the entity."""
        assert (
            changed_fields({"updated_at": "2025-01-01", "title": "a"}, {"updated_at": "2025-02-01", "title": "a"}) == {}
        )

    def test_fields_come_in_the_order_of_their_names(self) -> None:
        """Equal changes read alike."""
        assert list(changed_fields(None, {"b": 1, "c": 1, "a": {"z": 1, "y": 1}})) == ["a.y", "a.z", "b", "c"]

    @given(STATES)
    def test_nothing_differs_from_itself(self, state: dict[str, Any]) -> None:
        """True of any JSON object."""
        assert changed_fields(state, state) == {}

    @given(STATES, STATES)
    def test_backwards_is_the_mirror_image(self, one: dict[str, Any], other: dict[str, Any]) -> None:
        """The same fields, with before and after exchanged."""
        there, back = changed_fields(one, other), changed_fields(other, one)
        assert back == {name: (after, before) for name, (before, after) in there.items()}


class TestClassify:
    """The five words of the contract."""

    @pytest.mark.parametrize(
        ("before", "after", "change"),
        [
            (None, {"title": "a"}, "created"),
            (None, {"workflow_state": "deleted"}, "created"),
            ({"title": "a"}, {"title": "b"}, "updated"),
            ({"title": "a"}, {"title": "a"}, "none"),
            ({"title": "a", "updated_at": "1"}, {"title": "a", "updated_at": "2"}, "none"),
            ({"workflow_state": "active"}, {"workflow_state": "deleted"}, "deleted"),
            ({"title": "a"}, {"title": "b", "workflow_state": "deleted"}, "deleted"),
            ({"workflow_state": "deleted"}, {"workflow_state": "active"}, "restored"),
            ({"workflow_state": "deleted"}, {}, "restored"),
            ({"workflow_state": "deleted"}, {"workflow_state": "archived"}, "restored"),
            ({"workflow_state": "deleted", "title": "a"}, {"workflow_state": "deleted", "title": "b"}, "updated"),
            ({"workflow_state": "deleted"}, {"workflow_state": "deleted"}, "none"),
            ({"workflow_state": "active"}, {"workflow_state": "archived"}, "updated"),
        ],
    )
    def test_each_change_has_its_word(self, before: Any, after: dict[str, Any], change: str) -> None:
        """Archiving is an update; into and out of deletion have words of their own."""
        assert classify(before, after, changed_fields(before, after)) == change


@pytest.mark.parametrize(
    ("asked", "matches"),
    [
        ("rubric_criterion.ratings[0].points", True),
        ("rubric_criterion", True),
        ("rubric_criterion.ratings", True),
        ("points", True),
        ("rubric", False),
        ("criterion", False),
        ("oints", False),
        ("title", False),
    ],
)
def test_a_field_is_found_by_its_whole_name_its_first_part_or_its_last(asked: str, matches: bool) -> None:
    """`--field mastery_points` need not know where it is nested; half a word is no name."""
    assert field_matches("rubric_criterion.ratings[0].points", asked) is matches
