"""The keys of people: one random key for each name by which events know a person, until it is destroyed.

They lie beside the events, each wrapped under a key of the home's key, which lies elsewhere (before format 3 they were
not wrapped). People are told apart by keyed hashes only.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from hashlib import blake2b
from typing import NamedTuple

from outcomes.domain.errors import LogDamaged
from outcomes.domain.personal_data import PersonId
from outcomes.store import ledger
from outcomes.store.connection import Connection
from outcomes.store.ledger import Table, guards
from outcomes.store.privacy.cipher import decrypt, encrypt, new_key
from outcomes.store.privacy.key_tree import KeyTree
from outcomes.store.rows import fetch_all, fetch_one

TABLE = Table("subject_keys", {"number": "integer", "person": "blob", "key": "blob?", "erased_with": "blob?"})
TABLES = (
    """CREATE TABLE IF NOT EXISTS subject_keys (
        number INTEGER PRIMARY KEY,
        person BLOB NOT NULL UNIQUE,
        key BLOB,
        erased_with BLOB)""",
    "CREATE INDEX IF NOT EXISTS erased_keys ON subject_keys (number) WHERE key IS NULL",
)


def _trigger(name: str, when: str, refused: str) -> tuple[str, str]:
    refusal = f"SELECT RAISE(ABORT, 'a key is kept or destroyed, never {refused}')"
    return name, f"CREATE TRIGGER {name} {when} BEGIN {refusal}; END"


TRIGGERS = dict(
    [
        _trigger(
            "subject_keys_refuse_update",
            "BEFORE UPDATE ON subject_keys "
            "WHEN NEW.number <> OLD.number OR NEW.person <> OLD.person OR NEW.key IS NOT NULL",
            "changed",
        ),
        _trigger("subject_keys_refuse_delete", "BEFORE DELETE ON subject_keys", "forgotten"),
        _trigger(
            "subject_keys_refuse_replace",
            "BEFORE INSERT ON subject_keys "
            "WHEN EXISTS (SELECT 1 FROM subject_keys WHERE number = NEW.number OR person = NEW.person)",
            "replaced",
        ),
    ]
)
"""What refuses every change of a key but its destruction, by name: in encrypted homes only."""

GUARDS = guards(TABLE, is_alterable=True)
"""What refuses what is not announced in the ledger, by name: since format 3."""

OLD_SECRET = "secret"  # noqa: S105 - the name of a property
"""The property that held the secret before format 3."""
KEY_CHECK = "key_check"
"""The property by which an encrypted log knows its key again."""

_HASH_BYTES = 16
_HELD_AT_MOST = 200_000


class KeyEntry(NamedTuple):
    """A key and its number; None once it is destroyed."""

    number: int
    key: bytes | None


class Erased(NamedTuple):
    """A destroyed key: whose, and (where the key went later, by a join) with whom."""

    number: int
    person: bytes
    erased_with: bytes | None


class Keyring:
    """Looks keys up, makes them, destroys them; holds a bounded number in memory."""

    def __init__(
        self, secret: bytes, tree: KeyTree | None, reading: Callable[[], AbstractContextManager[Connection]]
    ) -> None:
        self._secret = secret
        self.tree = tree
        """What unwraps them; None before format 3."""
        self._reading = reading
        self._by_person: dict[bytes, KeyEntry] = {}
        self._by_number: dict[int, bytes | None] = {}
        self._erased = 0
        self._passed_over: frozenset[int] = frozenset()

    def person(self, tenant: str, who: PersonId) -> bytes:
        """Return the keyed hash by which the home knows a person."""
        words = f"{tenant}\0{who.space}\0{who.value}".encode(errors="surrogatepass")
        return blake2b(words, key=self._secret, digest_size=_HASH_BYTES).digest()

    def refresh(self, connection: Connection) -> int:
        """Forget what is held if keys were destroyed since; return how many ever were."""
        erased = int(connection.execute("SELECT count(*) FROM subject_keys WHERE key IS NULL").fetchone()[0])
        if erased != self._erased:
            self.clear_cache()
            self._erased = erased
        return erased

    def clear_cache(self) -> None:
        """Drop what is held in memory."""
        self._by_person.clear()
        self._by_number.clear()

    def treat_as_destroyed(self, numbers: frozenset[int]) -> None:
        """Read from now on, in this process only, as if these keys were destroyed."""
        self._passed_over = numbers

    def find(self, connection: Connection, person: bytes) -> KeyEntry | None:
        """Return a person's key, if there ever was one."""
        sql = f"SELECT {TABLE.listed} FROM subject_keys WHERE person = ?"
        row = fetch_one(connection, sql, (person,))
        if row is None:
            return None
        number, _, stored, _ = TABLE.checked(row)
        return KeyEntry(number, self._unwrapped(number, stored))

    def entry(self, connection: Connection, person: bytes) -> KeyEntry:
        """Return a person's key, making it inside the caller's transaction."""
        found = self._by_person.get(person)
        if found is None:
            found = self.find(connection, person) or self._add(connection, person, new_key())
            if len(self._by_person) >= _HELD_AT_MOST:
                self.clear_cache()
            self._by_person[person] = found
        return found

    def key(self, number: int) -> bytes | None:
        """Return the key with a number, None if it was destroyed; raises LogDamaged if it never was."""
        if number in self._passed_over:
            return None
        if number not in self._by_number:
            with self._reading() as connection:
                sql = f"SELECT {TABLE.listed} FROM subject_keys WHERE number = ?"
                row = fetch_one(connection, sql, (number,))
            if row is None:
                raise LogDamaged(f"key {number} of an encrypted event is not there: restore log.db from a backup")
            if len(self._by_number) >= _HELD_AT_MOST:
                self.clear_cache()
            self._by_number[number] = self._unwrapped(number, TABLE.checked(row)[2])
        return self._by_number[number]

    def destroy(self, connection: Connection, person: bytes, erased_with: bytes | None = None) -> bool:
        """Destroy a person's key, or note that there is to be none; return whether that is news."""
        connection.forget_for_good()
        found = self.find(connection, person)
        if found is None:
            self._add(connection, person, None, erased_with)
        elif self._is_stored(connection, found.number):
            ledger.change(connection, TABLE, found.number, person, None, erased_with)
        else:
            return False
        self.clear_cache()
        return True

    def erased(self, connection: Connection) -> list[Erased]:
        """Return the destroyed keys."""
        rows = fetch_all(connection, f"SELECT {TABLE.listed} FROM subject_keys WHERE key IS NULL")
        return [Erased(number, person, others) for number, person, _, others in map(TABLE.checked, rows)]

    def _add(
        self, connection: Connection, person: bytes, key: bytes | None, erased_with: bytes | None = None
    ) -> KeyEntry:
        number = ledger.next_number(connection, TABLE)
        stored = None if key is None else self._wrapped(number, key)
        ledger.insert(connection, TABLE, number, person, stored, erased_with)
        return KeyEntry(number, key)

    @staticmethod
    def _is_stored(connection: Connection, number: int) -> bool:
        sql = "SELECT 1 FROM subject_keys WHERE number = ? AND key IS NOT NULL"
        return connection.execute(sql, (number,)).fetchone() is not None

    def _wrapped(self, number: int, key: bytes) -> bytes:
        if self.tree is None:
            raise LogDamaged("keys of people are added to a log of an older format: run outcomes verify")
        return wrapped(self.tree, number, key)

    def _unwrapped(self, number: int, stored: bytes | None) -> bytes | None:
        """Return a key as it is used; None if it was destroyed, here or in the home's key after this copy was made."""
        if stored is None or self.tree is None:
            return stored
        over = self.tree.key(number)
        return None if over is None else decrypt(over, stored, _bound(number))


def wrapped(tree: KeyTree, number: int, key: bytes) -> bytes:
    """Return a person's key as it is stored."""
    over = tree.key(number)
    if over is None:
        raise LogDamaged(f"the home's key has given up key {number}, which was never made: run outcomes verify")
    return encrypt(over, key, _bound(number))


def _bound(number: int) -> bytes:
    return b"key" + number.to_bytes(4, "big")
