"""The process: one uvicorn on one address, with the line that says where it listens."""

import asyncio
import gc
import os
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import IPv6Address, ip_address
from pathlib import Path

import orjson
import structlog
import uvicorn
from fastapi import FastAPI

from outcomes.domain.errors import HomeUnavailable, UsageError
from outcomes.service.application import create_app
from outcomes.service.configuration import Configuration
from outcomes.service.connections import Patience, bounded, most_connections
from outcomes.service.log_lines import LogLines, stamp
from outcomes.service.proxy import Proxied, read_secret
from outcomes.service.readers import open_home
from outcomes.service.service_manager import is_watched, notify
from outcomes.service.state import running

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_ANSWERING_SECONDS = 6
"""At the end, for what was asked before. With what threads have then, and the log, it is less than ten."""
_LOOK_SECONDS = 0.5
"""So often it looks whether the log is still there."""
_ENDS_WITHIN_SECONDS = 9.0
"""Once it is gone."""
_SWITCH_SECONDS = 0.001
"""So long a thread computes while another waits: with Python's 5 ms, small answers wait for large ones."""


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where to listen, and who stands before us."""

    host: str
    port: int
    tls_cert: Path | None = None
    tls_key: Path | None = None
    behind_proxy: str | None = None
    person_header: str | None = None
    """In which the proxy says who it has let in."""
    person_secret: Path | None = None
    """The file of what the proxy sends with it, so that nobody else can."""
    root_path: str = ""

    def check(self) -> None:
        """Refuse to speak in the clear to other machines, or to believe anybody; raises UsageError."""
        if self.person_header is not None and self.behind_proxy is None:
            raise UsageError("--person-header is believed from one proxy only: name it with --behind-proxy ADDRESS")
        if (self.person_header is None) != (self.person_secret is None):
            raise UsageError(
                "any account on the proxy's machine could claim to be somebody, so the proxy must send a secret: "
                "give both --person-header NAME and --person-secret FILE"
            )
        self.secret()
        self._check_names()
        self._check_certificate()
        if self.host not in _LOOPBACK and self.tls_cert is None and self.behind_proxy is None:
            raise UsageError(
                f"--host {self.host} can be reached from other machines, and nothing would be encrypted: "
                "give --tls-cert and --tls-key, or --behind-proxy ADDRESS of the proxy that does it"
            )

    def _check_names(self) -> None:
        if self.behind_proxy is not None and not _is_address(self.behind_proxy):
            raise UsageError(f"--behind-proxy {self.behind_proxy} is no address: give the proxy's, such as 127.0.0.1")
        if self.root_path and (not self.root_path.startswith("/") or self.root_path.endswith("/")):
            raise UsageError(f"--root-path {self.root_path} begins with no /, or ends with one: write /PATH")

    def _check_certificate(self) -> None:
        if self.tls_cert is None and self.tls_key is None:
            return
        if self.tls_cert is None:
            raise UsageError("--tls-key belongs to a certificate: name that, too, with --tls-cert")
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.tls_cert, self.tls_key, password="")
        except ssl.SSLError as error:
            raise UsageError(
                f"{self.tls_cert} with {self.tls_key or 'the key in it'} is no certificate with its key, "
                f"both as PEM and without a password: {error.reason or error}"
            ) from error
        except OSError as error:
            raise UsageError(
                f"cannot read {self.tls_cert}{f' or {self.tls_key}' if self.tls_key else ''}: {error.strerror}"
            ) from error

    def secret(self) -> bytes | None:
        """Return the proxy's secret, None if it has none; raises UsageError."""
        return None if self.person_secret is None else read_secret(self.person_secret)


def serve_until_stopped(configuration: Configuration, address: Address) -> None:
    """Serve until SIGTERM or SIGINT; raises UsageError and HomeUnavailable before it listens.

    Raises HomeUnavailable, too, once the log is no longer where it was.
    """
    address.check()
    with open_home(configuration) as home:
        home.catch_up()  # a view that must be made anew is made before anyone waits for it
        check_home = home.check_place
    is_secure = address.tls_cert is not None or address.behind_proxy is not None
    hosts = configuration.hosts | own_names(address.host)
    configuration = replace(configuration, is_secure=is_secure, hosts=frozenset(map(str.lower, hosts)))
    app = create_app(configuration)
    listening = listen(address)
    url = f"{'https' if address.tls_cert else 'http'}://{_shown(address.host)}:{listening.getsockname()[1]}"
    server = _Server(_uvicorn_config(app, address), app, check_home, url)
    sys.setswitchinterval(_SWITCH_SECONDS)
    # What is loaded by now stays, and need not be walked through for garbage again and again.
    gc.freeze()
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn stops in good order and then raises the signal once more, for whoever had a use for it before.
        signal.signal(number, lambda *_: None)
    with LogLines(sys.stderr.buffer) as lines, asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
        structlog.configure(
            processors=[stamp, structlog.processors.JSONRenderer(serializer=orjson.dumps)],
            logger_factory=lambda *_: lines,
            cache_logger_on_first_use=True,
        )
        runner.run(server.serve([listening]))
    if server.lost is not None:
        raise server.lost


def _uvicorn_config(app: FastAPI, address: Address) -> uvicorn.Config:
    """Return how uvicorn serves the application: what we do ourselves, or nobody needs, is off."""
    return uvicorn.Config(
        Proxied(app, address.behind_proxy, address.person_header, address.secret()),
        http=bounded(most_connections()),
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        root_path=address.root_path,
        timeout_graceful_shutdown=_ANSWERING_SECONDS,
        ssl_certfile=address.tls_cert,
        ssl_keyfile=address.tls_key,
        ssl_version=ssl.PROTOCOL_TLS_SERVER,
    )


class _Server(uvicorn.Server):
    """Says where it listens once it does, with a link that lets whoever has started it in, once; not under systemd."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, check_home: Callable[[], None], url: str) -> None:
        super().__init__(config)
        self.lost: HomeUnavailable | None = None
        """Why it has ended by itself: the log is no longer where it was."""
        self._check_home = check_home
        self._app = app
        self._url = url
        self._patience = Patience(self.server_state)
        self._looking: list[asyncio.Task[None]] = []

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # First, for uvicorn waits for what is being answered, and a stream has no end of its own.
        running(self._app).streams.close()
        for task in self._looking:
            task.cancel()
        self._patience.end()
        notify("STOPPING=1")
        await super().shutdown(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._looking = [asyncio.create_task(self._patience.run()), asyncio.create_task(self._watch_home())]
            # Of a unit stderr is the journal, which others read, and nobody stands by who started it.
            entry = "" if is_watched() else f"/enter/{running(self._app).askers.one_time_link()}"
            print(f"listening on {self._url}{entry}", file=sys.stderr, flush=True)
            notify("READY=1")

    async def _watch_home(self) -> None:
        """End where the log is gone: what is open of it would be read on for ever, and nobody would see it."""
        while self.lost is None:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                self._check_home()
            except HomeUnavailable as error:
                self.lost = error
        self.should_exit = True
        # Whatever stands in the way, such as a pipe that nobody reads: it does not go on without its log.
        end = threading.Timer(_ENDS_WITHIN_SECONDS, os._exit, (2,))
        end.daemon = True
        end.start()


def listen(address: Address) -> socket.socket:
    """Take an address; raises HomeUnavailable if another program has it."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    # The protocol is named because asyncio sends small answers without delay on sockets of TCP by name only.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((address.host, address.port))
    except OSError as error:
        listening.close()
        raise HomeUnavailable(
            f"cannot listen on {address.host}:{address.port}: {error.strerror}: choose another --port, or 0 for any"
        ) from error
    return listening


def own_names(host: str) -> set[str]:
    """Return how an address is named in requests: of IPv6 in brackets, as it was given and as browsers write it."""
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared
        return set()
    return {_shown(host), _shown(str(IPv6Address(host)))} if ":" in host else {host}


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
