"""The event log: the truth. Appended in batches, never changed, read by position or by entity."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property

from outcomes.domain.errors import HomeUnavailable
from outcomes.domain.times import Micros
from outcomes.store.connection import Connection
from outcomes.store.encoding.arrival import Arrivals, Extract, extract_nothing
from outcomes.store.log.appender import Appended, Appender
from outcomes.store.log.layout import FORMAT
from outcomes.store.log.migrations import bring_up_to_date, format_said
from outcomes.store.log.reader import LogReader
from outcomes.store.privacy import settings
from outcomes.store.privacy.encryption import EventEncryption

_SWEEP_SECONDS = 5.0


class EventLog(LogReader):
    """The log of a home.

    `home.open_log().load(EntityRef(tenant, Kind.OUTCOME, "7"), as_of=...)` replays one entity.
    """

    name = LogReader.name
    _found_ready: tuple[int | None, str | None] | None = None
    """The number of the layout, and the format, with which a write last found nothing to make, migrate or add."""

    @cached_property
    def _appender(self) -> Appender:
        return Appender(self.recorder, self._codec, self.encryption)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open one write transaction; gives the connection for `append` and for the quarantine.

        A log of an older format is brought up to date with it. Raises HomeUnavailable if what was committed lies in a
        file that nobody finds any more.
        """
        if self.encryption is not None and self._format != FORMAT:
            self._take_keys_out(self.encryption)
        try:
            with self._datastore.writing() as connection:
                self._make_ready(connection)
                yield connection
        finally:
            self.check_place()

    def _make_ready(self, connection: Connection) -> None:
        """Bring the log up to date. Once there was nothing to do, it is done again when tables or format are others."""
        layout = connection.layout_version()
        if layout is not None and (layout, format_said(connection)) == self._found_ready:
            return
        bring_up_to_date(connection, self.store, self.key_source)
        is_kept = self._keep_dictionary(connection)
        is_ready = is_kept and layout is not None and layout == connection.layout_version()
        self._found_ready = (layout, format_said(connection)) if is_ready else None

    def _take_keys_out(self, encryption: EventEncryption) -> None:
        """Bring an encrypted log of an older format up to date, and leave nothing of its keys in free space.

        Where somebody else still reads it as it was, `verify` says so, until the next process that writes has done it.
        """
        with self._datastore.writing() as connection:
            bring_up_to_date(connection, self.store, self.key_source)
        _, encryption.keyring.tree = self._secrets()
        encryption.keyring.clear_cache()
        self._format = FORMAT
        self.sweep_keys()

    def sweep_keys(self) -> None:
        """Leave nothing of keys that were inside an older format in free space, if that is still to be done."""
        with self._datastore.reading() as connection:
            state = settings.current(connection, settings.KEYS_OUT)
        if state != "begun":
            return
        with suppress(HomeUnavailable):
            self.store.sweep(patience=_SWEEP_SECONDS, otherwise="")
            with self._datastore.writing() as connection:
                settings.record(connection, settings.KEYS_OUT, "finished", time.time_ns() // 1_000)

    def append(
        self,
        connection: Connection,
        arrivals: Arrivals,
        source: str,
        recorded_at: Micros,
        extract: Extract = extract_nothing,
    ) -> Appended:
        """Append those arrivals that are new, in their order; return them with their positions.

        Repeats, of stored events or inside the batch, are left out: nothing is stored twice. `extract` extracts
        what this home keeps otherwise than it came: redacted, or encrypted.
        """
        return self._appender.append(connection, arrivals, source, recorded_at, extract)

    def forget_uncommitted(self) -> None:
        """Drop what was learnt inside a transaction that was rolled back."""
        self._appender.forget_uncommitted()
