"""Which results count towards a rollup at all."""

from outcomes.domain.mastery.results import Exclusion, ScoredResult


def exclusion_of(result: ScoredResult, *, include_hidden: bool = False) -> Exclusion | None:
    """Say why a result does not count, None when it does.

    Result events tell only the state and the score; what else the caller knows (course, link,
    alignment, posting) comes in through `ScoredResult.excluded`. DOMAIN.md 5.3 (ResultAnalytics).
    """
    if result.workflow_state != "active":
        return Exclusion.DELETED
    if result.excluded is not None:
        return result.excluded
    if result.hidden and not include_hidden:
        return Exclusion.HIDDEN
    # A cleared mark keeps its old percent in Canvas, and is dropped all the same: only the score is asked.
    return Exclusion.NO_SCORE if result.score is None else None
