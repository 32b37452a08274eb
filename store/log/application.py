"""The log as an application of the library: how it is opened, with which parts, and its keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from eventsourcing.application import Application
from eventsourcing.persistence import InfrastructureFactory
from eventsourcing.sqlite import SQLiteFactory
from eventsourcing.utils import Environment

from outcomes.domain.errors import HomeUnavailable, UsageError
from outcomes.store import ledger
from outcomes.store.connection import Connection, Transactions
from outcomes.store.encoding.compression import Codec, dictionary_number, shipped_dictionary
from outcomes.store.log.layout import says_what_was_written
from outcomes.store.log.log_store import LogStore
from outcomes.store.log.mapper import LogMapper
from outcomes.store.log.migrations import bring_up_to_date, encrypt_new, format_to_read, read_property
from outcomes.store.log.recorder import DICTIONARIES, TENANTS, BatchRecorder, head_of
from outcomes.store.log.repository import LogRepository
from outcomes.store.privacy import keyring
from outcomes.store.privacy.encryption import EventEncryption
from outcomes.store.privacy.home_key import KeySource
from outcomes.store.privacy.key_tree import KeyTree
from outcomes.store.rows import fetch_all


class LogApplication(Application[str]):
    """The library's application over one log, opened; all its generics end here."""

    name = "outcomes"
    log_section_size = 1_000
    """What the notification log gives out at most at a time."""
    recorder: BatchRecorder

    def __init__(self, store: LogStore, key_source: KeySource, *, create: bool = True, encrypt: bool = False) -> None:
        if encrypt:
            store.refuse_encryption()
        if not store.exists() and not create:
            raise HomeUnavailable(f"no log at {store.place}: ingest events first, or name another with --home")
        if create:
            store.create()
        self.store = store
        self.encryption: EventEncryption | None = None
        self.key_source = key_source
        super().__init__(store.environment())
        self._datastore: Transactions = self.recorder.transactions
        self.check_place = store.presence()
        """Raises HomeUnavailable once the log is no longer where it was opened."""
        self._prepare(encrypt=encrypt)
        if encrypt and self.encryption is None:
            self.close()
            raise UsageError(
                f"{store.place} is there already, and not encrypted: make an encrypted home in a new folder, "
                "and ingest there what outcomes log prints of this one"
            )

    # -- how the library gets its parts ---------------------------------------------------------------------------

    def construct_env(self, name: str, env: Any = None) -> Environment:
        """Ignore the process environment: stray variables must not reconfigure the truth."""
        # The tables are made by the migration: made on each opening, they would hide that a trigger was dropped. The
        # library's factory for PostgreSQL calls both by the same names.
        ours = {SQLiteFactory.ORIGINATOR_ID_TYPE: "text", SQLiteFactory.CREATE_TABLE: "no"}
        return Environment(name, {**dict(env or {}), **ours})

    def construct_factory(self, env: Environment) -> InfrastructureFactory[Any]:
        """Return the factory over our datastore."""
        return self.store.factory(env)

    def construct_repository(self) -> LogRepository:
        """Return the repository that folds as the domain does."""
        return LogRepository(self.events)

    def take_snapshot(self, *_: Any, **__: Any) -> None:
        """Refuse: an event that comes late belongs before a snapshot, which would never see it."""
        raise TypeError("no snapshots of a log into which events come late: a replay of an entity takes a millisecond")

    def construct_mapper(self) -> LogMapper:
        """Return the mapper; its dictionaries are filled in once the log is open."""
        self._dictionaries: dict[int, bytes] = {}
        shipped = shipped_dictionary()
        self._codec = Codec(self._dictionaries, dictionary_number(shipped))
        self._dictionaries[dictionary_number(shipped)] = shipped
        self._log_mapper = LogMapper(self._codec, self._tenant_uuid)
        return self._log_mapper

    def _prepare(self, *, encrypt: bool) -> None:
        with self._datastore.reading() as connection:
            is_new = format_to_read(connection) is None
        if is_new:
            with self._datastore.writing() as connection:
                bring_up_to_date(connection, self.store, self.key_source)
                if encrypt:
                    encrypt_new(connection, self.store, self.key_source)
                self._keep_dictionary(connection)
        with self._datastore.reading() as connection:
            rows = fetch_all(connection, f"SELECT {DICTIONARIES.listed} FROM dictionaries")
            self._format = format_to_read(connection)
            is_encrypted = connection.has_table(keyring.TABLE.name)
        for row in rows:
            # What is damaged is missed by those events alone that need it. Our own is known without the log.
            if not any(DICTIONARIES.faults(row)):
                self._dictionaries.setdefault(*row)
        if is_encrypted:
            secret, tree = self._secrets()
            self.encryption = self._log_mapper.encryption = EventEncryption(
                secret, tree, self._codec, self._datastore.reading
            )
            self.recorder.before_reading = self.encryption.keyring.refresh

    def _secrets(self) -> tuple[bytes, KeyTree | None]:
        """Return the secret of keyed hashes and what unwraps people's keys (None before format 3)."""
        with self._datastore.reading() as connection:
            inside = read_property(connection, keyring.OLD_SECRET)
            check = self._check_of(connection)
        if inside is not None:
            return bytes.fromhex(inside), None
        key = self.key_source.read()
        if check not in {key.check, None}:
            raise HomeUnavailable(
                f"{self.key_source.place} holds the key of another home: put this home's key there, or name its place "
                "with --key-file"
            )
        return key.secret, key.tree

    @staticmethod
    def _check_of(connection: Connection) -> str | None:
        # Where the check was changed the key may be right all the same: what it does not open tells.
        is_whole = says_what_was_written(connection, keyring.KEY_CHECK)
        return read_property(connection, keyring.KEY_CHECK) if is_whole else None

    def _keep_dictionary(self, connection: Connection) -> bool:
        """Keep the dictionary that events are about to be packed with; return whether the log had it."""
        shipped = next(iter(self._dictionaries))
        found = connection.execute("SELECT 1 FROM dictionaries WHERE number = ?", (shipped,)).fetchone()
        if found is None:
            ledger.insert(connection, DICTIONARIES, shipped, self._dictionaries[shipped])
        return found is not None

    # -- what is asked of it all the time --------------------------------------------------------------------------

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open one read transaction; give its connection. No key is used that was destroyed before."""
        with self._datastore.reading() as connection:
            if self.encryption is not None:
                self.encryption.keyring.refresh(connection)
            yield connection

    @property
    def head(self) -> int:
        """The last position; 0 for an empty log."""
        with self._datastore.reading() as connection:
            return head_of(connection)

    def tenants(self) -> dict[str, int]:
        """Return each tenant's uuid with its number in stream names. Raises LogDamaged."""
        with self._datastore.reading() as connection:
            rows = fetch_all(connection, f"SELECT {TENANTS.listed} FROM tenants ORDER BY number")
        return {uuid: number for number, uuid in map(TENANTS.checked, rows)}

    def _tenant_uuid(self, number: int) -> str:
        return next((uuid for uuid, known in self.tenants().items() if known == number), "")

    @property
    def codec(self) -> Codec:
        """The codec of stored bytes."""
        return self._codec
