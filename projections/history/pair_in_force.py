"""What stands of one pair as its arrivals come, whatever the order of their events."""

from collections import defaultdict
from typing import NamedTuple

from outcomes.domain.event import OrderKey
from outcomes.domain.mastery import Exclusion, ScoredResult
from outcomes.domain.mastery.running_rollup import NOT_ASSESSED, RunningRollup, Standing
from outcomes.domain.times import Micros
from outcomes.projections.mastery.facts import Fact, with_fact
from outcomes.projections.mastery.policy import Policy
from outcomes.projections.mastery.policy_history import same_standing
from outcomes.projections.mastery.results import NEW_QUIZ_ARTIFACT, is_by_rubric


class Elsewhere(NamedTuple):
    """A version of a result that is of another student, course or outcome: while it is in force, it is not here."""

    result_id: str


class HandedIn(NamedTuple):
    """When the work behind the results of an assessment was handed in."""

    assessment: str
    at: Micros | None


class Detail(NamedTuple):
    """What an export told of a result; its fact knows nothing yet of the alignment, which has versions of its own."""

    result_id: str
    fact: Fact
    alignment_id: str | None


class AlignmentState(NamedTuple):
    """Whether an alignment is active or deleted."""

    alignment_id: str
    state: str


class Arrival(NamedTuple):
    """What came at a position, and where its event stands among those of the same thing."""

    position: int
    order: OrderKey
    told: ScoredResult | Elsewhere | HandedIn | Detail | AlignmentState


class PairInForce:
    """The results of one pair that are in force as arrivals come, whatever the order of their events."""

    def __init__(self) -> None:
        self._policy: Policy | None = None
        self._rollup: RunningRollup | None = None
        self._stands: Standing | None = NOT_ASSESSED
        # In force, by kind of thing and id: a result, an assessment, what exports told of both and of alignments.
        self._newest: dict[tuple[type, str], OrderKey] = {}
        self._results: dict[str, ScoredResult] = {}
        self._handed_in: dict[str, Micros | None] = {}
        self._details: dict[str, Detail] = {}
        self._alignments: dict[str, str] = {}
        self._of_assessment: dict[str, set[str]] = defaultdict(set)
        self._of_alignment: dict[str, set[str]] = defaultdict(set)
        self._new_quizzes = _NewQuizzes()

    def go_by(self, policy: Policy) -> None:
        """Count by a policy from now on."""
        old, scale, calculation = self._policy, policy.scale, policy.calculation
        if old is not None and same_standing(old, policy):
            return
        self._policy = policy
        self._stands = None
        if not policy.is_linked or scale is None or calculation is None:
            self._rollup = None  # nothing scores
        elif self._rollup is None or old is None or old.calculation != calculation or not self._rollup.follow(scale):
            self._rollup = RunningRollup(scale, calculation, map(self._as_counted, self._results.values()))

    def take(self, arrival: Arrival) -> None:
        """Let what came stand, unless something later by event time was there already."""
        told = arrival.told
        key = (ScoredResult if isinstance(told, Elsewhere) else type(told), told[0])
        known = self._newest.get(key)
        if known is not None and arrival.order < known:
            return
        self._newest[key] = arrival.order
        if isinstance(told, ScoredResult):
            self._results[told.id] = told
            if told.artifact_id is not None:
                self._of_assessment[told.artifact_id].add(told.id)
            self._put(told.id)
        elif isinstance(told, Elsewhere):
            self._drop(told.result_id)
        elif isinstance(told, HandedIn):
            self._handed_in[told.assessment] = told.at
            self._put(*self._of_assessment[told.assessment])
        elif isinstance(told, Detail):
            self._details[told.result_id] = told
            if told.alignment_id is not None:
                self._of_alignment[told.alignment_id].add(told.result_id)
            self._put(told.result_id)
        else:
            self._alignments[told.alignment_id] = told.state
            self._put(*self._of_alignment[told.alignment_id])

    def _put(self, *result_ids: str) -> None:
        """Count results by what is known of them now; of one of which only an export told, nothing is."""
        for result_id in result_ids:
            if result_id in self._results:
                known = self._as_known(self._results[result_id])
                changed = self._new_quizzes.note(known)
                self._count(self._new_quizzes.marked(known))
                self._count_again(changed)

    def _drop(self, result_id: str) -> None:
        if self._results.pop(result_id, None) is not None:
            if self._rollup is not None:
                self._rollup.drop(result_id)
            self._count_again(self._new_quizzes.forget(result_id))

    def _count(self, result: ScoredResult) -> None:
        self._stands = None
        if self._rollup is not None:
            self._rollup.put(result)

    def _count_again(self, changed: set[str]) -> None:
        self._stands = None
        for result_id in changed & self._results.keys():
            self._count(self._as_counted(self._results[result_id]))

    def _as_counted(self, result: ScoredResult) -> ScoredResult:
        return self._new_quizzes.marked(self._as_known(result))

    def _as_known(self, result: ScoredResult) -> ScoredResult:
        detail = self._details.get(result.id)
        if detail is not None:
            alignment = None if detail.alignment_id is None else self._alignments.get(detail.alignment_id)
            result = with_fact(result, detail.fact._replace(alignment=alignment))
        # The time that an export told is Canvas's own, and exact.
        if result.is_dated or not self._handed_in or not result.artifact_id or not is_by_rubric(result):
            return result
        if result.artifact_id not in self._handed_in:
            return result
        return result._replace(submitted_at=self._handed_in[result.artifact_id])

    def standing(self) -> Standing:
        """Return the score as it is now; before one arrival it is what it was with the one before."""
        if self._stands is None:
            self._stands = NOT_ASSESSED if self._rollup is None else self._rollup.standing()
        return self._stands


class _NewQuizzes:
    """Results of New Quizzes do not count where another result of the same assignment is known (DOMAIN.md 5.12)."""

    def __init__(self) -> None:
        self._assignment: dict[str, str] = {}
        self._results: dict[str, set[str]] = defaultdict(set)
        self._quizzes: dict[str, set[str]] = defaultdict(set)

    def note(self, result: ScoredResult) -> set[str]:
        """Let a result be known as it is now; return those for which that may decide whether they count."""
        changed = self.forget(result.id)
        if result.association is not None:
            self._assignment[result.id] = result.association
            self._results[result.association].add(result.id)
            changed |= self._quizzes[result.association]
        if result.artifact_type == NEW_QUIZ_ARTIFACT:
            self._quizzes[_assignment_of(result)].add(result.id)
        return changed

    def forget(self, result_id: str) -> set[str]:
        """Let a result be known no more; return the same."""
        assignment = self._assignment.pop(result_id, None)
        if assignment is None:
            return set()
        self._results[assignment].discard(result_id)
        return set(self._quizzes[assignment])

    def marked(self, result: ScoredResult) -> ScoredResult:
        """Return a result, excluded if it does not count."""
        if result.artifact_type == NEW_QUIZ_ARTIFACT and self._results.get(_assignment_of(result)):
            return result._replace(excluded=Exclusion.SUPERSEDED)
        return result


def _assignment_of(new_quiz: ScoredResult) -> str:
    return f"Assignment:{new_quiz.artifact_id}"
