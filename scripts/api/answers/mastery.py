"""Scores: each student's, why one is what it is, whom a policy flips, how a class stands, settings."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from outcomes.api.answers.base import Record, moment_of, optional
from outcomes.api.answers.differences import ScoreChange, changes
from outcomes.api.answers.entity import Actor
from outcomes.api.answers.events import TimelineEntry
from outcomes.api.answers.rows import RowList, Rows
from outcomes.domain.times import moment
from outcomes.projections.paging import NextKey

if TYPE_CHECKING:
    from outcomes.projections.history import score_history
    from outcomes.projections.mastery import row as projection


@dataclass(frozen=True)
class Score(Record):
    """One student's score of one outcome in one course.

    `score`, `mastery_points` and `points_possible` are in points of the scale in force. `score` None means not
    assessed, never 0; then `mastered` is None. `results_counted` are those that could count, `results_used` those that
    the method used. `order` is "approximate" where the time of grading had to stand in for that of handing in; `notes`
    say in words what else is not certain. `enrollment` is active, inactive, invited, completed, deleted or unknown.
    """

    course_id: str
    student: str
    outcome_id: str
    outcome_title: str | None
    score: float | None
    mastered: bool | None
    rating: str | None
    mastery_points: float | None
    points_possible: float | None
    calculation_method: str | None
    calculation_int: int | None
    scale_source: str
    method_source: str
    results_counted: int
    results_used: int
    last_assessed_at: datetime | None
    order: str
    notes: tuple[str, ...]
    enrollment: str


@dataclass(frozen=True)
class MasteryRow(Score):
    """A score with what the student is called; `student_name` None means that no event has said so."""

    student_name: str | None

    @property
    def shown_name(self) -> str:
        """What to call the student, and that they were removed from the course."""
        return f"{self.student_name or self.student}{' (removed)' if self.enrollment == 'deleted' else ''}"

    @classmethod
    def of(cls, row: "projection.MasteryRow", name: str | None) -> Self:
        """Take over what the projection computed."""
        told: dict[str, Any] = dict(zip(row._fields, row, strict=True), student_name=name)
        if row.last_assessed_at is not None:
            told["last_assessed_at"] = moment(row.last_assessed_at)
        # Not by `__init__`, which takes three times as long: there are answers of a million rows.
        made = object.__new__(cls)
        vars(made).update(told)
        return made


class Mastery(Rows[MasteryRow]):
    """Scores by course, student, outcome; computed as they are iterated. `course` is the one that was asked for."""

    row_type = MasteryRow

    def __init__(
        self, read: Callable[[], Iterator[MasteryRow]], course: str | None, following: NextKey | None = None
    ) -> None:
        super().__init__(read, following)
        self.course = course
        # One course is a heat map, which is no good in parts.
        self.is_shown_whole = course is not None


class Flips(Rows[ScoreChange]):
    """Whose mastery differs under another policy."""

    row_type = ScoreChange


@dataclass(frozen=True)
class ExplainedResult(Record):
    """One result and its part in a score.

    `score` of `possible` points as it was given; `percent` is a share from 0 to 1; `value` what it comes to in points
    of the scale in force, `weight` its share of the sum. `why_not` says why it was not `used`; `posted` whether the
    student may see it, null where nobody told.
    """

    id: str
    assessed_at: datetime | None
    submitted_at: datetime | None
    score: float | None
    possible: float | None
    percent: float | None
    value: float | None
    weight: float
    used: bool
    why_not: str | None
    graded_by: str | None
    posted: bool | None


@dataclass(frozen=True)
class PolicySource(Record):
    """Where a scale or method comes from, and the position of the event that made it."""

    source: str
    position: int | None


@dataclass(frozen=True)
class Explanation(Score):
    """A score with every result behind it, oldest first, and the sum, in `steps` to check by hand."""

    results: tuple[ExplainedResult, ...]
    steps: tuple[str, ...]
    scale: PolicySource
    method: PolicySource
    approximate: tuple[str, ...]

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """Take over what the projection tells."""
        return cls(
            **{
                **told,
                "last_assessed_at": moment_of(told["last_assessed_at"]),
                "notes": tuple(told["notes"]),
                "results": tuple(_result(result) for result in told["results"]),
                "steps": tuple(told["steps"]),
                "scale": PolicySource(**told["scale"]),
                "method": PolicySource(**told["method"]),
                "approximate": tuple(told["approximate"]),
            }
        )


def _result(told: Mapping[str, Any]) -> ExplainedResult:
    times = {name: moment_of(told[name]) for name in ("assessed_at", "submitted_at")}
    return ExplainedResult(**{**told, **times})


@dataclass(frozen=True)
class ScoreMove(Record):
    """An instant at which a score, or whether it is mastery, changed.

    `mastery_points` is from how many points on it was mastered then. `cause` is what moved it: work, policy, link,
    enrollment or setting; or late, for an event that came when the log had already told of something later that the
    score hangs on. `position` is that of the event, `entry` all that it changed.
    """

    at: datetime
    score: float | None
    mastered: bool | None
    mastery_points: float | None
    cause: str
    position: int
    entry: TimelineEntry | None

    @classmethod
    def of(cls, move: "score_history.ScoreMove") -> Self:
        """Take over what the projection computed."""
        entry = None if move.entry is None else TimelineEntry.of(move.entry)
        return cls(moment(move.at), *move[1:-1], entry)


class History(RowList[ScoreMove]):
    """One score through time: every instant at which it or its mastery changed, oldest first."""

    row_type = ScoreMove

    def turns(self) -> Iterator[tuple[ScoreMove, str | None]]:
        """Yield each move with what it was for mastery: "first mastered", "lost", "regained", or nothing."""
        was_ever, is_now = False, False
        for move in self:
            turn = None
            if bool(move.mastered) != is_now:
                turn = "lost" if is_now else "regained" if was_ever else "first mastered"
            is_now = bool(move.mastered)
            was_ever |= is_now
            yield move, turn


@dataclass(frozen=True)
class PolicyChange(Record):
    """A change of a policy, and how many students' mastery it alone `gained` and `lost`: `flipped` in sum."""

    event_time: datetime
    position: int
    kind: str
    id: str
    title: str | None
    fields: Mapping[str, tuple[Any, Any]]
    actor: Actor
    gained: int
    lost: int
    flipped: int
    students: tuple[ScoreChange, ...]

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """Take over what the projection tells."""
        return cls(
            **{
                **told,
                "event_time": moment_of(told["event_time"]),
                "fields": changes(told["fields"]),
                "actor": Actor(**told["actor"]),
                "students": tuple(ScoreChange.of(student) for student in told["students"]),
            }
        )


class Impact(Rows[PolicyChange]):
    """The changes of a policy, in the order in which they happened."""

    row_type = PolicyChange


@dataclass(frozen=True)
class Level(Record):
    """How many students stand on a level of a scale; `percent` of those assessed, from 0 to 100."""

    rating: str
    points: float
    students: int
    percent: float


@dataclass(frozen=True)
class KeptFigures(Record):
    """Figures as they were when someone of the class was erased; None where so few could not hide one.

    `as_of`: they are of that earlier time, the last at which whoever was erased was in the class.
    """

    erased_at: datetime
    students: int
    assessed: int
    mean: float | None
    median: float | None
    mastered: int | None
    distribution: tuple[Level, ...]
    as_of: datetime | None = optional(default=None)  # noqa: RUF009 - a field, made once a class


@dataclass(frozen=True)
class ClassFigures(Record):
    """How a class stands on an outcome: `students` have results, `assessed` of them a score.

    `mean` and `median` are in points of the scale; `kept` are the figures as they were at erasures, oldest first.
    """

    course_id: str
    outcome_id: str
    outcome_title: str | None
    students: int
    assessed: int
    mean: float | None
    median: float | None
    mastered: int
    distribution: tuple[Level, ...]
    kept: tuple[KeptFigures, ...]

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """Take over what the projection tells."""
        kept = tuple(_kept(figures) for figures in told["kept"])
        return cls(**{**told, "distribution": _levels(told), "kept": kept})


def _kept(told: Mapping[str, Any]) -> KeptFigures:
    times = {name: moment_of(told.get(name)) for name in ("erased_at", "as_of")}
    return KeptFigures(**{**told, **times, "distribution": _levels(told)})


def _levels(told: Mapping[str, Any]) -> tuple[Level, ...]:
    return tuple(Level(**level) for level in told["distribution"])


class ClassReport(RowList[ClassFigures]):
    """How a class stands, outcome by outcome, without names."""

    row_type = ClassFigures


@dataclass(frozen=True)
class Setting(Record):
    """A feature of a root account that no event tells: `value` is "on", "off" or "not set"."""

    setting: str
    value: str
    meaning: str


class SettingList(RowList[Setting]):
    """The settings in force at a point."""

    row_type = Setting


@dataclass(frozen=True)
class StoredPolicy(Record):
    """A mastery scale or calculation method of an account or course, as it is stored since `since`.

    `place` says where its context stands to the one asked about: "here", "above" or "below". `is_nearest` tells
    whether it is the one that counts there, where accounts decide and not each outcome. A scale has `ratings`, highest
    first: {"description", "points", "mastery", "color"}; a method has `calculation_method` and `calculation_int`.
    """

    context: str
    place: str
    kind: str
    id: str
    state: str
    since: datetime
    ratings: tuple[Mapping[str, Any], ...]
    calculation_method: str | None
    calculation_int: int | None
    is_nearest: bool


class StoredPolicies(RowList[StoredPolicy]):
    """The scales and methods of a place, of those above it and of those below."""

    row_type = StoredPolicy
