"""What could not be read, and another try at it: `home.quarantine`."""

from collections.abc import Iterator

from outcomes.api.answers.operations import IngestReport, Quarantined, QuarantineEntry, QuarantineList
from outcomes.api.session import Session
from outcomes.domain.errors import UsageError
from outcomes.store.ingest.ingest import Ingest
from outcomes.store.log import quarantine

_NUMBERS = range(1, 1 << 63)


class Quarantine:
    """The quarantine of a home."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def list(self) -> QuarantineList:
        """Return what could not be read, oldest first."""
        with self._session.log.reading() as connection:
            entries, damage = quarantine.readable_entries(connection)
        return QuarantineList(map(QuarantineEntry.of, entries), tuple(damage))

    def show(self, number: int) -> Quarantined:
        """Return one entry, by its number in the list, with its bytes; raises UsageError if there is none."""
        with self._session.log.reading() as connection:
            entry = quarantine.find(connection, number) if number in _NUMBERS else None
        if entry is None:
            raise UsageError(f"no quarantine entry {number}: see outcomes quarantine list")
        return Quarantined(QuarantineEntry.of(entry), lambda: self._content(number))

    def retry(self) -> IngestReport:
        """Read everything in quarantine again: after an upgrade, more may be understood."""
        run = Ingest(self._session.home, self._session.log, self._session.clock, self._session.views)
        return IngestReport.of(run.retry_quarantine())

    def _content(self, number: int) -> Iterator[bytes]:
        with self._session.log.reading() as connection:
            yield from quarantine.content(connection, number)
