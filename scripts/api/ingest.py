"""Taking events in, from wherever they come."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from io import BufferedReader, BytesIO, RawIOBase
from os import PathLike, fspath
from typing import Any, BinaryIO, cast

import orjson

from outcomes.api.answers.operations import IngestReport, Received
from outcomes.api.session import Session
from outcomes.domain.errors import InputCutShort, UsageError
from outcomes.store.ingest.group_commit import Delivery, commit_together
from outcomes.store.ingest.ingest import Follower, Ingest, NullFollower
from outcomes.store.sources.content import check_readable
from outcomes.store.sources.files import OpenSource, Source
from outcomes.store.sources.transports import Signed

Events = str | PathLike[str] | BinaryIO | bytes | Mapping[str, Any] | Iterable[Mapping[str, Any]]
"""Where events come from: a file's name (`-` is standard input), an open binary stream, bytes, one event or several."""


def ingest(
    session: Session,
    sources: Iterable[Events],
    watch: Callable[[int, int], None],
    *,
    trust_clock: bool,
    signed: Signed | None,
    leave_views: bool,
) -> IngestReport:
    """Append events, see `Home.ingest`."""
    given = [_source(source) for source in sources]
    check_readable(given)
    follower: Follower = NullFollower() if leave_views else session.views
    run = Ingest(session.home, session.log, session.clock, follower, trusts_clock=trust_clock, signed=signed)
    run.run(given, watch=lambda done: watch(done, run.report.read))
    report = IngestReport.of(run.report)
    if run.report.damaged:
        raise InputCutShort("; ".join(run.report.damaged), report)
    return report


def opener(jwks: str | PathLike[str] | None, issuers: Sequence[str]) -> Signed | None:
    """Return what opens signed bodies by a key set, None if none is given; raises UsageError, KeySetUnavailable."""
    if jwks is None:
        if issuers:
            raise UsageError(f"--issuer {issuers[0]} is for signed bodies: give their key set, too, with --jwks")
        return None
    from outcomes.store.sources.jwk_set import key_set
    from outcomes.store.sources.signed_body import CANVAS_ISSUER, SignedBodies

    keys = key_set(fspath(jwks))
    keys.check()
    return SignedBodies(keys, issuers or (CANVAS_ISSUER,), are_stored=True).event_in


def receive(session: Session, deliveries: Sequence[Delivery], patience: float, *, follows_soon: bool) -> list[Received]:
    """Append what several senders brought, see `Home.receive`."""
    commit = partial(commit_together, session.home, session.log, session.clock, deliveries, patience=patience)
    found = commit(extract=session.views.extract, keep=session.views.keep) if follows_soon else commit()
    return [Received(*receipt) for receipt in found]


class _Unseekable(RawIOBase):
    """A stream from where it stands: not the file behind it, of which a part may have been read."""

    def __init__(self, stream: BinaryIO) -> None:
        self._next = getattr(stream, "read1", stream.read)

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what is there without waiting for more."""
        found = self._next(len(buffer))
        buffer[: len(found)] = found
        return len(found)


def _source(given: Events) -> Source:
    if isinstance(given, str | PathLike):
        return fspath(given)
    if hasattr(given, "read"):
        stream = cast("BinaryIO", given)
        return OpenSource(str(getattr(given, "name", "stream")), BufferedReader(_Unseekable(stream)))
    if isinstance(given, bytes):
        return OpenSource("bytes", BytesIO(given))
    events = [given] if isinstance(given, Mapping) else given
    return OpenSource("events", BytesIO(b"\n".join(orjson.dumps(event) for event in events)))
