"""Making a person unreadable in an encrypted log: who they are, their keys, what else names them, the sweeping up.

Everything that needs the person's data happens in one transaction; what comes after it needs none, so an erasure that
was cut short is finished by running it again.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from outcomes.domain.catalog import EVENT_TYPES, parse_event
from outcomes.domain.entities.erasure import ERASURE_EVENT
from outcomes.domain.identity import Kind
from outcomes.domain.personal_data import PersonId, persons_of
from outcomes.domain.times import Micros, to_text
from outcomes.store.connection import Connection
from outcomes.store.encoding.arrival import Arrival, Arrivals, arrival_of, extract_nothing
from outcomes.store.encoding.content_digest import content_digest
from outcomes.store.log import quarantine
from outcomes.store.log.event_log import EventLog
from outcomes.store.log.recorder import LogRecord, records_encrypted_under
from outcomes.store.privacy import settings
from outcomes.store.privacy.cipher import unpack
from outcomes.store.privacy.encryption import EventEncryption
from outcomes.store.privacy.keyring import Erased
from outcomes.store.rows import fetch_all
from outcomes.store.sources.json_values import decode
from outcomes.store.sources.segment import Segment

_BODY_WORDS = ("name", "short_name", "sortable_name", "user_name", "user_login", "user_sis_id", "email", "login_id")
_ENVELOPE_WORDS = ("user_login", "user_sis_id")
_JOINING = {Kind.USER, Kind.ENROLLMENT}
_SHORTEST_WORD = 4


class Person(NamedTuple):
    """A person as the log knows them: their ids, the numbers of their keys, and the words that tell who they are."""

    ids: frozenset[PersonId]
    numbers: frozenset[int]
    words: frozenset[str]
    events: int
    acted: int
    is_erased: bool

    @property
    def is_known(self) -> bool:
        """Whether any event was ever about them or by them."""
        return bool(self.numbers)

    def telling(self) -> list[str]:
        """Return the words that are long enough to be theirs alone."""
        return sorted(word for word in self.words if len(word) >= _SHORTEST_WORD)


class ErasureRequest(NamedTuple):
    """What is to be written of an erasure, apart from whose it is."""

    tenant: str
    reason: str
    erased_by: str
    all_traces: bool
    figures: list[dict[str, Any]]


class Done(NamedTuple):
    """What an erasure came to; `position` is that of its event, None where there was nothing left to do."""

    erasure: str
    position: int | None
    quarantined: int
    is_as_planned: bool


def erased_keys(log: EventLog) -> int:
    """Return how many keys of people were ever destroyed: views made before that are not of this log."""
    if log.encryption is None:
        return 0
    with log.reading() as connection:
        return log.encryption.keyring.refresh(connection)


def destroyed_keys(log: EventLog) -> list[Erased]:
    """Return the keys of people that were destroyed."""
    if log.encryption is None:
        return []
    with log.reading() as connection:
        return log.encryption.keyring.erased(connection)


def name_of(log: EventLog, tenant: str, uuid: str) -> str | None:
    """Return the name by which the log would know the erasure of a person; None where none can be erased."""
    return None if log.encryption is None else log.encryption.keyring.person(tenant, PersonId("uuid", uuid)).hex()


def is_unfinished(log: EventLog) -> bool:
    """Say whether an erasure was begun whose traces in views and free space are not yet gone."""
    with log.reading() as connection:
        return settings.current(connection, settings.ERASURE) == "begun"


def find(encryption: EventEncryption, connection: Connection, tenant: str, uuid: str) -> Person:
    """Gather all that the log tells of a person: from their uuid to their global ids, and from both to their names."""
    first = PersonId("uuid", uuid)
    entry = encryption.keyring.find(connection, encryption.keyring.person(tenant, first))
    ids = {first}
    if entry is not None:
        for _, value in _opened(encryption, connection, entry.number, joining=True):
            ids.update(persons_of(value).subject)
    words = {who.value for who in ids}
    numbers = _numbers(encryption, connection, tenant, ids)
    about, acted = set[int](), set[int]()
    for number in numbers:
        for record, value in _opened(encryption, connection, number, joining=False):
            is_about = unpack(record.state).subject == number
            (about if is_about else acted).add(record.position)
            words.update(_words(value, ids, is_about=is_about))
    logins = {
        PersonId(space, word)
        for word in words
        for space in ("login", "sis")
        if _is_known(encryption, connection, tenant, PersonId(space, word))
    }
    return Person(
        frozenset(ids | logins),
        frozenset(numbers | _numbers(encryption, connection, tenant, logins)),
        frozenset(words),
        len(about),
        len(acted - about),
        entry is not None and entry.key is None,
    )


def commit(
    log: EventLog, encryption: EventEncryption, uuid: str, erasure: ErasureRequest, now: Micros, planned: frozenset[int]
) -> Done:
    """Destroy the keys, clear the quarantine and append the event, in one transaction; the caller is the only writer.

    `planned` are the numbers of the keys that the caller has taken into account; `is_as_planned` says that there were
    no others.
    """
    with log.writing() as connection:
        encryption.keyring.treat_as_destroyed(frozenset())
        person = find(encryption, connection, erasure.tenant, uuid)
        removed = quarantine.remove_containing(connection, person.telling())
        first = encryption.keyring.person(erasure.tenant, PersonId("uuid", uuid))
        hashes = [encryption.keyring.person(erasure.tenant, who) for who in sorted(person.ids)]
        news = [encryption.keyring.destroy(connection, known) for known in hashes]
        # In a copy from before an erasure the keys are still stored that the home's key has given up.
        news += [encryption.keyring.destroy(connection, other, first) for other in given_up(encryption, connection)]
        position = None
        if removed or any(news):
            arrival = _event(erasure, first.hex(), [known.hex() for known in hashes], person, removed, now)
            position = log.append(connection, Arrivals.of([arrival]), "erase", now).head
        settings.record(connection, settings.ERASURE, "begun", now)
    return Done(first.hex(), position, removed, person.numbers <= planned)


def give_up_keys(log: EventLog, encryption: EventEncryption) -> bool:
    """Let the home's key give up the keys that are destroyed, so that older copies of the log forget, too.

    Returns whether that could be done: a key that is only read (by a command) cannot be changed from here.
    """
    key = log.key_source.read()
    with log.reading() as connection:
        numbers = [erased.number for erased in encryption.keyring.erased(connection)]
    tree = key.tree.without(numbers)
    if tree.nodes == key.tree.nodes:
        return True
    can_write = log.key_source.write(key._replace(tree=tree))
    if can_write:
        encryption.keyring.tree = tree
    return can_write


def given_up(encryption: EventEncryption, connection: Connection) -> list[bytes]:
    """Return whose keys are stored here, and were given up in the home's key: erased after this copy was made."""
    tree = encryption.keyring.tree
    if tree is None:
        return []
    last = int(connection.execute("SELECT coalesce(max(number), 0) FROM subject_keys").fetchone()[0])
    sql = "SELECT person FROM subject_keys WHERE number = ? AND key IS NOT NULL"
    return [row[0] for number in tree.given_up(last) for row in fetch_all(connection, sql, (number,))]


def still_held(log: EventLog, encryption: EventEncryption, connection: Connection) -> int:
    """Return how many destroyed keys the home's key could still unwrap in older copies; raises HomeUnavailable."""
    if encryption.keyring.tree is None:
        return 0
    erased = encryption.keyring.erased(connection)
    # As it lies there now: another program may have erased somebody since it was read here.
    tree = log.key_source.read().tree
    return sum(tree.key(key.number) is not None for key in erased)


def finish(log: EventLog, now: Micros) -> None:
    """Note that no file of the home holds anything of those who were erased."""
    with log.writing() as connection:
        settings.record(connection, settings.ERASURE, "finished", now)


def _opened(
    encryption: EventEncryption, connection: Connection, number: int, *, joining: bool
) -> Iterator[tuple[LogRecord, Mapping[str, Any]]]:
    """Yield the records that a key is needed for, with what can be read of them (nothing: an empty object)."""
    for record in records_encrypted_under(connection, number):
        if joining and not _joins(record.topic):
            continue
        encrypted = unpack(record.state)
        if number in {encrypted.subject, *encrypted.others}:
            opened = encryption.open(record.state, record.digest)
            yield record, {} if opened.raw is None else decode(opened.raw)


def _joins(topic: str) -> bool:
    event_type = EVENT_TYPES.get(topic)
    return event_type is not None and event_type.kind in _JOINING


def _numbers(encryption: EventEncryption, connection: Connection, tenant: str, ids: set[PersonId]) -> set[int]:
    entries = (encryption.keyring.find(connection, encryption.keyring.person(tenant, who)) for who in ids)
    return {entry.number for entry in entries if entry is not None}


def _is_known(encryption: EventEncryption, connection: Connection, tenant: str, who: PersonId) -> bool:
    return encryption.keyring.find(connection, encryption.keyring.person(tenant, who)) is not None


def _words(value: Mapping[str, Any], ids: set[PersonId], *, is_about: bool) -> Iterator[str]:
    """Yield what an event calls a person: in its body, and in its envelope if it was they who acted."""
    body, metadata = value.get("body"), value.get("metadata") or value.get("attributes")
    if is_about and isinstance(body, dict):
        yield from _texts(body, _BODY_WORDS)
    if isinstance(metadata, dict) and PersonId("id", str(metadata.get("user_id"))) in ids:
        yield from _texts(metadata, _ENVELOPE_WORDS)


def _texts(fields: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[str]:
    return (str(fields[name]) for name in names if isinstance(fields.get(name), str | int) and fields[name] != "")


def _event(erasure: ErasureRequest, first: str, keys: list[str], person: Person, removed: int, now: Micros) -> Arrival:
    value = {
        "metadata": {
            "event_name": ERASURE_EVENT,
            "event_time": to_text(now),
            "root_account_uuid": erasure.tenant,
            "producer": "outcomes",
            "user_login": erasure.erased_by,
        },
        "body": {
            "erasure": first,
            "reason": erasure.reason,
            "erased_by": erasure.erased_by,
            "all_traces": erasure.all_traces,
            "events": person.events,
            "acted": person.acted,
            "quarantined": removed,
            "keys": keys,
            "figures": erasure.figures,
        },
    }
    raw = orjson.dumps(value)
    event = parse_event(decode(raw))
    return arrival_of(Segment(raw, 1), content_digest(decode(raw), raw), event, extract_nothing)
