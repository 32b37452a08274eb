"""The key of an encrypted home lies outside its log: a copy of log.db alone tells nothing, and forgets with the key."""

import json
import os
import shutil
import sqlite3
import sys
from contextlib import closing
from hashlib import blake2b
from pathlib import Path

import pytest

from outcomes import open as open_home
from tests.support.command import Asked, Outcomes
from tests.support.given import TENANT, lines
from tests.support.people import ADA, ADA_ID, ADAS_TRACES, BO, class_of_six

ERASE = ("erase", "--student", ADA, "--reason", "request of 12 May", "--format", "json")


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encrypted home with the class in it; to be copied."""
    made = Asked(tmp_path_factory.mktemp("origin") / "home")
    assert made("init", "--encrypt").code == 0
    assert made("ingest", stdin=lines(*class_of_six())).code == 0
    return made.home


@pytest.fixture
def outcomes(origin: Path, tmp_path: Path) -> Outcomes:
    """A copy of that home."""
    return Asked(shutil.copytree(origin, tmp_path / "home"))


def test_the_key_is_a_file_for_its_owner(outcomes: Outcomes) -> None:
    """Beside the log, 0600; nothing that is in it is in log.db."""
    key = outcomes.home / "home.key"
    assert key.stat().st_mode & 0o777 == 0o600
    log = b"".join(path.read_bytes() for path in outcomes.home.glob("log.db*"))
    secrets = [word for word in key.read_text().split('"') if len(word) == 64]
    assert len(secrets) == 2
    assert [word for word in secrets if word.encode() in log or bytes.fromhex(word) in log] == []


def test_a_stolen_log_ties_nobody_to_anything(outcomes: Outcomes) -> None:
    """Every word of log.db is tried as the secret of the hashes by which people are filed: Ada is found under none.

    With the secret of home.key she is: the test can fail.
    """
    with closing(sqlite3.connect(outcomes.home / "log.db")) as log:
        hashes = {row[0] for row in log.execute("SELECT person FROM subject_keys")}
        words = [row[0] for row in log.execute("SELECT value FROM properties")]
        stored = [row[0] for row in log.execute("SELECT key FROM subject_keys")]
    secret = (outcomes.home / "home.key").read_text().split('"secret": "')[1][:64]

    def finds(key: bytes) -> bool:
        guess = f"{TENANT}\0id\0{ADA_ID}".encode()
        return blake2b(guess, key=key[:64], digest_size=16).digest() in hashes

    assert finds(bytes.fromhex(secret))
    tried = [word.encode() for word in words] + [bytes.fromhex(word) for word in words if len(word) in {32, 64}]
    assert not any(map(finds, tried + stored))


def test_without_its_key_nothing_is_answered(outcomes: Outcomes) -> None:
    """One line that says where the key was looked for and what to do; with the key elsewhere, named, all is well."""
    elsewhere = outcomes.home.with_name("elsewhere.key")
    (outcomes.home / "home.key").rename(elsewhere)
    ran = outcomes("mastery")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "its key cannot be read at" in ran.err
    assert "--key-file" in ran.err
    assert BO in outcomes("--key-file", str(elsewhere), "mastery", "--format", "json").out.decode()
    assert BO in outcomes("mastery", "--format", "json", OUTCOMES_KEY_FILE=str(elsewhere)).out.decode()
    command = f"{sys.executable} -c 'import sys; print(open(sys.argv[1]).read())' {elsewhere}"
    assert outcomes("--key-command", command, "verify").code == 0
    ran = outcomes("--key-command", "false", "mastery")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "ended with 1" in ran.err


def test_another_homes_key_is_told_apart(outcomes: Outcomes, tmp_path: Path) -> None:
    """And so is a file that holds none."""
    other = Asked(tmp_path / "other")
    other("init", "--encrypt")
    ran = outcomes("--key-file", str(other.home / "home.key"), "status")
    assert (ran.code, "the key of another home" in ran.err) == (2, True)
    (tmp_path / "none.key").write_text("no key")
    ran = outcomes("--key-file", str(tmp_path / "none.key"), "status")
    assert (ran.code, "holds no key of a home" in ran.err) == (2, True)


def test_a_new_home_takes_no_key_that_is_there(tmp_path: Path) -> None:
    """It may be the only key of another home: it is not overwritten."""
    (tmp_path / "precious.key").write_text("precious")
    ran = Asked(tmp_path / "home")("--key-file", str(tmp_path / "precious.key"), "init", "--encrypt")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert (tmp_path / "precious.key").read_text() == "precious"


def test_a_secret_that_is_no_number_is_named(outcomes: Outcomes) -> None:
    """A damaged key is no defect of the program."""
    key = outcomes.home / "home.key"
    value = json.loads(key.read_text())
    key.write_text(json.dumps({**value, "secret": "not hex at all"}))
    ran = outcomes("status")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "home.key holds no key of a home" in ran.err


def test_a_backup_leaves_the_key_out_unless_asked(outcomes: Outcomes, tmp_path: Path) -> None:
    """With --with-key it lies beside the copy, for its owner only."""
    outcomes.json("backup", str(tmp_path / "bare.db"))
    assert not list(tmp_path.glob("bare.db?*"))
    told = outcomes.json("backup", "--with-key", str(tmp_path / "full.db"))
    key = tmp_path / "full.db.key"
    assert told["key"] == str(key)
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.read_bytes() == (outcomes.home / "home.key").read_bytes()


def test_old_backups_forget_with_the_home(outcomes: Outcomes, tmp_path: Path) -> None:
    """A copy from before an erasure, restored with the key of after it: Ada cannot be read, Bo can.

    With the key of before she can: the test can fail. verify says what it is, and erase once more puts it right.
    """
    outcomes.json("backup", "--with-key", str(tmp_path / "before.db"))
    assert outcomes.json(*ERASE)["copies_forget"] is True
    restored = Asked(tmp_path / "restored")
    restored.home.mkdir()
    shutil.copy(tmp_path / "before.db", restored.home / "log.db")
    old_key = ("--key-file", str(tmp_path / "before.db.key"))
    assert ADA.encode() in restored(*old_key, "mastery", "--format", "json").out
    for views in restored.home.glob("views.db*"):
        views.unlink()
    shutil.copy(outcomes.home / "home.key", restored.home / "home.key")
    everything = b"".join(
        restored(*asked).out for asked in (("mastery", "--format", "json"), ("log",), ("timeline", "--format", "json"))
    )
    assert [trace for trace in ADAS_TRACES if trace.encode() in everything] == []
    assert BO.encode() in everything
    verdict = restored("verify", "--all")
    assert (verdict.code, "run outcomes erase again" in verdict.out.decode()) == (1, True)
    assert restored(*ERASE).code == 0
    assert restored("verify", "--all").code == 0


def test_a_key_that_is_only_read_cannot_give_keys_up(outcomes: Outcomes, tmp_path: Path) -> None:
    """Erase says so, and verify until it is done: the keys are destroyed in the log all the same."""
    key = tmp_path / "stored.key"
    shutil.move(outcomes.home / "home.key", key)
    command = ("--key-command", f"cat {key}")
    told = outcomes.json(*command, *ERASE)
    assert told["copies_forget"] is False
    assert ADA.encode() not in outcomes(*command, "mastery", "--format", "json").out
    assert outcomes(*command, "verify").code == 1
    assert outcomes("--key-file", str(key), *ERASE).code == 0
    assert outcomes(*command, "verify").code == 0


def test_a_program_that_read_the_key_before_an_erasure_proves_the_one_that_lies_there(outcomes: Outcomes) -> None:
    """A service reads it when it starts, and erasures are a command's: nothing is wrong then, and what is, it finds."""
    with open_home(outcomes.home) as started_before:
        before = (outcomes.home / "home.key").read_bytes()
        outcomes(*ERASE)
        assert started_before.verify()
        (outcomes.home / "home.key").write_bytes(before)
        (problem,) = started_before.verify().problems
    assert "in older copies" in problem.problem


def test_killed_before_the_key_forgets_it_is_said(outcomes: Outcomes) -> None:
    """The key file of before put back, as if it had never been written: verify says so; erase finishes."""
    before = (outcomes.home / "home.key").read_bytes()
    outcomes(*ERASE)
    (outcomes.home / "home.key").write_bytes(before)
    ran = outcomes("verify")
    assert (ran.code, "in older copies" in ran.out.decode()) == (1, True)
    assert outcomes(*ERASE).code == 0
    assert outcomes("verify").code == 0
    assert (outcomes.home / "home.key").read_bytes() != before


def test_a_folder_without_room_for_the_key_makes_no_home(tmp_path: Path) -> None:
    """One line, and no log that nobody could ever read."""
    if os.geteuid() == 0:
        missing = tmp_path / "no such folder" / "home.key"
    else:
        (tmp_path / "closed").mkdir(mode=0o500)
        missing = tmp_path / "closed" / "home.key"
    ran = Asked(tmp_path / "home")("--key-file", str(missing), "init", "--encrypt")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "cannot write the key" in ran.err
