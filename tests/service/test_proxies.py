"""The proxies of docs/service.md, word for word but for names of files and ports, before a real service."""

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

import httpx
import pytest

import outcomes
from outcomes.api.access import Access
from outcomes.cli.commands.demo import TEN_EVENTS
from tests.support.command import ROOT
from tests.support.given import lines, outcome
from tests.support.service import Service, running

pytestmark = pytest.mark.long

NAME = "outcomes.school.example"
SECRET = "c0ffee" * 8
MIB = 1 << 20
_SECONDS = 20.0
ADA = {
    "Remote-User": "ada@school.example",
    "X-Auth-Request-Email": "ada@school.example",
    "Outcomes-Proxy-Secret": SECRET,
}
"""What somebody sends who would like to be her, and knows the secret even."""


def snippets() -> list[str]:
    """Return the blocks of code in the document that are set in by four spaces."""
    text = (ROOT / "docs" / "service.md").read_text()
    blocks = re.findall(r"(?<=\n\n)((?: {4}.*\n|\n)+)", text)
    return [re.sub(r"^ {4}", "", block, flags=re.MULTILINE) for block in blocks]


def snippet(beginning: str) -> str:
    """Return the one block that begins so."""
    (found,) = [block for block in snippets() if block.startswith(beginning)]
    return found


def free_port() -> int:
    """Return a port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


class Ports(NamedTuple):
    """Where each listens; `known` is who lets people in, as oauth2-proxy does."""

    proxy: int
    service: int
    known: int

    def put_into(self, text: str) -> str:
        """Put them in place of the document's."""
        return text.replace("127.0.0.1:8765", f"127.0.0.1:{self.service}").replace(
            "127.0.0.1:4180", f"127.0.0.1:{self.known}"
        )


class Proxy(NamedTuple):
    """A service with a proxy before it, asked over TLS by the name that people know."""

    service: Service
    port: int
    client: httpx.Client

    def ask(self, path: str, method: str = "GET", content: bytes | None = None, **headers: str) -> httpx.Response:
        """Ask the proxy."""
        return self.client.send(self._request(path, method, content, headers))

    def program(self, path: str, method: str = "GET", content: bytes | None = None, **headers: str) -> httpx.Response:
        """Ask the proxy with a token, below the base."""
        bearer = f"Bearer {self.service.token}"
        return self.ask(f"/api/v1{path}", method, content, Authorization=bearer, **headers)

    def news(self, path: str) -> Iterator[Any]:
        """Follow a stream below the base with a token."""
        request = self._request(f"/api/v1{path}", "GET", None, {"Authorization": f"Bearer {self.service.token}"})
        stream = self.client.send(request, stream=True)
        try:
            assert stream.status_code == 200
            for line in stream.iter_lines():
                if line.startswith("data: "):
                    yield json.loads(line.removeprefix("data: "))
        finally:
            stream.close()

    def _request(self, path: str, method: str, content: bytes | None, headers: dict[str, str]) -> httpx.Request:
        return self.client.build_request(
            method,
            f"https://127.0.0.1:{self.port}{path}",
            content=content,
            headers={"Host": NAME, **headers},
            extensions={"sni_hostname": NAME},
        )


# -- the two programs --------------------------------------------------------------------------------------------------


class _SignedIn(BaseHTTPRequestHandler):
    """Answers as oauth2-proxy does: Ada has signed in, and nobody else."""

    def do_GET(self) -> None:
        """Say who asks, if it is known."""
        is_known = self.path.startswith("/oauth2/auth") and "login=ada" in self.headers.get("Cookie", "")
        self.send_response(202 if is_known else 401)
        if is_known:
            self.send_header("X-Auth-Request-Email", "ada@school.example")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Keep quiet."""


@contextmanager
def who_lets_people_in() -> Iterator[int]:
    """Run what knows people; give its port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _SignedIn)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(_SECONDS)


def nginx(folder: Path, ports: Ports, *, lets_people_in: bool) -> list[str]:
    """Write the document's server, or who lets people in alone; return the command."""
    server = snippet("server {").replace("listen 443 ssl", f"listen 127.0.0.1:{ports.proxy} ssl")
    server = server.replace("/etc/ssl/outcomes", f"{folder}/tls")
    if lets_people_in:
        struck = re.compile(r' *proxy_set_header (Remote-User|Outcomes-Proxy-Secret) "";\n')
        location = re.compile(r" *location / \{.*\}\n")
        login = snippet("set $person").replace("THE SECRET", SECRET)
        server, count = location.subn(lambda _: login, struck.sub("", server))
        assert count == 1
    user = "user root;" if os.geteuid() == 0 else ""
    kept = "".join(
        f"{kind}_temp_path {folder}/{kind}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"{user} daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr;\n"
        f"events {{}}\nhttp {{ access_log {folder}/access.log; {kept}\n{ports.put_into(server)}}}\n"
    )
    return ["nginx", "-p", str(folder), "-e", "stderr", "-c", str(configuration)]


def caddy(folder: Path, ports: Ports, *, lets_people_in: bool) -> list[str]:
    """Write the document's site, on a port of this machine and with a certificate of our own; return the command."""
    site = snippet(f"{NAME} {{").replace(
        f"{NAME} {{",
        f"https://{NAME}:{ports.proxy} {{\n    bind 127.0.0.1\n    tls {folder}/tls.pem {folder}/tls.key",
        1,
    )
    if lets_people_in:
        login = snippet("route {")
        site, count = re.subn(r" {4}reverse_proxy .*\{\n(?: {8}.*\n)* {4}\}\n", lambda _: login, site)
        assert count == 1
    configuration = folder / "Caddyfile"
    options = f"{{\n    admin off\n    auto_https disable_redirects\n    storage file_system {folder}/kept\n}}\n"
    configuration.write_text(options + ports.put_into(site))
    return ["caddy", "run", "--config", str(configuration), "--adapter", "caddyfile"]


Written = Callable[..., list[str]]
PROXIES = [
    pytest.param(
        write, id=name, marks=pytest.mark.skipif(shutil.which(name) is None, reason=f"{name} is not installed")
    )
    for name, write in (("nginx", nginx), ("caddy", caddy))
]


@contextmanager
def process(command: list[str], port: int, folder: Path) -> Iterator[None]:
    """Run a program until the block ends; it listens when the block begins."""
    environment = {**os.environ, "OUTCOMES_PROXY_SECRET": SECRET, "HOME": str(folder)}
    with (folder / f"{command[0]}.log").open("w+") as log:
        running_one = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env=environment)
        try:
            give_up_at = time.monotonic() + _SECONDS
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    said = Path(log.name).read_text()[-2_000:]
                    assert running_one.poll() is None, said
                    assert time.monotonic() < give_up_at, said
                    time.sleep(0.02)
            yield
        finally:
            running_one.terminate()
            try:
                running_one.wait(_SECONDS)
            finally:
                running_one.kill()


@contextmanager
def proxied(folder: Path, write: Written, *, lets_people_in: bool) -> Iterator[Proxy]:
    """Give a service on a sample with a proxy before it, to which Ada may put questions of the tree."""
    home = folder / "home"
    with outcomes.open(home, create=True) as opened:
        opened.ingest(TEN_EVENTS)
    with Access.beside(home) as access:
        access.create_token("tree", person="ada@school.example")
    _make_certificate(folder)
    secret = folder / "proxy.secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    options = ("--person-header", "Remote-User", "--person-secret", str(secret))
    with (
        who_lets_people_in() as known,
        running(home, "--behind-proxy", "127.0.0.1", "--allow-host", NAME, *options) as service,
    ):
        ports = Ports(free_port(), int(service.url.rpartition(":")[2]), known)
        command = write(folder, ports, lets_people_in=lets_people_in)
        trusted = ssl.create_default_context(cafile=str(folder / "tls.pem"))
        client = httpx.Client(verify=trusted, timeout=_SECONDS)
        with process(command, ports.proxy, folder), client:
            yield Proxy(service, ports.proxy, client)


def _make_certificate(folder: Path) -> None:
    request = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    files = ["-keyout", str(folder / "tls.key"), "-out", str(folder / "tls.pem"), "-days", "2"]
    names = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
    subprocess.run([*request, *files, *names], check=True, capture_output=True, timeout=_SECONDS)


# -- what they promise -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("write", PROXIES)
def test_everything_passes_the_documents_proxy(tmp_path: Path, write: Written) -> None:
    """Questions, a session, streams, jobs, posts and Canvas's deliveries, and nothing that is too large."""
    with proxied(tmp_path, write, lets_people_in=False) as proxy:
        found = proxy.program("/digest")
        assert (found.status_code, "max-age" in found.headers["strict-transport-security"]) == (200, True)
        assert proxy.ask("/api/v1/digest", **ADA).status_code == 401
        entered = proxy.ask("/enter/" + proxy.service.link.rpartition("/")[2])
        assert (entered.status_code, entered.headers["location"]) == (303, "/")
        assert entered.headers["set-cookie"].startswith("__Host-outcomes=")

        news = proxy.news("/head/events")
        head = next(news)["head"]
        posted = proxy.program("/events", "POST", lines(outcome("7", "2025-01-01")))
        assert (posted.status_code, posted.json()["appended"]) == (200, 1)
        assert next(news) == {"head": head + 1}
        news.close()
        # Whoever leaves has left: a proxy that asks on for nobody would soon have the streams of all.
        give_up_at = time.monotonic() + _SECONDS
        while "outcomes_streams 0.0" not in proxy.service.get("//metrics").text:
            assert time.monotonic() < give_up_at
            time.sleep(0.05)

        key = proxy.service.new_token("ingest")
        delivered = proxy.ask(f"/events/in/{key}", "POST", lines(outcome("8", "2025-01-01")))
        assert delivered.status_code == 204
        assert key not in "".join(path.read_text() for path in tmp_path.glob("*.log"))
        assert proxy.ask(f"/events/in/{key}", "POST", b" " * (11 * MIB)).status_code == 204
        assert proxy.ask(f"/events/in/{key}", "POST", b" " * (13 * MIB)).status_code == 413

        job = proxy.program("/jobs/verify", "POST")
        assert job.status_code == 202
        told = list(proxy.news(job.json()["href"].removeprefix("/api/v1") + "/events"))
        assert told[-1]["state"] == "done"


@pytest.mark.parametrize("write", PROXIES)
def test_people_are_whom_the_documents_proxy_lets_in(tmp_path: Path, write: Written) -> None:
    """Not whom they say that they are: neither through the proxy, nor past it from the same machine."""
    with proxied(tmp_path, write, lets_people_in=True) as proxy:
        signed_in = {"Cookie": "login=ada"}
        assert proxy.ask("/", Accept="text/html", **signed_in).status_code == 200
        assert proxy.ask("/api/v1/digest", **signed_in).status_code == 200
        assert proxy.ask("/api/v1/status", **signed_in).status_code == 403
        other = {"Remote-User": "root", "X-Auth-Request-Email": "root@school.example"}
        assert proxy.ask("/api/v1/status", **signed_in, **other).status_code == 403
        unknown = proxy.ask("/", **ADA)
        assert (unknown.status_code, "/oauth2/sign_in?rd=https://" in unknown.headers["location"]) == (302, True)
        for authorization in ("Bearer none", "Basic YWRhQHNjaG9vbC5leGFtcGxlOng="):
            assert proxy.ask("/api/v1/digest", Authorization=authorization, **ADA).status_code == 401
        assert proxy.program("/status").status_code == 200
        key = proxy.service.new_token("ingest")
        assert proxy.ask(f"/events/in/{key}", "POST", lines(outcome("8", "2025-01-01"))).status_code == 204

        def past(**headers: str) -> int:
            return httpx.get(f"{proxy.service.url}/api/v1/digest", headers={"Host": NAME, **headers}).status_code

        assert past(**{**ADA, "Outcomes-Proxy-Secret": SECRET}) == 200
        assert past(**{**ADA, "Outcomes-Proxy-Secret": "f00" * 16}) == 401
        assert past(**{"Remote-User": "ada@school.example"}) == 401
