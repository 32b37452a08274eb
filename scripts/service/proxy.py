"""The proxy before us: only of it do we believe who asks, from where, and by which scheme."""

from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

PERSON = "person"
"""Where a request's scope names the person that the proxy let in."""

_FORWARDED = (b"forwarded", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-real-ip")


class Proxied:
    """ASGI middleware: takes what a proxy says from requests of that proxy, and strikes it out of all others."""

    def __init__(self, app: ASGIApp, address: str | None, person_header: str | None) -> None:
        self._app = app
        self._address = address
        self._person_header = None if person_header is None else person_header.lower().encode()
        # uvicorn has its own names for the types of the same protocol.
        inner: Any = app
        self._forwarded: Any = ProxyHeadersMiddleware(inner, trusted_hosts=address or "")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # A socket in the file system has no address; whoever reaches it was let through by its folder.
        client = scope.get("client")
        is_of_proxy = self._address is not None and (client is None or client[0] == self._address)
        told = [value for name, value in scope["headers"] if name == self._person_header]
        struck = {self._person_header} if is_of_proxy else {self._person_header, *_FORWARDED}
        headers = [(name, value) for name, value in scope["headers"] if name not in struck]
        person = told[0].decode("utf-8", "replace") if is_of_proxy and len(told) == 1 else None
        inner = {**scope, "headers": headers, PERSON: person or None}
        await (self._forwarded if is_of_proxy else self._app)(inner, receive, send)
