"""What bounds one sender, and of whom it believes who they are."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

import outcomes
from outcomes.api.access import Access
from outcomes.service.server import own_names
from tests.support.command import ROOT, Outcomes
from tests.support.given import lines, outcome
from tests.support.service import Service, running, start


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A fresh, empty home."""
    outcomes.init(tmp_path / "home").close()
    return tmp_path / "home"


def test_who_fails_ten_times_a_minute_is_told_to_stop(home: Path) -> None:
    """401 ten times, then 429 with Retry-After; whoever has a key that holds is let in, from the same address, too."""
    with running(home) as service:
        ways = [
            lambda: service.get("/digest", "outcomes_wrong"),
            lambda: service.post("//events/in/outcomes_wrong", b"{}"),
            lambda: httpx.post(f"{service.url}/api/v1/events/in/outcomes_wrong", content=b"{}"),
            lambda: httpx.get(f"{service.url}/enter/wrong"),
        ]
        assert [ways[number % 4]().status_code for number in range(10)] == [401] * 10
        for way in ways:
            refused = way()
            assert (refused.status_code, "retry-after" in refused.headers) == (429, True)
            assert refused.headers["content-type"] == "application/problem+json"
            assert "content-security-policy" in refused.headers
        # Without any key it is no attempt: a browser whose session is over is sent to log in, as often as it asks.
        assert httpx.get(f"{service.url}/api/v1/digest").status_code == 401
        assert service.get("/digest").status_code == 200


def test_a_hundred_headers_are_enough(home: Path) -> None:
    """More are no request of anybody."""
    with running(home) as service:
        many = {f"X-{number}": "1" for number in range(100)}
        assert service.get("/digest", **many).status_code == 431
        assert service.get("/digest", **dict(list(many.items())[:80])).status_code == 200


def _begun(service: Service, size: int, sent: int) -> socket.socket:
    """Begin a delivery of a size, of which so much comes."""
    found = socket.create_connection((httpx.URL(service.url).host, httpx.URL(service.url).port or 0), timeout=20)
    head = f"POST /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {service.token}\r\n"
    found.sendall(f"{head}Content-Length: {size}\r\n\r\n".encode() + b" " * sent)
    return found


def _resident_mib(service: Service) -> int:
    """Return how much memory a service has, where the system tells; else 0."""
    status = Path(f"/proc/{service.process.pid}/status")
    told = re.search(r"VmRSS:\s+(\d+)", status.read_text()) if status.exists() else None
    return 0 if told is None else int(told[1]) >> 10


def test_bodies_that_come_at_once_are_bounded_together(home: Path) -> None:
    """64 MiB that have not come whole: the next is told to come again, and comes in once they have gone.

    What is refused leaves nothing in memory.
    """
    size = 12 << 20
    event = lines(outcome("1", "2026-02-01"))
    with running(home) as service:
        with ExitStack() as unfinished:
            before = _resident_mib(service)
            begun = [unfinished.enter_context(_begun(service, size, size - 1)) for _ in range(14)]
            assert {one.recv(12) for one in begun[5:]} == {b"HTTP/1.1 503"}
            assert _resident_mib(service) - before < 130
            padded = event + b"\n" * (5 << 20)
            refused = service.post("/events", padded)
            assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
        for _ in range(50):  # that they have gone, it sees a moment later
            if service.post("/events", event).status_code == 200:
                return
    raise AssertionError(refused.text)


def test_it_ends_while_bodies_are_half_sent(home: Path) -> None:
    """Within ten seconds, as promised: they are not waited for."""
    with running(home) as service, _begun(service, 1_000, 10), _begun(service, 1_000, 0):
        begun = time.monotonic()
        assert service.stop() == 0
        assert time.monotonic() - begun < 8


@pytest.mark.long
def test_who_is_slow_to_say_what_they_want_is_left(home: Path) -> None:
    """Within a quarter of a minute: no head, half a head, half a body."""
    with running(home) as service, ExitStack() as slow:
        half_head = _begun(service, 10, 10)
        assert half_head.recv(12)
        half_head.sendall(b"GET / HT")
        silent = socket.create_connection(half_head.getpeername(), timeout=20)
        for one in (silent, half_head, _begun(service, 1_000, 10)):
            slow.enter_context(one)
            one.settimeout(20)
            while one.recv(4_096):
                pass
        assert service.get("/digest").status_code == 200


def test_it_is_asked_by_the_names_it_was_told(home: Path) -> None:
    """However they are written: names have no case, and an address of IPv6 stands in brackets."""
    assert own_names("FD00::0:2") == {"[FD00::0:2]", "[fd00::2]"}
    with running(home, "--allow-host", "Outcomes.School.example") as service:
        assert service.get("/digest", Host="outcomes.school.example").status_code == 200
        assert service.get("/digest", Host="other.example").status_code == 421


def test_errors_of_the_api_are_documents_below_a_root(home: Path) -> None:
    """Also where a browser asks, which would rather have a page."""
    with running(home, "--root-path", "/o") as service:
        found = service.get("/nowhere", Accept="text/html")  # as a proxy passes it on, without the root
        assert (found.status_code, found.headers["content-type"]) == (404, "application/problem+json")


SECRET = "c0ffee" * 8


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """The file of what only a proxy knows."""
    path = tmp_path / "proxy.secret"
    path.write_text(f"{SECRET}\n")
    path.chmod(0o600)
    return path


def test_a_person_is_whom_the_proxy_let_in(home: Path, secret: Path) -> None:
    """By its header and its secret: of anybody else they are struck, and so is what they say of an address."""
    with Access(home) as access:
        access.create_token("tree", person="ada@school.example")
    proxy = {"Outcomes-Proxy-Secret": SECRET}
    ada = {"Remote-User": "ada@school.example", **proxy}
    options = ("--person-header", "Remote-User", "--person-secret", str(secret))
    with running(home, "--behind-proxy", "127.0.0.1", *options) as service:
        assert httpx.get(f"{service.url}/api/v1/digest", headers=ada).status_code == 200
        assert httpx.get(f"{service.url}/api/v1/status", headers=ada).status_code == 403
        assert httpx.get(f"{service.url}/api/v1/digest", headers=ada, auth=("ada", "for the proxy")).status_code == 200
        assert httpx.get(f"{service.url}/api/v1/digest", headers=proxy, auth=("ada", "forged")).status_code == 401
        assert httpx.get(f"{service.url}/api/v1/digest", headers={**proxy, "Remote-User": "bob"}).status_code == 401
        assert httpx.get(f"{service.url}/api/v1/digest", headers=[*ada.items()] * 2).status_code == 401
        for wrong in ({}, {"Outcomes-Proxy-Secret": SECRET[1:]}, {"Outcomes-Proxy-Secret": ""}):
            local = {"Remote-User": "ada@school.example", **wrong}
            assert httpx.get(f"{service.url}/api/v1/digest", headers=local).status_code == 401
        assert httpx.get(f"{service.url}/api/v1/digest").status_code == 401
        foreign = {**ada, "Sec-Fetch-Site": "cross-site"}
        assert httpx.get(f"{service.url}/api/v1/digest", headers=foreign).status_code == 401
    with running(home, "--behind-proxy", "192.0.2.1", *options) as service:
        assert httpx.get(f"{service.url}/api/v1/digest", headers=ada).status_code == 401


def test_a_header_of_persons_needs_a_proxy(home: Path) -> None:
    """Else anybody could say who they are."""
    ran = Outcomes(home)("serve", "--person-header", "Remote-User", "--port", "0")
    assert ran.code == 2
    assert "--behind-proxy" in ran.err


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        (None, 0, "--person-secret"),
        (SECRET, 0o644, "may be read by every account"),
        ("short", 0o600, "no secret of at least 32 letters"),
    ],
)
def test_a_header_of_persons_needs_a_secret_that_nobody_else_knows(
    home: Path, secret: Path, content: str | None, mode: int, words: str
) -> None:
    """Any account of the proxy's machine asks from its address: without a secret it could say who it is."""
    given: tuple[str, ...] = ()
    if content is not None:
        secret.write_text(content)
        secret.chmod(mode)
        given = ("--person-secret", str(secret))
    ran = Outcomes(home)(
        "serve", "--behind-proxy", "127.0.0.1", "--person-header", "Remote-User", *given, "--port", "0"
    )
    assert (ran.code, words in ran.err) == (2, True), ran.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--behind-proxy", "localhost"), "--behind-proxy localhost is no address"),
        (("--root-path", "outcomes"), "--root-path outcomes begins with no /"),
        (("--allow-host", "https://a.example"), "--allow-host https://a.example is no name of a host"),
        (("--tls-cert", "/nowhere.pem"), "cannot read /nowhere.pem: No such file"),
        (("--tls-key", "/nowhere.key"), "name that, too, with --tls-cert"),
        (("--tls-cert", __file__), "is no certificate with its key"),
        (("--unit", "--check"), "ask for one of them"),
    ],
)
def test_an_option_that_could_not_work_is_refused_before_anybody_asks(
    home: Path, options: tuple[str, ...], words: str
) -> None:
    """In one line that says which, and what to write: a service that nobody can reach does not start."""
    ran = Outcomes(home)("serve", "--port", "0", *options)
    assert (ran.code, len(ran.err.splitlines()), words in ran.err) == (2, 1, True), ran.err


def test_check_says_what_is_missing(home: Path) -> None:
    """Exit 0 where it can serve, 1 where it cannot; a port that is taken is named."""
    assert Outcomes(home)("serve", "--check", "--port", "0").code == 0
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = Outcomes(home)("serve", "--check", "--port", str(taken.getsockname()[1]))
    assert ran.code == 1
    assert b"address: cannot listen" in ran.out


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_the_unit_is_one_for_systemd(home: Path, tmp_path: Path) -> None:
    """It has the options that were given, and systemd finds nothing wrong with it."""
    ran = Outcomes(home)("serve", "--unit", "--port", "8765", "--allow-host", "outcomes.school.example")
    unit = tmp_path / "outcomes.service"
    unit.write_bytes(ran.out)
    assert b"serve --port 8765 --allow-host outcomes.school.example" in ran.out
    assert f"ReadWritePaths={home}".encode() in ran.out
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)],  # noqa: S607 - where the system has it
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (checked.returncode, [line for line in checked.stderr.splitlines() if "outcomes.service" in line]) == (0, [])


def test_systemd_is_told_when_it_listens_and_when_it_ends(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a service of type notify."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        service = start(home)
        assert manager.recv(100) == b"READY=1"
        # Others read the journal.
        assert "/enter/" not in service.link
        assert service.stop() == 0
        assert manager.recv(100) == b"STOPPING=1"


def test_the_sample_is_shown_with_one_command(tmp_path: Path) -> None:
    """`demo --serve` loads it, and says where it is to be seen."""
    process = subprocess.Popen(
        [sys.executable, "-m", "outcomes", "--home", str(tmp_path / "demo"), "demo", "--serve"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ,
    )
    assert process.stderr is not None
    link = next((line.split()[-1] for line in process.stderr if line.startswith("listening on ")), None)
    assert link is not None
    with httpx.Client() as browser:
        assert browser.get(link).status_code == 303
        assert browser.get(link.split("/enter/")[0] + "/api/v1/status").json()["head"] > 1_000
    process.send_signal(signal.SIGTERM)
    process.stderr.close()
    assert process.wait(20) == 0
