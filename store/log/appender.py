"""How a batch enters the log: redacted where asked, compressed or encrypted, without repeats, chained."""

from collections.abc import Iterable
from functools import partial
from operator import add
from typing import NamedTuple

from outcomes.domain.times import Micros
from outcomes.store import ledger
from outcomes.store.connection import Connection
from outcomes.store.encoding.arrival import Arrival, Arrivals, Extract
from outcomes.store.encoding.compression import Codec
from outcomes.store.encoding.stream_keys import first_version, in_tenant, last_version
from outcomes.store.log.hash_chain import BATCHES, NO_CHAIN, Batch, chain_after, holds, last_batch
from outcomes.store.log.recorder import TENANTS, BatchRecorder, head_of, is_stored
from outcomes.store.log.row_columns import RowColumns
from outcomes.store.privacy import redaction
from outcomes.store.privacy.encryption import EventEncryption


class Appended(NamedTuple):
    """The arrivals that were new, in the order of the positions that they got, up to the head of the log.

    `chain` is that of the log up to there: where it is the same in a log, so is all before it.
    """

    head: int
    arrivals: Arrivals
    chain: bytes

    @property
    def positions(self) -> range:
        """Their positions."""
        return range(self.head - len(self.arrivals) + 1, self.head + 1)


class Appender:
    """Writes to one log, inside transactions of its caller's. `encryption` is there if the log is encrypted."""

    def __init__(self, recorder: BatchRecorder, codec: Codec, encryption: EventEncryption | None) -> None:
        self._recorder = recorder
        self._codec = codec
        self._encryption = encryption
        self._tenants: dict[str, int] = {}
        self._last: Batch | None = None
        """The newest batch when `_tenants` were last found to be those of the log."""

    def append(
        self, connection: Connection, arrivals: Arrivals, source: str, recorded_at: Micros, extract: Extract
    ) -> Appended:
        """Append those arrivals that are new, in their order; return them with their positions."""
        head, last = head_of(connection), last_batch(connection)
        self._recall(connection, last)
        arrivals = redaction.redact_batch(connection, arrivals, extract, partial(self._holds, connection))
        states: Iterable[bytes]
        if self._encryption is None:
            states = self._codec.compress_each(arrivals.raws)
        else:
            arrivals, states = self._encryption.admit(connection, arrivals, extract, recorded_at)
        new, stored = self._recorder.append(connection, self._rows(connection, arrivals), states, head)
        if not new:
            return Appended(head, Arrivals.of(), last.chain if last else NO_CHAIN)
        if new != range(len(arrivals)):
            arrivals = arrivals.at(new)
        newest = max(arrivals.event_times)
        batch = Batch(
            head + len(new),
            head + 1,
            max(recorded_at, last.recorded_at if last else 0),  # a clock that steps back must not reorder batches
            source,
            max(newest, last.max_event_time if last else newest),
            b"",
        )
        so_far = ledger.head(connection)
        batch = batch._replace(chain=chain_after(last.chain if last else NO_CHAIN, so_far.chain, batch, stored))
        ledger.insert(connection, BATCHES, *batch, after=so_far)
        self._last = batch
        return Appended(batch.last_position, arrivals, batch.chain)

    def _recall(self, connection: Connection, last: Batch | None) -> None:
        """Forget the tenants where what was last seen of the log is no longer in it.

        A server that failed may be replaced by one that lacks the last batches, where their tenants' numbers are
        others'.
        """
        known, self._last = self._last, last
        if known not in {None, last} and not holds(connection, known.last_position, known.chain):
            self._tenants.clear()

    def _rows(self, connection: Connection, arrivals: Arrivals) -> RowColumns:
        tenants = dict.fromkeys(arrivals.tenants)
        prefix_of = {uuid: in_tenant(self._tenant_number(connection, uuid), "") for uuid in tenants}
        streams = list(map(add, map(prefix_of.__getitem__, arrivals.tenants), arrivals.streams))
        return RowColumns(streams, arrivals.versions, arrivals.names, arrivals.digests)

    def _holds(self, connection: Connection, arrival: Arrival) -> bool:
        """Say whether the content of an arrival is stored."""
        filed = arrival if self._encryption is None else self._encryption.filed(arrival)
        versions = (first_version(filed.event_time), last_version(filed.event_time))
        stream = in_tenant(self._tenant_number(connection, filed.tenant), filed.stream)
        return is_stored(connection, stream, versions, filed.digest)

    def _tenant_number(self, connection: Connection, uuid: str) -> int:
        number = self._tenants.get(uuid)
        if number is None:
            found = connection.execute("SELECT number FROM tenants WHERE uuid = ?", (uuid,)).fetchone()
            number = self._tenants[uuid] = self._new_tenant(connection, uuid) if found is None else int(found[0])
        return number

    @staticmethod
    def _new_tenant(connection: Connection, uuid: str) -> int:
        number = ledger.next_number(connection, TENANTS)
        ledger.insert(connection, TENANTS, number, uuid)
        return number

    def forget_uncommitted(self) -> None:
        """Drop what was learnt inside a transaction that was rolled back."""
        self._tenants.clear()
        if self._encryption is not None:
            self._encryption.keyring.clear_cache()
