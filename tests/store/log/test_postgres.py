"""What is PostgreSQL's own of a log there: rights, several writers, servers that go away, copies, words."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from outcomes.domain.errors import ConnectionLost, HomeUnavailable, UsageError
from outcomes.store.home_folder import HomeFolder
from outcomes.store.log.event_log import EventLog
from outcomes.store.log.hash_chain import batches_after
from outcomes.store.operations.checkpoint import checkpoint
from tests.support.command import Outcomes
from tests.support.given import OTHER_TENANT, lines, outcome
from tests.support.mounts import small_disk
from tests.support.postgres import Server
from tests.support.runner import runner_on
from tests.support.world import World

pytestmark = pytest.mark.long
ROOT = Path(__file__).parents[3]
DEADLINE = 60.0


@pytest.fixture
def url(postgres: Server) -> str:
    """A new database."""
    return postgres.url(postgres.database())


@pytest.fixture
def home(url: str, tmp_path: Path) -> World:
    """An empty home there."""
    return World(tmp_path / "views", url=url)


@contextmanager
def node(url: str, folder: Path) -> Iterator[EventLog]:
    """Open the log as another machine does: with a folder of its own."""
    with closing(HomeFolder(folder, url=url).open_log(create=True)) as log:
        yield log


def program(text: str, *arguments: str) -> "subprocess.Popen[bytes]":
    """Start another process of Python."""
    path = f"{ROOT / '.src'}:{ROOT}"
    return subprocess.Popen(
        [sys.executable, "-c", text, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
    )


WRITES = """
import sys
from pathlib import Path
from tests.support.given import outcome
from tests.support.world import World
url, folder, name, batches = sys.argv[1:]
world = World(Path(folder), url=url)
for batch in range(int(batches)):
    world.take(*(outcome(f"{name}{batch:04d}{n:02d}", "2025-01-01") for n in range(20)))
"""
HOLDS = """
import sys, time
from pathlib import Path
from tests.support.world import World
with World(Path(sys.argv[2]), url=sys.argv[1]).opened() as (log, _), log.writing() as connection:
    connection.execute("INSERT INTO stored_events VALUES (2, 'x', 1, 'x', 'x', 'x')")
    print("holds the lock", flush=True)
    time.sleep(60)
"""
ENDS_THE_FIRST_THAT_WAITS = """
import sys, time
import psycopg
with psycopg.connect(sys.argv[1], autocommit=True) as database:
    database.execute("SELECT pg_advisory_lock(8101117116991111)")
    print("holds the lock", flush=True)
    waiting = "FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'"
    while not database.execute("SELECT count(pg_terminate_backend(pid)) " + waiting).fetchone()[0]:
        time.sleep(0.01)
"""


def test_one_of_five_writers_is_killed(home: World, url: str, tmp_path: Path) -> None:
    """Five processes append; one is killed in the middle of it. Who follows sees no gap, and every batch proves."""
    with home.opened():
        pass
    writers = [program(WRITES, url, str(tmp_path / str(n)), str(n), "400" if n == 0 else "8") for n in range(5)]
    seen: list[int] = []
    wrote: set[str] = set()
    killed, others = writers[0], writers[1:]
    give_up_at = time.monotonic() + DEADLINE
    try:
        with node(url, tmp_path / "reader") as log:
            while any(one.poll() is None for one in writers) or log.head > (seen[-1] if seen else 0):
                assert time.monotonic() < give_up_at
                new = list(log.records(seen[-1] if seen else 0))
                seen += [record.position for record in new]
                wrote |= {str(record.originator_id)[-7] for record in new}
                if "0" in wrote and len(seen) > 150 and killed.poll() is None:
                    killed.send_signal(signal.SIGKILL)
                    killed.wait(DEADLINE)
                time.sleep(0.01)
    finally:
        for one in writers:
            one.kill()
            one.wait(DEADLINE)
            assert one.stdout is not None
            one.stdout.close()
    assert killed.returncode == -signal.SIGKILL
    assert [other.returncode for other in others] == [0] * 4
    assert seen == [*range(1, len(seen) + 1)]
    assert wrote == {"0", "1", "2", "3", "4"}
    assert len(seen) > 4 * 8 * 20
    assert home.verify()["problems"] == []


def test_a_writer_that_is_killed_holding_the_lock_leaves_nothing(home: World, url: str, tmp_path: Path) -> None:
    """Killed between its rows and its commit, a writer has appended nothing, and the next does not wait for it."""
    home.take(outcome("7", "2025-01-01"))
    with program(HOLDS, url, str(tmp_path / "other")) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"holds the lock\n"
        other.kill()
        other.wait(DEADLINE)
    assert home.take(outcome("8", "2025-01-01")).head == 2
    assert home.verify()["problems"] == []


def test_a_server_that_went_away_and_came_back(home: World, postgres: Server) -> None:
    """Between two batches, and under a reader, the server ends at once and starts again: nothing lost or doubled."""
    with home.opened() as (log, views):
        home.take(outcome("7", "2025-01-01"))
        assert views.catch_up()
        postgres.stop()
        postgres.start()
        assert log.head == 1
        home.take(outcome("7", "2025-01-01"), outcome("8", "2025-01-01"))
        assert log.head == 2
        assert views.catch_up()
    assert home.verify()["problems"] == []


def test_a_connection_that_is_lost_over_a_batch(home: World, url: str) -> None:
    """In the middle of a transaction the connection goes: it is told in words, and the batch is not half there."""
    home.take(outcome("7", "2025-01-01"))
    with home.opened() as (log, _):
        words = "no connection to postgresql://postgres@.*: is the server up"
        with pytest.raises(ConnectionLost, match=words), log.writing() as connection:  # noqa: PT012 - it is lost inside
            connection.execute("INSERT INTO stored_events VALUES (2, 'x', 1, 'x', 'x', 'x')")
            with psycopg.connect(url, autocommit=True) as other:
                mine = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                other.execute(f"{mine} AND pid <> pg_backend_pid()".encode())
            connection.execute("SELECT 1")
        assert log.head == 1
    assert home.verify()["problems"] == []


def test_a_batch_whose_connection_is_lost_is_tried_again(home: World, url: str) -> None:
    """Ingest appends what it was about to append on a new connection, once, without a word."""
    home.take(outcome("6", "2025-01-01"))
    with program(ENDS_THE_FIRST_THAT_WAITS, url) as ends:
        assert ends.stdout is not None
        assert ends.stdout.readline() == b"holds the lock\n"
        assert home.take(outcome("7", "2025-01-01")).appended == 1
        assert ends.wait(DEADLINE) == 0
    assert home.verify()["problems"] == []


def test_where_there_is_no_server_one_line_says_so(tmp_path: Path) -> None:
    """Exit 2 and one line: what, where, what to do; never the password."""
    for url, words in (
        (f"postgresql://ann:s3cret@/log?host={tmp_path}&connect_timeout=1", "no connection to postgresql://ann@"),
        ("postgresql://ann:s3cret@h/log?nonsense=1", "the URL of the log cannot be read"),
        ("postgresql://ann:s3cret@x@h/log", "more than one @"),
    ):
        asked = Outcomes(tmp_path / "views", url)
        for command in (["status"], ["ingest", os.devnull]):
            ran = asked(*command)
            assert (ran.code, ran.err.count("\n")) == (2, 1), ran
            assert words in ran.err
            assert "s3cret" not in ran.err


def test_who_would_erase_is_told_what_to_do_with_this_log(url: str, tmp_path: Path) -> None:
    """By the address of the log, not the folder of this machine's views: to delete that would erase nothing."""
    told = Outcomes(tmp_path / "views", url)
    assert told("ingest", "-", stdin=lines(outcome("7", "2025-01-01"))).code == 0
    ran = told("erase", "--student", "studentAda", "--reason", "request")
    assert (ran.code, len(ran.err.splitlines())) == (2, 1)
    assert "postgresql://" in ran.err
    assert "drop its schema" in ran.err
    assert str(tmp_path) not in ran.err


def test_an_encrypted_home_is_refused(url: str, tmp_path: Path) -> None:
    """A key that is destroyed would live on in the server's own files: it is said, and nothing is made."""
    with pytest.raises(UsageError, match="write-ahead log"):
        World(tmp_path, url=url, encrypt=True).take(outcome("7", "2025-01-01"))
    with psycopg.connect(url) as database:
        assert database.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'outcomes'").fetchone() == (0,)


def test_roles_may_do_what_is_theirs_alone(home: World, postgres: Server, tmp_path: Path) -> None:
    """A writer appends and changes nothing; a reader reads and proves; an analyst sees the tenants that are theirs."""
    home.take(outcome("7", "2025-01-01"), outcome("8", "2025-01-01", meta={"tenant": OTHER_TENANT}))
    name = str(home.home.url).split("/", 3)[3].split("?")[0]
    for user, roles in (("pen", "outcomes_writer"), ("eye", "outcomes_reader"), ("ann", "outcomes_analyst")):
        postgres.run(f"DROP ROLE IF EXISTS {user}")
        postgres.run(f"CREATE ROLE {user} LOGIN IN ROLE {roles}")
    postgres.run("DROP ROLE IF EXISTS outcomes_tenant_000002")
    postgres.run("CREATE ROLE outcomes_tenant_000002 ROLE ann")
    pen, eye = (World(tmp_path / user, url=postgres.url(name, user)) for user in ("pen", "eye"))
    assert pen.take(outcome("9", "2025-01-01"), b'{"no": "event"}\n', b'{"no": "event"}\n').head == 3
    assert pen.verify()["problems"] == []
    assert eye.verify()["problems"] == []
    with pytest.raises(HomeUnavailable, match=r"permission denied.*outcomes_writer appends"):
        eye.take(outcome("10", "2025-01-01"))
    with psycopg.connect(postgres.url(name, "pen"), autocommit=True) as database:
        for statement in ("UPDATE outcomes.stored_events SET topic = 'x'", "TRUNCATE outcomes.batches",
                          "DROP TRIGGER ledger_refuse ON outcomes.ledger"):  # fmt: skip
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                database.execute(statement.encode())
    with psycopg.connect(postgres.url(name, "ann")) as database:
        seen = database.execute("SELECT position FROM outcomes.stored_events").fetchall()
        tenants = database.execute("SELECT number, uuid FROM outcomes.tenants").fetchall()
        assert database.execute("SELECT max(last_position) FROM outcomes.batches").fetchone() == (3,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            database.execute("SELECT source FROM outcomes.batches")
    assert (seen, tenants) == ([(2,)], [(2, OTHER_TENANT)])


def test_a_rule_that_swallows_events_is_found(home: World, url: str) -> None:
    """Who owns the tables may make one, so that what is appended is not there: `verify` tells, `--rearm` drops it."""
    home.take(outcome("7", "2025-01-01"))
    with psycopg.connect(url, autocommit=True) as database:
        database.execute("CREATE RULE nothing AS ON INSERT TO outcomes.stored_events DO INSTEAD NOTHING")
    assert "the rule nothing of stored_events" in str(home.verify()["problems"])
    with home.opened() as (log, _), log.writing() as connection:
        log.store.arm(connection)
    assert home.verify()["problems"] == []
    assert home.take(outcome("8", "2025-01-01")).head == 2


def test_a_dump_is_a_copy_that_a_checkpoint_proves(home: World, postgres: Server, tmp_path: Path) -> None:
    """pg_dump and pg_restore, into another database: the same log, with its guards, and it goes on from there."""
    home.take(*(outcome(str(n), "2025-01-01") for n in range(30)), b'{"no": "event"}\n')
    with home.opened() as (log, _):
        before = checkpoint(log)
    name = str(home.home.url).split("/", 3)[3].split("?")[0]
    copy = postgres.database()
    file = str(postgres.folder / "copy.dump")
    postgres.program("pg_dump", "-h", str(postgres.folder), "-U", "postgres", "-Fc", "-n", "outcomes", "-f", file, name)
    postgres.program("pg_restore", "-h", str(postgres.folder), "-U", "postgres", "-d", copy, file)
    restored = World(tmp_path / "restored", url=postgres.url(copy))
    assert restored.verify(against=before)["problems"] == []
    assert restored.digest() == home.digest()
    assert restored.take(outcome("31", "2025-01-01")).head == 31
    with pytest.raises(psycopg.errors.RaiseException), psycopg.connect(postgres.url(copy)) as database:
        database.execute("DELETE FROM outcomes.stored_events")


def test_a_full_disk_is_said_and_leaves_a_whole_log(postgres: Server, tmp_path: Path) -> None:
    """Where the server has no room for a batch, nothing of it is kept; with room, the same command goes on."""
    disk = postgres.folder / "disk"
    with small_disk(disk, 24 << 10), ExitStack() as afterwards:
        afterwards.callback(postgres.run, "DROP TABLESPACE IF EXISTS small")
        afterwards.callback(postgres.run, "DROP DATABASE IF EXISTS onsmall WITH (FORCE)")
        os.chown(disk, postgres.folder.stat().st_uid, -1)
        postgres.run(f"CREATE TABLESPACE small LOCATION '{disk}'")
        postgres.run("CREATE DATABASE onsmall TABLESPACE small")
        home = World(tmp_path / "views", url=postgres.url("onsmall"))
        home.take(outcome("1", "2025-01-01"))
        (disk / "filler").write_bytes(bytes(1 << 20))
        filler = disk / "filler"
        with filler.open("ab") as file, pytest.raises(OSError, match="No space"):  # noqa: PT012 - fills it up
            while True:
                file.write(bytes(1 << 16))
                file.flush()
        many = [outcome(str(n), "2025-01-01", description=os.urandom(300).hex()) for n in range(2, 3_000)]
        with pytest.raises(HomeUnavailable, match=r"No space left on device.*make room"):
            home.take(*many)
        filler.unlink()
        assert home.verify()["events"] == 1
        assert home.take(*many).appended == len(many)
        assert home.verify()["problems"] == []


def test_two_machines_with_views_of_their_own(home: World, url: str, tmp_path: Path) -> None:
    """What one machine appends another reads, from views that it keeps itself."""
    home.take(outcome("7", "2025-01-01"))
    other = World(tmp_path / "other", url=url)
    assert other.digest() == home.digest()
    other.take(outcome("8", "2025-01-01"))
    assert home.digest() == other.digest()
    with home.opened() as (log, _), log.reading() as connection:
        assert len(batches_after(connection, 0)) == 2
    assert lines(outcome("8", "2025-01-01")).strip() == home.raw_log()[1]


def test_the_librarys_runner_follows_a_log_there(home: World, url: str, tmp_path: Path) -> None:
    """By its URL as by a folder: what is there, and what another process appends while it follows."""
    home.take(outcome("1", "2025-01-10"), outcome("2", "2025-01-11"))
    with runner_on(url, tmp_path / "counted.db") as runner:
        runner.wait(2, timeout=DEADLINE)
        home.take(outcome("3", "2025-01-12"))
        runner.wait(3, timeout=DEADLINE)
        assert runner.view.counts() == {"learning_outcome_created": 3}
