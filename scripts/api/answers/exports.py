"""What an export of Canvas came to: what was observed in it, and how the log stands to it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from outcomes.api.answers.base import Answer, Record, moment_of, names_of
from outcomes.api.answers.differences import ScoreChanges
from outcomes.api.answers.rows import Rows


@dataclass(frozen=True, kw_only=True)
class Bootstrapped(Record):
    """What was taken of an export: `rows` read by table, observations `written` by kind, and how many were news.

    `missing` are tables that are of use and were not there; `remarks` say what was left aside.
    """

    tenant: str
    at: datetime
    rows: Mapping[str, int]
    written: Mapping[str, int]
    verdicts: Mapping[str, Mapping[str, int]]
    missing: tuple[str, ...]
    remarks: tuple[str, ...]
    appended: int
    head: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class CoverageRow(Record):
    """How much of a kind in one course events told; `course` is None for what is not of a course.

    `total` = `told` + `observed` (by exports only) + `missed` + `never_told`; `percent` is the share of `told`.
    """

    course: str | None
    kind: str
    total: int
    told: int
    observed: int
    missed: int
    never_told: int
    percent: float
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, kw_only=True)
class ReconciledEntity(Record):
    """An entity that is not the same here and there: the verdict, the window, the fields [ours, theirs]."""

    kind: str
    id: str
    course: str | None
    verdict: str
    since: datetime | None
    until: datetime | None
    fields: Mapping[str, tuple[Any, Any]]
    why: str | None

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "ReconciledEntity":
        """Take over what the projection tells."""
        fields = {name: (change[0], change[1]) for name, change in told["fields"].items()}
        times = {name: moment_of(told[name]) for name in ("since", "until")}
        return cls(**{**told, **times, "fields": fields})


class ReconciledEntities(Rows[ReconciledEntity]):
    """Every entity that is not the same, in the order of the export's tables."""

    row_type = ReconciledEntity


class Reconciliation(Answer):
    """How the log stands to an export: verdicts by kind, coverage by course and kind, and each finding.

    It is false if something that events should have told is missing. `appended` and `changed` are told where the
    observations were written.
    """

    def __init__(
        self,
        *,
        summary: Mapping[str, Any],
        coverage: Iterable[CoverageRow],
        findings: Callable[[], Iterator[ReconciledEntity]],
        ok: bool,
        changed: ScoreChanges | None = None,
        appended: int | None = None,
    ) -> None:
        self.summary = summary
        self.coverage = tuple(coverage)
        self.findings = ReconciledEntities(findings)
        self.ok = ok
        self.changed = changed
        self.appended = appended

    def __bool__(self) -> bool:
        """Whether nothing is missing that events should have told."""
        return self.ok

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was left aside, in words."""
        return tuple(self.summary["remarks"])

    @property
    def verdicts(self) -> Mapping[str, Mapping[str, int]]:
        """How many entities of each kind have each verdict."""
        found: Mapping[str, Mapping[str, int]] = self.summary["verdicts"]
        return found

    def as_json(self) -> dict[str, Any]:
        """Return the contract's answer."""
        head, lists = self.as_parts()
        return {**head, **{name: list(rows) for name, rows in lists.items()}}

    def as_parts(self) -> tuple[dict[str, Any], dict[str, Iterator[dict[str, Any]]]]:
        """Return the same, with the findings and the scores that changed as they are read."""
        head = {
            **self.summary,
            "ok": self.ok,
            **({} if self.appended is None else {"appended": self.appended}),
            "coverage": [row.as_json() for row in self.coverage],
        }
        changed = {} if self.changed is None else {"changed": self.changed.as_lines()}
        return head, {"findings": self.findings.as_lines(), **changed}

    def as_lines(self) -> Iterator[dict[str, Any]]:
        """Yield the findings."""
        return self.findings.as_lines()

    def columns(self) -> tuple[str, ...]:
        """Return the members of a finding."""
        return self.findings.columns()


@dataclass(frozen=True, kw_only=True)
class ComparedRollup(Record):
    """One number of Canvas's against ours that is not the same: `cause` of the closed list, or `bug`."""

    course_id: str
    student: str
    outcome_id: str
    canvas: float | None
    ours: float | None
    cause: str
    why: str | None


@dataclass(frozen=True)
class RollupComparison(Record):
    """Canvas's own rollups against ours, number by number.

    `compared` = `equal` + those of all `causes`; `unknown_students` are numbers of users of whom nothing here tells who
    they are. It is false if a number differs for no cause of the closed list: `bug`.
    """

    tenant: str
    at: str
    compared: int
    equal: int
    unknown_students: int
    causes: Mapping[str, int]
    findings: tuple[ComparedRollup, ...]

    def __bool__(self) -> bool:
        """Whether every number is equal or explained."""
        return "bug" not in self.causes

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was left aside, in words."""
        if not self.unknown_students:
            return ()
        return (f"{self.unknown_students:,} numbers are of users whom nothing here names: bootstrap from users first",)

    def as_lines(self) -> Iterator[dict[str, Any]]:
        """Yield the numbers that differ."""
        return (found.as_json() for found in self.findings)

    def columns(self) -> tuple[str, ...]:
        """Return the members of a number that differs."""
        return names_of(ComparedRollup)
