"""The proxy before us: only of it do we believe who asks, from where, and by which scheme."""

from hmac import compare_digest
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from outcomes.domain.errors import UsageError

PERSON = "person"
"""Where a request's scope names the person that the proxy let in."""

_SECRET = b"outcomes-proxy-secret"
_SHORTEST_SECRET = 32
_FORWARDED = (b"forwarded", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-real-ip")


class Proxied:
    """ASGI middleware: takes what a proxy says from requests of that proxy, and strikes it out of all others.

    Whom it let in is believed with its secret only: from the address of a proxy on this machine any account of it asks.
    """

    def __init__(self, app: ASGIApp, address: str | None, person_header: str | None, secret: bytes | None) -> None:
        self._app = app
        self._address = address
        self._secret = secret
        self._person_header = None if person_header is None else person_header.lower().encode()
        self._suspects = frozenset({self._person_header, _SECRET, *_FORWARDED})
        # uvicorn has its own names for the types of the same protocol.
        inner: Any = app
        self._forwarded: Any = ProxyHeadersMiddleware(inner, trusted_hosts=address or "")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._address is None and self._suspects.isdisjoint([name for name, _ in scope["headers"]]):
            # As nearly always: there is nothing to believe, and nothing to strike out.
            scope[PERSON] = None
            await self._app(scope, receive, send)
            return
        # A socket in the file system has no address; whoever reaches it was let through by its folder.
        client = scope.get("client")
        is_of_proxy = self._address is not None and (client is None or client[0] == self._address)
        told = [value for name, value in scope["headers"] if name == self._person_header]
        is_believed = is_of_proxy and len(told) == 1 and self._knows_secret(scope)
        person = told[0].decode("utf-8", "replace") if is_believed else None
        struck = {self._person_header, _SECRET, *(() if is_of_proxy else _FORWARDED)}
        headers = [(name, value) for name, value in scope["headers"] if name not in struck]
        if person:
            headers = [header for header in headers if not _is_password(*header)]
        inner = {**scope, "headers": headers, PERSON: person or None}
        await (self._forwarded if is_of_proxy else self._app)(inner, receive, send)

    def _knows_secret(self, scope: Scope) -> bool:
        given = [value for name, value in scope["headers"] if name == _SECRET]
        return self._secret is not None and len(given) == 1 and compare_digest(given[0], self._secret)


def _is_password(name: bytes, value: bytes) -> bool:
    """Whether it is what a person told the proxy to be let in, and not a token for us."""
    return name == b"authorization" and value[:6].lower() == b"basic "


def read_secret(path: Path) -> bytes:
    """Read what only the proxy and we know; raises UsageError if others may read it, or might guess it."""
    try:
        is_open, secret = path.stat().st_mode & 0o007, path.read_bytes().strip()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}: name the file of the proxy's secret") from error
    if is_open:
        raise UsageError(f"{path} may be read by every account of this machine: chmod 600 it, and make a new secret")
    if len(secret) < _SHORTEST_SECRET or not secret.isascii() or not secret.decode().isprintable():
        raise UsageError(f"no secret of at least {_SHORTEST_SECRET} letters in {path}: openssl rand -hex 32 makes one")
    return secret
