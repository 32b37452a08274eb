"""What encryption does to an event on its way in and out: what is about a person is stored under their key."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson

from outcomes.domain.errors import LogDamaged
from outcomes.domain.event import EventLike, OtherEvent
from outcomes.domain.identity import Kind
from outcomes.domain.personal_data import (
    PersonId,
    Persons,
    holds_someone_else,
    is_impersonal,
    names_someone_else,
    persons_of,
)
from outcomes.domain.times import Micros
from outcomes.store.connection import Connection
from outcomes.store.encoding import fast_parser
from outcomes.store.encoding.arrival import Arrival, Arrivals, Extract
from outcomes.store.encoding.compression import Codec
from outcomes.store.encoding.content_digest import DIGEST_BYTES
from outcomes.store.encoding.stream_keys import stream_of_entity, version_of
from outcomes.store.privacy import settings
from outcomes.store.privacy.cipher import (
    MOST_OTHERS,
    NO_SUBJECT,
    EncryptedState,
    decrypt,
    encrypt,
    is_encrypted,
    joint_key,
    unpack,
)
from outcomes.store.privacy.json_members import remove
from outcomes.store.privacy.key_tree import KeyTree
from outcomes.store.privacy.keyring import KeyEntry, Keyring
from outcomes.store.sources.json_values import decode

_READABLE, _WHOLE = b"r", b"w"
_OF_USERS = f"{Kind.USER}/"


class Admitted(NamedTuple):
    """An event as it is stored, and as it may still be read: all of it, a part, nothing (None)."""

    state: bytes
    event: EventLike | OtherEvent | None


class Opened(NamedTuple):
    """What can be read of a stored event: all of it, the part that names nobody, or nothing (None)."""

    raw: bytes | None
    is_whole: bool


class EventEncryption:
    """Encrypts and opens the states of one home; `keyring` is where the keys are."""

    def __init__(
        self,
        secret: bytes,
        tree: KeyTree | None,
        codec: Codec,
        reading: Callable[[], AbstractContextManager[Connection]],
    ) -> None:
        self._secret = secret
        self._codec = codec
        self.keyring = Keyring(secret, tree, reading)
        self._has_erased = False

    def digest(self, plain: bytes) -> bytes:
        """Return the digest of an event's content as this home alone can make it: a guess cannot be tried elsewhere."""
        return blake2b(plain, key=self._secret, digest_size=DIGEST_BYTES).digest()

    def stream(self, tenant: str, stream: str) -> str:
        """Return the stream of an entity as it is named here: a user's own id would be readable there for ever."""
        if not stream.startswith(_OF_USERS):
            return stream
        return stream_of_entity(Kind.USER, self.keyring.person(tenant, PersonId("stream", stream)).hex())

    def filed(self, arrival: Arrival) -> Arrival:
        """Return an arrival under the digest, stream and version that it has here; what is extracted is not."""
        digest = self.digest(arrival.digest)
        stream = self.stream(arrival.tenant, arrival.stream)
        return arrival._replace(digest=digest, stream=stream, version=version_of(arrival.event_time, digest))

    def admit(
        self, connection: Connection, arrivals: Arrivals, extract: Extract, now: Micros
    ) -> tuple[Arrivals, list[bytes]]:
        """Return arrivals as they are filed here, with what is taken from what can still be read, and their states."""
        self.keyring.refresh(connection)
        self._has_erased = False
        filed, states = [], []
        for arrival in map(self.filed, arrivals.rows()):
            state, event = self._encrypt(connection, arrival)
            extracted = None if event is None or isinstance(event, OtherEvent) else extract(event, arrival.digest)
            filed.append(arrival._replace(extracted=extracted))
            states.append(state)
        if self._has_erased:
            # An event told another name of an erased person, whose key was destroyed with it.
            settings.record(connection, settings.ERASURE, "begun", now)
        return Arrivals.of(filed), states

    def _encrypt(self, connection: Connection, arrival: Arrival) -> Admitted:
        """Encrypt an event, making the keys that it needs; of an erased person nothing readable is kept."""
        raw, digest, tenant = arrival.raw, arrival.digest, arrival.tenant
        value = decode(raw)
        persons = persons_of(value)
        if not persons.subject and not persons.others:
            return Admitted(self._codec.compress(raw), fast_parser.parse(raw))
        subject = self._subject(connection, tenant, persons)
        others = [
            self.keyring.entry(connection, self.keyring.person(tenant, who)) for who in persons.others[:MOST_OTHERS]
        ]
        numbers = tuple(other.number for other in others)
        encrypted = EncryptedState(subject.number if subject else NO_SUBJECT, numbers, b"", b"")
        if subject is not None and subject.key is None:
            return Admitted(encrypted._replace(others=()).packed(), None)
        bound = digest + encrypted.heading
        keys = [entry.key for entry in (subject, *others) if entry is not None and entry.key is not None]
        if others:
            readable = impersonal(value, raw)
            part = self._codec.compress(readable)
            encrypted = encrypted._replace(readable=encrypt(keys[0], part, bound + _READABLE) if subject else part)
            if len(keys) < len(others) + (subject is not None):
                return Admitted(encrypted.packed(), fast_parser.parse(readable))
        whole = encrypt(joint_key(keys), self._codec.compress(raw), bound + _WHOLE)
        return Admitted(encrypted._replace(whole=whole).packed(), fast_parser.parse(raw))

    def open(self, state: bytes, digest: bytes) -> Opened:
        """Return what can be read of a stored event; raises LogDamaged."""
        if not is_encrypted(state):
            return Opened(self._codec.decompress(state), is_whole=True)
        encrypted = unpack(state)
        bound = digest + encrypted.heading
        subject = None if encrypted.subject == NO_SUBJECT else self.keyring.key(encrypted.subject)
        if subject is None and encrypted.subject != NO_SUBJECT:
            return Opened(None, is_whole=False)
        named = [subject] if subject is not None else []
        held = [*named, *(key for key in map(self.keyring.key, encrypted.others) if key is not None)]
        if len(held) == len(named) + len(encrypted.others):
            if not (held and encrypted.whole):
                raise LogDamaged("an encrypted event has its keys, but not its bytes: restore log.db from a backup")
            plain = decrypt(joint_key(held), encrypted.whole, bound + _WHOLE)
            return Opened(self._codec.decompress(plain), is_whole=True)
        readable = encrypted.readable if subject is None else decrypt(subject, encrypted.readable, bound + _READABLE)
        return Opened(self._codec.decompress(readable), is_whole=False)

    def is_readable(self, state: bytes) -> bool:
        """Say whether anything of a stored event can be read any more; raises LogDamaged."""
        if not is_encrypted(state):
            return True
        subject = unpack(state).subject
        return subject == NO_SUBJECT or self.keyring.key(subject) is not None

    def _subject(self, connection: Connection, tenant: str, persons: Persons) -> KeyEntry | None:
        """Return the key of whom the event is about; a destroyed one if any of their names was erased."""
        if not persons.subject:
            return None
        known = [self.keyring.person(tenant, who) for who in persons.subject]
        entry = self.keyring.entry(connection, known[0])
        if entry.key is None and persons.joins:
            # What is learnt of an erased person is another name of theirs: it goes, too.
            news = [self.keyring.destroy(connection, other, erased_with=known[0]) for other in known[1:]]
            self._has_erased = self._has_erased or any(news)
            return entry
        for other in known[1:]:
            found = self.keyring.find(connection, other)
            if found is not None and found.key is None:
                return found
        return entry


def impersonal(value: Any, raw: bytes) -> bytes:
    """Return an event without what its envelope and body say of others than its subject.

    Written anew where that can be (three times as fast as cutting it out of the bytes); the numbers stay what they are.
    """
    envelope = value.get("metadata")
    metadata = envelope if isinstance(envelope, dict) else value.get("attributes")

    def drops(outer: str, name: str) -> bool:
        if outer in {"metadata", "attributes"}:
            return not is_impersonal(metadata, name)
        if outer != "body":
            return False
        return names_someone_else(name) or holds_someone_else(value["body"].get(name))

    kept = {
        outer: {name: inner for name, inner in member.items() if not drops(outer, name)}
        if outer in _WITH_NAMES and isinstance(member, dict)
        else member
        for outer, member in value.items()
    }
    try:
        return orjson.dumps(kept)
    except orjson.JSONEncodeError:  # nested too deeply to be written anew
        return remove(raw, drops)


_WITH_NAMES = {"metadata", "attributes", "body"}
