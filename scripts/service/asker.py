"""Who asks: the holder of a token, of a session that began with one or with a link, or whom the proxy let in."""

import asyncio
import time
from collections.abc import Callable, Collection
from hashlib import sha256
from http import HTTPStatus
from secrets import token_hex, token_urlsafe
from typing import NamedTuple
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from outcomes.api.arguments import now
from outcomes.service.problems import NOT_KNOWN, Problem
from outcomes.service.proxy import PERSON
from outcomes.store.access.access_file import AccessFile
from outcomes.store.access.rights import OF_ONE_TIME_LINK, Grant, Right, Scope

LINK_SECONDS = 15 * 60.0
"""So long the one-time link lets in: who started the service is there, and what is printed may be kept."""
_LONGEST, _LONGEST_IDLE = 12 * 3600.0, 2 * 3600.0
_OURS = {"same-origin", "none"}
_SAFE = {"GET", "HEAD"}


class _Session(NamedTuple):
    token: str | None
    """The id of the token that opened it, and ends it; None for a one-time link."""
    grant: Grant
    begun: float
    used: float


class Askers:
    """Knows tokens by access.db, so that one that is revoked ends at once, and sessions by memory."""

    def __init__(self, access: AccessFile, *, is_secure: bool, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._access = access
        self._monotonic = monotonic
        self._sessions: dict[bytes, _Session] = {}
        self._links: dict[str, float] = {}
        self._of_this_turn: dict[str, Grant] = {}
        self._is_secure = is_secure
        # Browsers take the prefix as a promise, and keep such a cookie only if it came by HTTPS.
        self.cookie = "__Host-outcomes" if is_secure else "outcomes"

    def who(self, request: Request) -> Grant:
        """Return who asks; raises a 401."""
        grant = self._who(request, is_use=True)
        if grant is None:
            raise Problem(HTTPStatus.UNAUTHORIZED, NOT_KNOWN, {"WWW-Authenticate": "Bearer"})
        return grant

    def is_still(self, request: Request, grant: Grant) -> bool:
        """Say whether who asked a while ago may still; it does not count as a use of their session."""
        return self._who(request, is_use=False) == grant

    def holder(self, secret: str) -> Grant | None:
        """Return what the holder of a token may do; None if it is none.

        Of requests that came together, which the loop takes in one turn, one looks it up for all: none of them was sent
        after a token was revoked that held when it was looked up.
        """
        grant = self._of_this_turn.get(secret)
        if grant is None:
            grant = self._access.holder(secret, now())
            if grant is not None:
                if not self._of_this_turn:
                    asyncio.get_running_loop().call_soon(self._of_this_turn.clear)
                self._of_this_turn[secret] = grant
        return grant

    def _who(self, request: Request, *, is_use: bool) -> Grant | None:
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        if scheme:
            return self.holder(secret.strip()) if scheme.lower() == "bearer" else None
        person = request.scope.get(PERSON)
        if person is not None:
            return self._access.grant_of_person(person, now()) if is_of_our_pages(request) else None
        cookie = request.cookies.get(self.cookie)
        return self._of_session(cookie, is_use=is_use) if cookie and is_of_our_pages(request) else None

    # -- sessions --------------------------------------------------------------------------------------------------

    def one_time_link(self) -> str:
        """Return a word that opens one session, once and soon: for whoever has started the service."""
        ticket = token_urlsafe(32)
        self._links[ticket] = self._monotonic()
        return ticket

    def is_link(self, ticket: str) -> bool:
        """Say whether a word opens a session."""
        made = self._links.get(ticket)
        return made is not None and self._monotonic() - made <= LINK_SECONDS

    def open_with_link(self, ticket: str) -> str:
        """Use a one-time link up; return the cookie's value. Raises KeyError if it is none."""
        del self._links[ticket]
        return self._open(None, Grant(f"session-{token_hex(4)}", "one-time link", OF_ONE_TIME_LINK, Scope()))

    def open_with_token(self, secret: str) -> str | None:
        """Open a session with a token's rights, which ends with it; return the cookie's value, None if it is none."""
        grant = self._access.holder(secret, now())
        return None if grant is None else self._open(grant.id, grant)

    def end(self, request: Request) -> None:
        """End the session of a browser, if it has one."""
        self._sessions.pop(_key(request.cookies.get(self.cookie, "")), None)

    def set_cookie(self, response: Response, secret: str) -> None:
        """Let a browser keep a session: seen by no script, sent by no other site."""
        response.set_cookie(
            self.cookie, secret, max_age=int(_LONGEST), secure=self._is_secure, httponly=True, samesite="lax"
        )

    def delete_cookie(self, response: Response) -> None:
        """Let a browser forget its session."""
        response.delete_cookie(self.cookie, secure=self._is_secure, httponly=True, samesite="lax")

    def _open(self, token: str | None, grant: Grant) -> str:
        moment = self._monotonic()
        self._sessions = {key: session for key, session in self._sessions.items() if not _is_over(session, moment)}
        secret = token_urlsafe(32)
        self._sessions[_key(secret)] = _Session(token, grant, moment, moment)
        return secret

    def _of_session(self, secret: str, *, is_use: bool) -> Grant | None:
        session, moment = self._sessions.get(_key(secret)), self._monotonic()
        if session is None:
            return None
        grant = session.grant if session.token is None else self._access.grant(session.token, now())
        if grant is None or _is_over(session, moment):
            del self._sessions[_key(secret)]
            return None
        if is_use:
            self._sessions[_key(secret)] = session._replace(used=moment)
        return grant


def _is_over(session: _Session, moment: float) -> bool:
    return moment - session.begun > _LONGEST or moment - session.used > _LONGEST_IDLE


def _key(secret: str) -> bytes:
    return sha256(secret.encode()).digest()


def is_of_our_pages(request: Request) -> bool:
    """Say whether a browser sends this from a page of ours, or from none; what writes must say so."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in _OURS
    if request.method in _SAFE:
        return True
    # Older browsers say only where the page came from.
    origin = request.headers.get("origin")
    return origin is not None and _host_of(origin) == request.headers.get("host")


def _host_of(origin: str) -> str | None:
    """Return host and port of an origin; None of what is no address."""
    try:
        return urlsplit(origin).netloc or None
    except ValueError:
        return None


def require_our_page(request: Request) -> None:
    """Refuse what changes something and is sent by no page of ours; raises a 403."""
    if not is_of_our_pages(request):
        raise Problem(HTTPStatus.FORBIDDEN, "this was sent by a page of another site, or by none: use the form here")


def require(grant: Grant, rights: Collection[Right]) -> None:
    """Refuse who lacks a right; raises a 403 that names it."""
    if grant.rights.issuperset(rights):
        return
    if missing := [right for right in Right if right in rights and right not in grant.rights]:
        raise Problem(
            HTTPStatus.FORBIDDEN,
            f"this needs the right {' and '.join(missing)}, which your token lacks: ask whoever made it",
        )
