"""One home, driven through the same parts as the command line, with a clock that tests can set."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from outcomes.api.session import Session
from outcomes.domain.identity import parse_context
from outcomes.domain.times import parse_argument
from outcomes.projections.as_of.fingerprint import Fingerprint, fingerprint_at
from outcomes.projections.as_of.point import PointInTime, PointQuery, resolve, resolve_cut, tenants
from outcomes.projections.as_of.tree import tree_at
from outcomes.projections.history.timeline import TimelineEntry, timeline
from outcomes.projections.history.version_steps import Filters
from outcomes.projections.operations.erase import erase
from outcomes.projections.operations.verify import Checks, verify_home
from outcomes.projections.views.read_model import ReadModel, unwatched
from outcomes.store.home_folder import HomeFolder
from outcomes.store.ingest.ingest import Ingest, IngestReport
from outcomes.store.log.event_log import EventLog
from outcomes.store.operations.checkpoint import Checkpoint
from outcomes.store.sources.json_splitter import split
from tests.support.given import TENANT, lines

PROBED = ["2025-01-15", "2025-02-01T08:00:00.000Z", "2025-03-01T08:00:00Z", None]
"""Times at which two homes are compared: before, at and between the events of random histories, and now."""


class World:
    """`World(folder).take(outcome(...), group(...))` appends; the other methods ask."""

    def __init__(self, folder: Path, *, encrypt: bool = False, url: str | None = None) -> None:
        self.home = HomeFolder(folder, url=url)
        self.encrypt = encrypt
        self.clock = parse_argument("2026-01-10T12:00:00Z")

    @contextlib.contextmanager
    def opened(self) -> Iterator[tuple[EventLog, ReadModel]]:
        where, views = (self.home.folder, None) if self.home.url is None else (self.home.url, self.home.folder)
        with Session(where, create=True, encrypt=self.encrypt, views=views, clock=lambda: self.clock) as session:
            yield session.log, session.views

    def take(self, *events: Any, chunk: int = 1 << 16, trusts_clock: bool = False) -> IngestReport:
        """Append events (dicts, text or bytes), given as one NDJSON stream in chunks."""
        data = lines(*events)
        with self.opened() as (log, views):
            run = Ingest(self.home, log, lambda: self.clock, views, trusts_clock=trusts_clock)
            run.take_segments(split(data[at : at + chunk] for at in range(0, len(data), chunk)), "given")
            return run.report

    def retry(self) -> IngestReport:
        with self.opened() as (log, views):
            return Ingest(self.home, log, lambda: self.clock, views).retry_quarantine()

    @contextlib.contextmanager
    def at(
        self, as_of: str | None = None, known_at: str | None = None, tenant: str | None = None
    ) -> Iterator[tuple[EventLog, Any, PointInTime]]:
        with self.opened() as (log, views), views.reading() as connection:
            yield log, connection, resolve(connection, PointQuery(tenant, as_of, known_at))

    def tree(self, context: str = "Account:1", *, include_deleted: bool = False, **point: Any) -> dict[str, Any]:
        """Return the tree as JSON values."""
        with self.at(**point) as (_, connection, at):
            found = tree_at(connection, at, parse_context(context), include_deleted=include_deleted)
        return {name: [node.as_json() for node in nodes] for name, nodes in found._asdict().items()}

    def timeline(self, filters: Filters | None = None, **point: Any) -> list[TimelineEntry]:
        with self.at(**point) as (log, connection, at):
            return list(timeline(connection, log, at, filters or Filters()))

    def digest(self, as_of: str | None = None, known_at: str | None = None) -> Fingerprint:
        with self.opened() as (_, views), views.reading() as connection:
            return fingerprint_at(connection, resolve_cut(connection, PointQuery(None, as_of, known_at)))

    def digests(self) -> list[Fingerprint]:
        """Return the fingerprints at several times."""
        return [self.digest(as_of) for as_of in PROBED]

    def everything_known(self, as_of: str | None = None, known_at: str | None = None) -> dict[str, Any]:
        """Return the digest, and every tree and timeline of each tenant, at a point."""
        with self.opened() as (_, views), views.reading() as connection:
            known = list(tenants(connection))
        answers: dict[str, Any] = {"digest": self.digest(as_of, known_at)}
        for tenant in known:
            point = {"as_of": as_of, "known_at": known_at, "tenant": tenant}
            for context in ("Account:1", "Course:200", "Global"):
                answers[f"{context} of {tenant}"] = self.tree(context, include_deleted=True, **point)
            answers[f"timeline of {tenant}"] = [entry.as_json() for entry in self.timeline(**point)]
        return answers

    def erase(self, student: str, tenant: str = TENANT) -> bool:
        """Erase a student from an encrypted home, and all traces; return whether anything of them was there."""
        with self.opened() as (log, views):
            with views.reading() as connection:
                point = resolve(connection, PointQuery(tenant))
            done = erase(
                self.home, log, views, point, student,
                reason="asked to", erased_by="a test", all_traces=True,
                clock=lambda: self.clock, watch=unwatched, patience=0,
            )  # fmt: skip
        return done is not None

    def verify(self, *, anew: bool = False, against: Checkpoint | None = None) -> dict[str, Any]:
        with self.opened() as (log, views):
            return verify_home(self.home, log, views, Checks(everything=True, anew=anew, against=against))

    def raw_log(self) -> list[bytes]:
        with self.opened() as (log, _):
            return [log.raw(record) for record in log.records()]


@contextlib.contextmanager
def fresh_world() -> Iterator[World]:
    """Give a home in a folder that is gone afterwards: for laws, which try many."""
    memory = Path("/dev/shm")  # noqa: S108 - real files, without waiting for a disk hundreds of times
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield World(Path(folder) / "home")
