"""Which scale and which method are in force, and whence."""

import pytest

from outcomes.domain.mastery import (
    DEFAULT,
    DEFAULT_CALCULATION,
    DEFAULT_SCALE,
    OWN,
    UNKNOWN,
    Calculation,
    ContextChain,
    ContextRow,
    MasteryScale,
    Resolved,
    context_chain,
    nearest_active,
    resolve_calculation,
    resolve_scale,
)

CHAIN = ContextChain(("Course:7", "Account:2", "Account:1"), complete=True)
BROKEN = CHAIN._replace(complete=False)
CRITERION = MasteryScale(3.0, 5.0)
ROOT_SCALE, COURSE_SCALE = MasteryScale(3.0, 4.0), MasteryScale(2.0, 3.0)
LATEST = Calculation.of("latest", new_decaying_average=False)
AVERAGE = Calculation.of("average", new_decaying_average=False)


class TestChain:
    """The way up from a course."""

    def test_ends_at_the_root(self) -> None:
        """A context without parent is the root account."""
        parents = {"Course:7": "Account:2", "Account:2": "Account:1", "Account:1": None}
        assert context_chain("Course:7", parents) == CHAIN

    def test_a_root_may_name_itself(self) -> None:
        """Metadata gives the root account as its own parent; that is a root too."""
        parents = {"Course:7": "Account:2", "Account:2": "Account:1", "Account:1": "Account:1"}
        assert context_chain("Course:7", parents) == CHAIN

    def test_a_gap_leaves_it_incomplete(self) -> None:
        """A context whose parent was never told ends what is known."""
        parents: dict[str, str | None] = {"Course:7": "Account:2", "Account:2": "Account:1"}
        assert context_chain("Course:7", parents) == BROKEN
        assert context_chain("Course:9", parents) == ContextChain(("Course:9",), complete=False)

    def test_a_loop_ends_incomplete(self) -> None:
        """Accounts that are each other's parent do not turn for ever, and no root is claimed."""
        parents: dict[str, str | None] = {
            "Course:7": "Account:2",
            "Account:2": "Account:1",
            "Account:1": "Account:2",
        }
        assert context_chain("Course:7", parents) == BROKEN


class TestScaleInForce:
    """The scale of a course."""

    def test_the_nearest_wins(self) -> None:
        """The course's own scale goes before the root account's."""
        rows = {"Account:1": ContextRow(ROOT_SCALE), "Course:7": ContextRow(COURSE_SCALE)}
        found = resolve_scale(CHAIN, rows, own=CRITERION, account_level_mastery_scales=True)
        assert found == Resolved(COURSE_SCALE, "Course:7")

    def test_a_deleted_row_is_absent(self) -> None:
        """A deleted course scale lets the account's through."""
        rows = {"Account:1": ContextRow(ROOT_SCALE), "Course:7": ContextRow(COURSE_SCALE, "deleted")}
        found = resolve_scale(CHAIN, rows, own=CRITERION, account_level_mastery_scales=True)
        assert found == Resolved(ROOT_SCALE, "Account:1")

    def test_foreign_contexts_do_not_count(self) -> None:
        """A scale of an account that is not in the chain is never used."""
        found = resolve_scale(
            CHAIN, {"Account:9": ContextRow(ROOT_SCALE)}, own=CRITERION, account_level_mastery_scales=True
        )
        assert found == Resolved(DEFAULT_SCALE, DEFAULT)

    def test_an_incomplete_chain_is_unknown_not_default(self) -> None:
        """When nothing is found and the way to the root is not known, the answer is not guessed."""
        found = resolve_scale(BROKEN, {}, own=CRITERION, account_level_mastery_scales=True)
        assert found == Resolved(None, UNKNOWN)

    def test_an_incomplete_chain_may_still_answer(self) -> None:
        """What is missing above a found scale cannot change the answer."""
        rows = {"Account:2": ContextRow(ROOT_SCALE)}
        found = resolve_scale(BROKEN, rows, own=CRITERION, account_level_mastery_scales=True)
        assert found == Resolved(ROOT_SCALE, "Account:2")

    def test_feature_off_is_the_outcomes_own(self) -> None:
        """With account scales off no context is asked, known or not."""
        rows = {"Course:7": ContextRow(COURSE_SCALE)}
        found = resolve_scale(BROKEN, rows, own=CRITERION, account_level_mastery_scales=False)
        assert found == Resolved(CRITERION, OWN)

    def test_an_outcome_never_seen_is_unknown(self) -> None:
        """With account scales off and no outcome, there is no scale to be had."""
        found = resolve_scale(CHAIN, {}, own=None, account_level_mastery_scales=False)
        assert found == Resolved(None, UNKNOWN)


class TestMethodInForce:
    """The method of a course."""

    def test_scale_and_method_part_ways(self) -> None:
        """The scale may come from the root account while the method comes from the course."""
        scale = resolve_scale(
            CHAIN, {"Account:1": ContextRow(ROOT_SCALE)}, own=CRITERION, account_level_mastery_scales=True
        )
        method = resolve_calculation(
            CHAIN, {"Course:7": ContextRow(LATEST)}, own=AVERAGE, account_level_mastery_scales=True
        )
        assert (scale.source, method) == ("Account:1", Resolved(LATEST, "Course:7"))

    @pytest.mark.parametrize(
        ("chain", "flag", "expected"),
        [
            (CHAIN, True, Resolved(DEFAULT_CALCULATION, DEFAULT)),
            (BROKEN, True, Resolved(None, UNKNOWN)),
            (BROKEN, False, Resolved(AVERAGE, OWN)),
        ],
    )
    def test_with_no_rows(self, chain: ContextChain, expected: Resolved[Calculation], *, flag: bool) -> None:
        """Nothing stored: highest for a known chain, unknown for a broken one; scales off, the outcome's."""
        found = resolve_calculation(chain, {}, own=AVERAGE, account_level_mastery_scales=flag)
        assert found == expected


def test_friendly_descriptions_follow_the_same_chain() -> None:
    """The nearest active text is the one that is shown; a deleted one is passed over."""
    texts = {"Course:7": ContextRow("old", "deleted"), "Account:2": ContextRow("I can add")}
    assert nearest_active(CHAIN, texts) == Resolved("I can add", "Account:2")
    assert nearest_active(CHAIN, {"Course:8": ContextRow("I can read")}) == Resolved(None, UNKNOWN)
