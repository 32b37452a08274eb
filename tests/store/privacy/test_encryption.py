"""An encrypted log: the same events, the same answers, and nothing about a person that their key does not open."""

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outcomes.domain.errors import LogDamaged, UsageError
from outcomes.domain.identity import EntityRef, Kind
from outcomes.projections.mastery.query import mastery_at
from outcomes.projections.mastery.results import Scope
from outcomes.store.privacy.cipher import decrypt, encrypt, is_encrypted, joint_key, new_key, unpack
from tests.support.given import TENANT, lines
from tests.support.people import ADA, ADA_ID, ADAS_TRACES, BO, class_of_six
from tests.support.world import World


@pytest.fixture
def encrypted(tmp_path: Path) -> World:
    """An encrypted home with the class in it."""
    world = World(tmp_path / "encrypted", encrypt=True)
    world.take(*class_of_six())
    return world


def log_bytes(world: World) -> bytes:
    """Return every byte of the log's files."""
    return b"".join(path.read_bytes() for path in world.home.folder.glob("log.db*"))


def change(world: World, *statements: str) -> None:
    """Change the log behind its back, as whoever can write the file may."""
    with closing(sqlite3.connect(world.home.log_path)) as connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        for _, made in triggers:  # left as they were: that they were gone is found by itself
            connection.execute(made)
        connection.commit()


def test_the_log_gives_the_bytes_as_they_came(encrypted: World) -> None:
    """Encrypted or split, what comes out is what came in, byte for byte, and verify agrees."""
    assert encrypted.raw_log() == [lines(item) for item in class_of_six() if isinstance(item, dict)]
    assert encrypted.verify()["ok"]


def test_nothing_of_a_person_is_in_the_logs_file(tmp_path: Path) -> None:
    """Uuid, ids, names, login, address, browser and scores are not in the bytes of log.db; a plain home has them."""
    readable = [item for item in class_of_six() if isinstance(item, dict)]
    encrypted, plain = World(tmp_path / "encrypted", encrypt=True), World(tmp_path / "plain")
    for world in (encrypted, plain):
        world.take(*readable)
    found = log_bytes(encrypted)
    assert [trace for trace in ADAS_TRACES if trace.encode() in found] == []
    assert BO.encode() not in found
    assert f"/user/{ADA_ID.zfill(20)}".encode() in log_bytes(plain)  # what would be found, if it were there


def test_an_encrypted_home_answers_like_a_plain_one(tmp_path: Path, encrypted: World) -> None:
    """Tree, states, timeline and figures are the same, now and at a past point; only digests are the home's own."""
    plain = World(tmp_path / "plain")
    plain.take(*class_of_six())
    for point in ((None, None), ("2025-02-01", None), (None, "8")):
        assert answers(encrypted, *point) == answers(plain, *point)
    assert encrypted.digest().digest != plain.digest().digest
    assert encrypted.digest().entities == plain.digest().entities


def answers(world: World, as_of: str | None, known_at: str | None) -> list[Any]:
    """Return the tree, the timeline and every score at a point."""
    at = {"as_of": as_of, "known_at": known_at}
    with world.at(**at) as (_, connection, point):
        scores = list(mastery_at(connection, point, Scope()))
    entries = sorted((entry.as_json() for entry in world.timeline(**at)), key=lambda entry: entry["position"])
    return [world.tree("Course:200", **at), entries, scores]


@settings(max_examples=6)
@given(st.randoms(use_true_random=False))
def test_order_of_arrival_does_not_matter(tmp_path_factory: pytest.TempPathFactory, dice: random.Random) -> None:
    """In one encrypted home (its secret is its own), any order of arrival and any repeats give the same digest."""
    folder = tmp_path_factory.mktemp("orders")
    empty = World(folder / "empty", encrypt=True)
    empty.take()
    events = [item for item in class_of_six() if isinstance(item, dict)]
    digests = set()
    for name in ("one", "other"):
        shutil.copytree(empty.home.folder, folder / name)
        world = World(folder / name, encrypt=True)
        shuffled = dice.sample(events, len(events))
        world.take(*shuffled[:7])
        assert world.take(*shuffled[3:]).duplicates == 4
        digests.add(world.digest())
    assert len(digests) == 1
    shutil.rmtree(folder)


def test_a_user_is_found_under_their_id(encrypted: World) -> None:
    """The id is not in the stream's name, and is still the way to a user's history."""
    with encrypted.opened() as (log, _):
        found = log.load(EntityRef(TENANT, Kind.USER, ADA_ID))
        assert found is not None
        assert (found.state()["uuid"], len(log.history(EntityRef(TENANT, Kind.USER, ADA_ID)))) == (ADA, 1)


def test_encryption_is_chosen_once(tmp_path: Path) -> None:
    """A plain home cannot be encrypted afterwards: that would promise what its old pages cannot keep."""
    plain = World(tmp_path / "plain")
    plain.take(*class_of_six())
    plain.encrypt = True
    with pytest.raises(UsageError, match="not encrypted"):
        plain.take()


@pytest.mark.parametrize(
    "change_made",
    [
        "UPDATE stored_events SET state = substr(state, 1, length(state) - 1) WHERE position = 8",
        "UPDATE stored_events SET state = (SELECT state FROM stored_events WHERE position = 9) WHERE position = 8",
        "UPDATE subject_keys SET key = zeroblob(32)",
        "DELETE FROM subject_keys",
        "UPDATE subject_keys SET key = NULL WHERE number = 2",
        "UPDATE stored_events SET state = substr(state, 1, 3) WHERE position = 8",
    ],
)
def test_whatever_was_changed_is_damage(encrypted: World, change_made: str) -> None:
    """Other bytes, a state of another event, other keys, no keys, a key gone without an erasure: verify says so."""
    assert encrypted.verify()["ok"]
    change(encrypted, change_made)
    found = encrypted.verify()
    assert not found["ok"]
    assert found["problems"]


def test_the_readable_part_is_part_of_the_chain(encrypted: World) -> None:
    """What stays readable when someone is erased cannot be changed unseen, though its digest is of the whole."""
    with encrypted.opened() as (log, _):
        state = next(record.state for record in log.records() if record.topic == "learning_outcome_updated")
        frame = log.codec.compress(b'{"metadata":{},"body":{}}')
    forged = unpack(state)._replace(readable=frame).packed()
    change(encrypted, f"UPDATE stored_events SET state = x'{forged.hex()}' WHERE state = x'{state.hex()}'")
    assert "not what was appended" in orjson.dumps(encrypted.verify()).decode()


@pytest.mark.parametrize(
    "statement", ["DELETE FROM subject_keys", "UPDATE subject_keys SET key = x'00' WHERE key = key"]
)
def test_keys_are_kept_or_destroyed(encrypted: World, statement: str) -> None:
    """The database itself refuses any change of a key but its destruction."""
    with closing(sqlite3.connect(encrypted.home.log_path)) as connection:
        with pytest.raises(sqlite3.IntegrityError, match=r"a key is kept or destroyed|without its entry in the ledger"):
            connection.execute(statement)
        connection.rollback()


@given(st.binary(max_size=200), st.binary(max_size=20))
def test_a_key_opens_its_own_and_nothing_else(plain: bytes, bound: bytes) -> None:
    """Another key, another binding, one changed bit: none of them opens; a zstandard frame is never taken for one."""
    key = new_key()
    part = encrypt(key, plain, bound)
    assert decrypt(key, part, bound) == plain
    for wrong in ((new_key(), part, bound), (key, part, bound + b"x"), (key, part[:-1] + bytes([part[-1] ^ 1]), bound)):
        with pytest.raises(LogDamaged, match="does not open"):
            decrypt(*wrong)
    assert joint_key([key, new_key()]) != joint_key([key, new_key()])
    assert not is_encrypted(b"\x28\xb5\x2f\xfd")
