"""Keeping the record: reports of what was done, and of how things stand."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from outcomes.api.answers.base import Answer, Record, moment_of, names_of, optional
from outcomes.api.answers.differences import Heading
from outcomes.api.answers.rows import RowList
from outcomes.domain.times import moment
from outcomes.projections.paging import NextKey

if TYPE_CHECKING:
    from outcomes.store.ingest.ingest import IngestReport as StoreReport
    from outcomes.store.log import quarantine
    from outcomes.store.operations import backup


@dataclass(frozen=True)
class Received(Record):
    """What became of what one sender brought: `read` = `appended` + `duplicates` + `quarantined`.

    `unprojected` are appended, too, but of no kind that has a state. `head` is the last position of the log.
    """

    read: int
    appended: int
    duplicates: int
    quarantined: int
    unprojected: int
    head: int

    def plus(self, later: Sequence["Received"]) -> Self:
        """Return this with what became of others, who came later."""
        sums = {name: getattr(self, name) + sum(getattr(one, name) for one in later) for name in _COUNTS}
        return replace(self, **sums, head=later[-1].head if later else self.head)


_COUNTS = ("read", "appended", "duplicates", "quarantined", "unprojected")


@dataclass(frozen=True)
class IngestReport(Received):
    """What happened to what was read, and how long it took.

    `views` is told if they could not follow: the log has it all, and they catch up at the next question.
    """

    seconds: float
    views: str | None = optional(default=None)

    @classmethod
    def of(cls, report: "StoreReport") -> Self:
        """Take over the store's report."""
        behind = None if report.is_followed else "locked by another program: they follow at the next question"
        return cls(**report.as_json(), views=behind)


@dataclass(frozen=True)
class Consumed(IngestReport):
    """What was taken from a queue, as of `ingest`.

    `left` could not be read and are to be received again; `undeleted` are in the log and will come again, as repeats;
    `oldest_message_seconds` is the age of the oldest one that was received, None if none was.
    """

    left: int = 0
    undeleted: int = 0
    oldest_message_seconds: float | None = None


@dataclass(frozen=True)
class Digest(Record):
    """A fingerprint of the whole state at a point, in hex: equal for equal histories, whatever their order."""

    digest: str
    entities: int
    as_of: datetime | None
    known_at: int


@dataclass(frozen=True)
class Problem(Record):
    """What is wrong, in words; the `position` in the log, or the `row` of a table, where there is one."""

    problem: str
    position: int | None = optional(default=None)
    row: int | str | None = optional(default=None)


@dataclass(frozen=True, kw_only=True)
class Verdict(Record):
    """The proof: is the log whole, and do the views equal a replay of it?

    `replayed_entities` is None if the log could not be opened. `erased` events have lost their person, `partly_erased`
    only someone whom they name. `against` is the checkpoint that was compared with; `rebuilt` whether views made anew
    were compared, too; `unproved` what no such proof can tell.
    """

    ok: bool
    events: int
    replayed_entities: int | None = optional(default=None)
    erased: int | None = optional(default=None)
    partly_erased: int | None = optional(default=None)
    against: str | None = optional(default=None)
    rebuilt: bool | None = optional(default=None)
    problems: tuple[Problem, ...]
    unproved: tuple[str, ...]

    def __bool__(self) -> bool:
        """Whether all is well."""
        return self.ok

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """Take over what the projection tells."""
        problems = tuple(Problem(**found) for found in told["problems"])
        return cls(**{**told, "problems": problems, "unproved": tuple(told["unproved"])})


@dataclass(frozen=True)
class Rebuilt(Record):
    """New views: of how many events, in how many seconds, and the digest of their state, in hex."""

    events: int
    seconds: float
    digest: str


@dataclass(frozen=True)
class Replayed(Record):
    """A state written to a file or folder of its own: `tables` has how many rows each has."""

    file: str
    digest: str
    tables: Mapping[str, int]

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """Take over what the projection tells."""
        counts = {name: count for name, count in told.items() if name not in {"file", "digest"}}
        return cls(told["file"], told["digest"], counts)

    def as_json(self) -> dict[str, Any]:
        """Return the contract's answer: a member for each table."""
        return {"file": self.file, "digest": self.digest, **self.tables}


@dataclass(frozen=True)
class LogWritten(Record):
    """A stretch of the log in a Parquet file, with its first and last position; None where there was no event."""

    file: str
    events: int
    first: int | None
    last: int | None


@dataclass(frozen=True)
class ReplayedFiles(Record):
    """A state that files of events tell, written to a folder: `tables` has how many rows each has, of all tenants.

    `digest` and `entities` are those of all `tenants` together. `not_events` is what could not be read as an event, or
    is dated in the future.
    """

    folder: str
    digest: str
    entities: int
    tenants: tuple[str, ...]
    events: int
    not_events: int
    tables: Mapping[str, int]

    def as_json(self) -> dict[str, Any]:
        """Return the contract's answer: a member for each table."""
        told = {name: value for name, value in vars(self).items() if name != "tables"}
        return {**told, "tenants": list(self.tenants), **self.tables}


@dataclass(frozen=True)
class Backup(Record):
    """A copy of the log up to `head` in one file, its size in `bytes`; `checkpoint` is the line that proves it.

    `key` is the copy of the home's key, None if that was left out.
    """

    file: str
    head: int
    bytes: int
    chain: str
    checkpoint: str
    key: str | None = optional(default=None)

    @classmethod
    def of(cls, made: "backup.Backup") -> Self:
        """Take over what the store has made."""
        key = None if made.key is None else str(made.key)
        return cls(str(made.file), made.of.position, made.bytes, made.of.chain.hex(), str(made.of), key)


@dataclass(frozen=True)
class Erased(Record):
    """What an erasure came to: `events` were about the person, in `acted` more they acted.

    `erasure` stands for the person in the log (hex); `position` is that of the erasure's own event, None where there
    was nothing left to do. `copies_forget` says whether older copies of the log, with the home's key of now, have
    forgotten the person, too. `results_also_of` are the uuids of those whom some of their results were told of at
    another time: these stand there as they were told then, which after a merge of users is the same person's work.
    """

    erasure: str
    position: int | None
    events: int
    acted: int
    quarantined: int
    figures_kept: int
    copies_forget: bool
    was_erased_before: bool
    results_also_of: list[str]
    seconds: float


@dataclass(frozen=True)
class ContextMembers(Record):
    """A context that the views know, with how many groups, links, outcomes and scales were ever in it."""

    tenant: str
    context: str
    members: int


@dataclass(frozen=True)
class Status(Record):
    """How things stand. `size` is in bytes, by file; `kinds` and `event_names` count events; `chain` is hex.

    `hosts` are those that have sent a tenant's events: {"tenant", "host", "first_position"}.
    `sqlite` is {"version", "faults"}: what is known against that version in words, nothing mostly.
    `damaged` says in words what could not be read, since the log is damaged; `verify` says where.
    """

    home: str
    format: int
    encrypted: bool
    log: str | None
    head: int
    chain: str
    last_recorded_at: datetime | None
    clock_behind_seconds: float
    last_event_time: datetime | None
    sqlite: Mapping[str, Any]
    size: Mapping[str, int]
    kinds: Mapping[str, int]
    event_names: Mapping[str, int]
    views_position: int
    contexts: tuple[ContextMembers, ...]
    hosts: tuple[Mapping[str, Any], ...]
    quarantined: int
    tenants: tuple[str, ...]
    damaged: tuple[str, ...] | None = optional(default=None)

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """Take over what the projection tells."""
        return cls(
            **{
                **told,
                "last_recorded_at": moment_of(told["last_recorded_at"]),
                "last_event_time": moment_of(told["last_event_time"]),
                "contexts": tuple(ContextMembers(**place) for place in told["contexts"]),
                "hosts": tuple(told["hosts"]),
                "tenants": tuple(told["tenants"]),
                "damaged": tuple(told["damaged"]) or None,
            }
        )


@dataclass(frozen=True)
class Finding(Record):
    """What is missing or at odds: how often, some examples, and what to do about it."""

    finding: str
    count: int
    examples: tuple[Mapping[str, Any], ...]
    advice: str


class Findings(RowList[Finding]):
    """All that `doctor` looks for at a point; what is fine counts 0."""

    row_type = Finding
    is_list = False

    def __init__(self, heading: Heading, rows: Iterable[Finding]) -> None:
        super().__init__(rows)
        self.heading = heading

    def as_json(self) -> dict[str, Any]:
        """Return the contract's answer: the point, and the findings."""
        return {**self.heading.as_json(), "findings": list(self.as_lines())}


@dataclass(frozen=True)
class QuarantineEntry(Record):
    """A stretch of input that could not be read: where it came from, its size in bytes, and why.

    `times` is how often the same bytes came; `taken_at` when a later version could read them, `dismissed_at` when
    somebody took it out of the counts.
    """

    number: int
    first_seen: datetime
    last_seen: datetime
    times: int
    source: str
    line: int
    reason: str
    bytes: int
    taken_at: datetime | None
    dismissed_at: datetime | None
    dismissed_because: str | None
    places: tuple[dict[str, Any], ...]
    """Where the bytes came, the first place first: {"source", "line"}; of very many the first hundred."""

    def where(self) -> str:
        """Name the places, and how often the bytes came if that is more."""
        named = "; ".join(f"{place['source']}, line {place['line']}" for place in self.places)
        return f"{named} ({self.times} times)" if self.times > len(self.places) else named

    @classmethod
    def of(cls, entry: "quarantine.QuarantineEntry") -> Self:
        """Take over what the store keeps."""
        told = {name: value for name, value in entry._asdict().items() if name not in {"digest", "nonce"}}
        told["places"] = tuple({"source": source, "line": line} for source, line in entry.all_places())
        times = {name: told[name] for name in ("first_seen", "last_seen", "taken_at", "dismissed_at")}
        return cls(**told | {name: None if time is None else moment(time) for name, time in times.items()})


@dataclass(frozen=True)
class Dismissed(Record):
    """How many entries of the quarantine were dismissed."""

    dismissed: int


@dataclass(frozen=True)
class SettingRecorded(Record):
    """A setting that was recorded: in force from `since` on, by the event at `position`; None if no event tells it."""

    setting: str
    value: str
    since: datetime
    position: int | None


class QuarantineList(RowList[QuarantineEntry]):
    """What could not be read, oldest first."""

    row_type = QuarantineEntry

    def __init__(
        self, rows: Iterable[QuarantineEntry], damage: tuple[str, ...] = (), following: NextKey | None = None
    ) -> None:
        super().__init__(rows)
        self._following = following
        self.damage = damage
        """In words, what of the quarantine cannot be shown, since the log is damaged."""


class Quarantined(Answer):
    """One entry of the quarantine, with its bytes as they came: the whole of them, or a bounded chunk at a time."""

    def __init__(self, entry: QuarantineEntry, read: Callable[[], Iterator[bytes]]) -> None:
        self.entry = entry
        self.chunks = read
        """Call it to read the bytes chunk by chunk."""

    def __repr__(self) -> str:
        return f"<quarantine entry {self.entry.number}: {self.entry.reason}>"

    @property
    def content(self) -> bytes:
        """All its bytes."""
        return b"".join(self.chunks())

    def as_json(self) -> list[dict[str, Any]]:
        """Return the contract's answer: a list of one, its bytes as text."""
        return [{**self.entry.as_json(), "content": self.content.decode(errors="replace")}]

    def columns(self) -> tuple[str, ...]:
        """Return what is told of the entry, and its content."""
        return (*names_of(QuarantineEntry), "content")
