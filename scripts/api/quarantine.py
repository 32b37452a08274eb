"""What could not be read, and another try at it: `home.quarantine`."""

from collections.abc import Iterator, Sequence
from os import PathLike

from outcomes.api.answers.operations import Dismissed, IngestReport, Quarantined, QuarantineEntry, QuarantineList
from outcomes.api.ingest import opener
from outcomes.api.session import Session
from outcomes.domain.errors import UsageError
from outcomes.projections.paging import NextKey, Page, limited, number_of_key
from outcomes.store.ingest.ingest import Ingest
from outcomes.store.log import quarantine

_NUMBERS = range(1, 1 << 63)


class Quarantine:
    """The quarantine of a home."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def list(
        self, *, limit: int | None = None, after: int | str | None = None, newest_first: bool = False
    ) -> QuarantineList:
        """Return what could not be read, oldest first or newest first; at most `limit`, after an entry's number."""
        page, following = Page(limit, None if after is None else str(after), newest_first), NextKey()
        start = None if page.after is None else number_of_key(page.after)
        # One more tells whether there are more.
        most = None if limit is None else limit + 1
        with self._session.log.reading() as connection:
            entries, damage = quarantine.readable_entries(connection, after=start, newest_first=newest_first, most=most)
        part = limited(entries, page, lambda entry: str(entry.number), following)
        return QuarantineList(map(QuarantineEntry.of, part), tuple(damage), following)

    def show(self, number: int) -> Quarantined:
        """Return one entry, by its number in the list, with its bytes; raises UsageError if there is none."""
        with self._session.log.reading() as connection:
            entry = quarantine.find(connection, number) if number in _NUMBERS else None
        if entry is None:
            raise UsageError(f"no quarantine entry {number}: see outcomes quarantine list")
        return Quarantined(QuarantineEntry.of(entry), lambda: self._content(number))

    def retry(self, *, jwks: str | PathLike[str] | None = None, issuer: Sequence[str] = ()) -> IngestReport:
        """Read again what this version has not read yet, and what was refused for its time or its host.

        With a JWK set, everything: what Canvas has signed is opened, as by `Home.ingest`.
        """
        session = self._session
        run = Ingest(session.home, session.log, session.clock, session.views, signed=opener(jwks, issuer))
        return IngestReport.of(run.retry_quarantine())

    def dismiss(self, *numbers: int, source: str | None = None, reason: str) -> Dismissed:
        """Take entries out of the counts for good, by their numbers or all of a source; the record and the bytes stay.

        Raises UsageError without a reason, or where an entry does not wait in quarantine.
        """
        if bool(numbers) == (source is not None) or not reason.strip():
            raise UsageError("say which entries: their numbers or --source S, and why: --reason TEXT")
        session, wanted = self._session, set(numbers)
        with session.home.writing("quarantine dismiss"), session.log.writing() as connection:
            waiting = {entry.number: entry for entry in quarantine.entries(connection)}
            if source is not None:
                wanted = {number for number, entry in waiting.items() if entry.is_from(source)}
            if unknown := wanted - waiting.keys():
                listed = ", ".join(map(str, sorted(unknown)))
                raise UsageError(f"no entry {listed} waits in quarantine: see outcomes quarantine list")
            return Dismissed(quarantine.dismiss(connection, wanted, reason, session.clock()))

    def _content(self, number: int) -> Iterator[bytes]:
        with self._session.log.reading() as connection:
            yield from quarantine.content(connection, number)
