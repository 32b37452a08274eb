"""Connections to a log on PostgreSQL: refused, cut at the worst moment, ruled by settings of others, closed."""

import socket
import threading
import time
from contextlib import closing, suppress
from pathlib import Path
from select import select

import psycopg
import pytest

import outcomes
from outcomes.domain.errors import ConnectionLost, HomeUnavailable
from outcomes.domain.identity import EntityRef, Kind
from outcomes.service.log_listener import LogListener
from outcomes.store.postgres.datastore import Datastore
from outcomes.store.postgres.errors import refusals
from outcomes.store.postgres.server import Server as Place
from tests.support.given import TENANT, outcome
from tests.support.postgres import Server
from tests.support.world import World

pytestmark = pytest.mark.long
SECONDS = 20.0
_AT = 'connection to server at "127.0.0.1", port {}'
SEVEN = EntityRef(TENANT, Kind.OUTCOME, "7")


@pytest.fixture
def database(postgres: Server) -> str:
    """The name of a new database."""
    return postgres.database()


@pytest.fixture
def home(postgres: Server, database: str, tmp_path: Path) -> World:
    """A home there with one event."""
    world = World(tmp_path / "views", url=postgres.url(database))
    world.take(outcome("7", "2025-01-01"))
    return world


class CutsTheAnswer:
    """Stands between a client and a server; the answer to some statement, the first after another, never arrives."""

    def __init__(self, folder: Path, server: Path, statement: bytes, *, after: bytes = b"") -> None:
        self.folder = folder
        self._statement = statement
        self._after = after
        self._server = str(server / ".s.PGSQL.5432")
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(folder / ".s.PGSQL.5432"))
        self._socket.listen()
        self.cuts = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = self._socket.accept()
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        has_come = is_cut = False
        with client, socket.socket(socket.AF_UNIX) as server:
            server.connect(self._server)
            while True:
                ready, _, _ = select([client, server], [], [], SECONDS)
                for one in ready:
                    said = one.recv(1 << 16)
                    if not said or (one is server and is_cut):
                        return
                    has_come = has_come or self._after in said
                    if one is client and has_come and self._statement in said and not self.cuts:
                        self.cuts, is_cut = 1, True
                    (server if one is client else client).sendall(said)


def test_a_commit_whose_answer_is_lost_counts_once(
    home: World, postgres: Server, database: str, tmp_path: Path
) -> None:
    """The server has committed, and nobody heard: what was appended is told as appended, what was refused as one."""
    (tmp_path / "s").mkdir()
    with closing(CutsTheAnswer(tmp_path / "s", postgres.folder, b"COMMIT", after=b"COPY")) as between:
        url = f"postgresql://postgres@/{database}?host={between.folder}"
        report = World(tmp_path / "other", url=url).take(outcome("8", "2025-01-01"), b'{"no": "event"}\n')
        assert between.cuts == 1
    assert (report.appended, report.duplicates, report.quarantined, report.head) == (1, 0, 1, 2)
    with outcomes.open(postgres.url(database), views=tmp_path / "views") as opened:
        assert [entry.times for entry in opened.quarantine.list()] == [1]
    assert home.verify()["problems"] == []


@pytest.mark.parametrize(
    ("were_current", "statement"),
    [(False, b"SELECT position, content_hash, state"), (True, b"FROM batches WHERE last_position >")],
)
def test_views_go_on_where_a_connection_was_lost(
    home: World, postgres: Server, database: str, tmp_path: Path, *, were_current: bool, statement: bytes
) -> None:
    """An ingest whose views follow others, or take what it has just appended, goes on: the log is read once more."""
    (tmp_path / "s").mkdir()
    if were_current:
        World(tmp_path / "other", url=postgres.url(database)).digest()
    with closing(CutsTheAnswer(tmp_path / "s", postgres.folder, statement, after=b"COPY")) as between:
        url = f"postgresql://postgres@/{database}?host={between.folder}"
        assert World(tmp_path / "other", url=url).take(outcome("8", "2025-01-01")).head == 2
        assert between.cuts == 1
    assert World(tmp_path / "other", url=postgres.url(database)).digest() == home.digest()


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ('FATAL:  role "ann" does not exist', ['role "ann" does not exist']),
        ("fe_sendauth: no password supplied", ["fe_sendauth: no password supplied"]),
        ("server does not support SSL, but SSL was required", ["server does not support SSL, but SSL was required"]),
        ("FATAL:  the database system is starting up", []),
        ("FATAL:  the database system is not yet accepting connections", []),
        ("FATAL:  sorry, too many clients already", []),
        ("No such file or directory\n\tIs the server running locally?", []),
        ("Connection refused\n\tIs the server running on that host?", []),
        ("session is read-only", []),
    ],
)
def test_only_who_is_refused_for_good_is_told_at_once(text: str, refused: list[str]) -> None:
    """As servers and libpq say it: a wrong name never becomes right, a server that starts is there in a moment."""
    said, may_yet = refusals(psycopg.OperationalError(f"connection failed: {_AT.format(5432)} failed: {text}"))
    assert [why.rpartition(" failed: ")[2] for why in said] == refused
    assert may_yet == (not refused)


def test_of_several_hosts_one_may_yet_let_us_in() -> None:
    """A standby that lacks a database does not end the waiting for a server that fails over; it is told in the end."""
    one, other = (f"connection failed: {_AT.format(port)} failed: " for port in (6001, 6002))
    tried = [f'{one}FATAL:  database "x" does not exist', f"{other}Connection refused\n\tIs the server running?"]
    listed = "".join(f"\n- host: 'h', port: '1', hostaddr: '127.0.0.1': {text}" for text in tried)
    text = f"{tried[-1]}\nMultiple connection attempts failed. All failures were:{listed}"
    assert refusals(psycopg.OperationalError(text)) == (['database "x" does not exist'], True)


def test_who_is_gone_is_missed_within_a_minute(home: World, postgres: Server, database: str) -> None:
    """Also where nobody says so, as when a pooler forgets what lies idle; what the URL says of it goes before."""
    with closing(Datastore(Place.at(postgres.url(database)))) as datastore, datastore.reading() as connection:
        told = connection.raw.info.get_parameters()
    assert (told["tcp_user_timeout"], told["keepalives_idle"]) == ("60000", "20")
    url = f"{postgres.url(database)}&tcp_user_timeout=5000"
    with closing(Datastore(Place.at(url))) as datastore, datastore.reading() as connection:
        assert connection.raw.info.get_parameters()["tcp_user_timeout"] == "5000"
    assert home.verify()["problems"] == []


def test_settings_of_the_database_do_not_rule_the_log(
    home: World, postgres: Server, database: str, tmp_path: Path
) -> None:
    """Neither another isolation level nor a limit for statements: two that write at once both append all they have."""
    postgres.run(f"ALTER DATABASE {database} SET default_transaction_isolation = 'repeatable read'")
    postgres.run(f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    postgres.run(f"ALTER DATABASE {database} SET statement_timeout = '100ms'")
    writers = [World(tmp_path / str(n), url=postgres.url(database)) for n in range(2)]
    failed: list[BaseException] = []

    def write(writer: World, first: int) -> None:
        try:
            for batch in range(10):
                writer.take(*(outcome(str(first + 100 * batch + n), "2025-01-02") for n in range(50)))
        except BaseException as error:  # noqa: BLE001 - told by the test
            failed.append(error)

    threads = [threading.Thread(target=write, args=(one, 1_000 * (n + 1))) for n, one in enumerate(writers)]
    with psycopg.connect(postgres.url(database)) as other:
        other.execute("BEGIN READ WRITE; SELECT pg_advisory_xact_lock(8101117116991111)")
        for thread in threads:
            thread.start()
        time.sleep(0.5)  # longer than a statement may take for others
    for thread in threads:
        thread.join(SECONDS)
    assert failed == []
    found = home.verify()
    assert (found["problems"], found["events"]) == ([], 1 + 2 * 10 * 50)


def test_who_is_not_let_in_is_told_why(home: World, postgres: Server, database: str, tmp_path: Path) -> None:
    """A role or a database that is not there is no server that is down, and nobody waits for it."""
    begun = time.monotonic()
    for url, why in (
        (postgres.url(database, "nobody"), 'role "nobody" does not exist'),
        (postgres.url("nowhere"), 'database "nowhere" does not exist'),
    ):
        with pytest.raises(HomeUnavailable, match=f"refuses the connection \\({why}\\): look at the user"):
            outcomes.open(url, views=tmp_path / "none")
    assert time.monotonic() - begun < 5
    assert home.verify()["problems"] == []


def test_a_closed_home_leaves_no_connection(home: World, postgres: Server, database: str, tmp_path: Path) -> None:
    """However often a log is opened, asked and closed, the server has as few connections as before."""
    for _ in range(3):
        with outcomes.open(postgres.url(database), views=tmp_path / "views") as opened:
            assert opened.status().head == 1
            assert opened.at().digest().entities == 1
            assert opened.verify().ok
    give_up_at = time.monotonic() + SECONDS
    # A server needs a moment to end those that were closed.
    while postgres.run(f"SELECT 1 FROM pg_stat_activity WHERE datname = '{database}'"):
        assert time.monotonic() < give_up_at
        time.sleep(0.02)
    assert home.verify()["problems"] == []


def _let_nobody_in(postgres: Server, database: str) -> None:
    postgres.run(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
    postgres.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'")


def test_an_entity_that_cannot_be_read_now_is_an_error_in_words(home: World, postgres: Server, database: str) -> None:
    """Whether our own statement meets it or the library's: an error of ours."""
    with home.opened() as (log, _):
        number = log.tenants()
        log.tenants = lambda: number  # type: ignore[method-assign] # so that the library's is the first to ask
        assert log.load(SEVEN) is not None
        _let_nobody_in(postgres, database)
        try:
            with pytest.raises((ConnectionLost, HomeUnavailable), match="postgresql://postgres@"):
                log.load(SEVEN)
        finally:
            postgres.run(f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")
        assert log.load(SEVEN) is not None


def test_who_listens_hears_again_after_the_server_was_away(home: World, postgres: Server, database: str) -> None:
    """While nobody is let in it tries again, and hears of the first batch after that."""
    heard = threading.Event()
    listener = LogListener(postgres.url(database), heard.set)
    try:
        _let_nobody_in(postgres, database)
        time.sleep(1.5)  # longer than it lets a server be
        postgres.run(f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")
        give_up_at = time.monotonic() + SECONDS
        number = 8
        while not heard.wait(0.2):
            assert time.monotonic() < give_up_at
            home.take(outcome(str(number), "2025-01-01"))
            number += 1
    finally:
        listener.close(SECONDS)


def test_views_of_two_databases_are_kept_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who connects by other words to the same database has the same views; what libpq takes for another has not."""
    monkeypatch.setenv("PGHOST", "h")
    monkeypatch.delenv("PGPORT", raising=False)
    same = {Place.at(url).key for url in ("postgresql://a@/x", "postgresql://b@h/x", "postgresql://h:5432/x")}
    assert len(same) == 1
    others = {Place.at(url).key for url in ("postgresql://a@h/", "postgresql://b@h/", "postgresql://h:5433/x")}
    assert len(others | same) == 4
