"""One learning outcome result as the mastery arithmetic sees it: its place in time, its value in points."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from outcomes.domain.phrasing import numbered

QUIZ_SUBMISSION: Final = "Quizzes::QuizSubmission"
"""The artifact type of a classic quiz, whose questions make one result each."""

SECOND: Final = 1_000_000
"""In microseconds, as all times here."""


class Exclusion(StrEnum):
    """Why Canvas leaves a result out, as a sentence for the reader of an explanation. DOMAIN.md 5.3."""

    DELETED = "the result is deleted"
    HIDDEN = "the result is hidden from the learning mastery gradebook"
    NO_SCORE = "the result has no score"
    ALIGNMENT_DELETED = "the outcome is no longer aligned with what was assessed"
    NOT_LINKED = "the outcome has no active link in this course"
    UNPOSTED = "the grade is not posted yet"
    SUPERSEDED = "a rubric's result of the same assignment counts in its place"


class ScoredResult(NamedTuple):
    """One result of one student on one outcome, cheap enough to make by the million.

    `score` and `possible` are points of the assessment, `percent` is the stored share of the
    outcome's scale (1.0 is all of it, more is extra credit). Times are microseconds since 1970, UTC.
    """

    id: str
    score: float | None
    possible: float | None = None
    percent: float | None = None
    submitted_at: int | None = None
    assessed_at: int | None = None
    artifact_type: str | None = None
    artifact_id: str | None = None
    association: str | None = None
    """Type and id of the thing assessed, such as `Quizzes::Quiz:12`. Result events do not carry it."""
    workflow_state: str = "active"
    hidden: bool = False
    hide_points: bool = False
    excluded: Exclusion | None = None
    """A reason to leave the result out that only the caller sees: its course, link, alignment or posting."""
    is_dated: bool = False
    """Whether `submitted_at` is Canvas's own, even where it is None: then nothing was handed in."""
    is_posted: bool | None = None
    """Whether the student may see the grade; None where nobody told."""
    is_known: bool = False
    """Whether an export told by which alignment the result counts, and that it is not hidden."""

    @property
    def quiz(self) -> str | None:
        """The classic quiz this row is a part of; None for rows of anything else.

        A student has one submission a quiz, so the artifact groups as well as the association does;
        a row with neither is a quiz of its own. DOMAIN.md 5.4 b.
        """
        if self.artifact_type != QUIZ_SUBMISSION:
            return None
        return self.association or self.artifact_id or f"of result {self.id}"


def by_id(result: ScoredResult) -> tuple[int, str]:
    """Sort key: the order in which Canvas reads results. Ids are numbers kept as text: length goes first."""
    return len(result.id), result.id


def by_time(result: ScoredResult) -> int:
    """Sort key: whole seconds of submitted_at, else of assessed_at, else 0.

    A stable sort of results already in id order then puts the higher id last in a tie.
    DOMAIN.md 5.5 (RollupScoreAggregatorHelper).
    """
    at = result.assessed_at if result.submitted_at is None else result.submitted_at
    return 0 if at is None else at // SECOND


def in_time_order(results: Iterable[ScoredResult]) -> list[ScoredResult]:
    """Sort results oldest first, ties by id. DOMAIN.md 5.5."""
    return sorted(sorted(results, key=by_id), key=by_time)


def values_of(results: Sequence[ScoredResult], base: float, *, join_quiz_rows: bool) -> list[float | None]:
    """Give each result's value on the scale, in the order of `results`, which must be by id.

    `base` is `MasteryScale.base`. A percent is worth its share of it, whatever the raw score; a row
    without percent keeps its raw score, even above the scale. With `join_quiz_rows` every row of
    one classic quiz gets the value of the quiz. DOMAIN.md 5.4 (RollupScoreAggregatorHelper).
    """
    values = [row.score if row.percent is None else row.percent * base for row in results]
    if not join_quiz_rows:
        return values
    quizzes = by_quiz(results)
    if not quizzes:
        return values
    of_quiz = {quiz: quiz_value(rows, base) for quiz, rows in quizzes.items()}
    return [value if row.quiz is None else of_quiz[row.quiz] for row, value in zip(results, values, strict=True)]


def by_quiz(results: Iterable[ScoredResult]) -> dict[str, list[ScoredResult]]:
    """Gather the rows of each classic quiz, in the order of `results`; rows of anything else are left out."""
    quizzes: dict[str, list[ScoredResult]] = {}
    for row in results:
        if (quiz := row.quiz) is not None:
            quizzes.setdefault(quiz, []).append(row)
    return quizzes


def quiz_value(rows: Iterable[ScoredResult], base: float) -> float | None:
    """Give the value of one classic quiz: the mean percent of its rows, weighted by their possible points.

    Rows without possible points are skipped. None when nothing was possible, and when a row lacks
    its percent (Canvas fails on such a row; there is no number to agree with). DOMAIN.md 5.4 b.
    """
    # Plain left-to-right sums, unlike everywhere else: so does Canvas. DOMAIN.md 5.9 (i)
    total = weighted = 0.0
    for row in rows:
        if row.possible is None:
            continue
        if row.percent is None:
            return None
        total += row.possible
        weighted += row.possible * row.percent
    return None if total == 0 else weighted / total * base


def quiz_gaps(results: Iterable[ScoredResult]) -> list[str]:
    """Name the rows of classic quizzes that the value of their quiz is not made of, a sentence for each quiz.

    `results` are those that count, under a method that joins quiz rows. Canvas raises where the possible points of
    a quiz add up to nothing and where a percent is missing; here the rows are left out, and said to be. DOMAIN.md 11.
    """
    quizzes = by_quiz(sorted(results, key=by_id))
    return [sentence for quiz, rows in quizzes.items() if (sentence := _quiz_gap(quiz, rows)) is not None]


def _quiz_gap(quiz: str, rows: Sequence[ScoredResult]) -> str | None:
    if quiz_value(rows, 1.0) is None:
        without = [row.id for row in rows if row.possible is not None and row.percent is None]
        lacking = f"{numbered('result', without)} {'has' if len(without) == 1 else 'have'} no percent"
        why = lacking if without else "nothing was possible on it"
        return f"quiz {quiz}: {_ids(rows)} left out, {why} (Canvas fails on such a quiz)"
    skipped = [row for row in rows if row.possible is None]
    return f"quiz {quiz}: {_ids(skipped)} left out, without possible points" if skipped else None


def _ids(rows: Iterable[ScoredResult]) -> str:
    return numbered("result", (row.id for row in rows))
