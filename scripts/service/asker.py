"""Who asks: the holder of a token, or of a session that began with a one-time link."""

import time
from collections.abc import Collection
from hashlib import sha256
from http import HTTPStatus
from secrets import token_hex, token_urlsafe
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from outcomes.api.arguments import now
from outcomes.service.problems import Problem
from outcomes.store.access.access_file import AccessFile
from outcomes.store.access.rights import READING, Grant, Right, Scope

_LONGEST, _LONGEST_IDLE = 12 * 3600.0, 2 * 3600.0
_OURS = {"same-origin", "none"}


class _Session(NamedTuple):
    grant: Grant
    begun: float
    used: float


class Askers:
    """Knows tokens by access.db, so that one that is revoked ends at once, and sessions by memory."""

    def __init__(self, access: AccessFile, *, is_secure: bool) -> None:
        self._access = access
        self._sessions: dict[bytes, _Session] = {}
        self._links: set[str] = set()
        self._is_secure = is_secure
        # Browsers take the prefix as a promise, and keep such a cookie only if it came by HTTPS.
        self.cookie = "__Host-outcomes" if is_secure else "outcomes"

    def who(self, request: Request) -> Grant:
        """Return who asks; raises a 401."""
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        grant = None
        if scheme:
            grant = self._access.holder(secret.strip(), now()) if scheme.lower() == "bearer" else None
        elif request.method in {"GET", "HEAD"} and request.headers.get("sec-fetch-site", "none") in _OURS:
            grant = self._of_session(request.cookies.get(self.cookie))
        if grant is None:
            raise Problem(
                HTTPStatus.UNAUTHORIZED,
                "no token, or none that holds: send Authorization: Bearer TOKEN; outcomes token create makes one",
                {"WWW-Authenticate": "Bearer"},
            )
        return grant

    def holder(self, secret: str) -> Grant | None:
        """Return what the holder of a token may do; None if it is none."""
        return self._access.holder(secret, now())

    # -- sessions --------------------------------------------------------------------------------------------------

    def one_time_link(self) -> str:
        """Return a word that opens one session, once: for whoever has started the service."""
        ticket = token_urlsafe(32)
        self._links.add(ticket)
        return ticket

    def open_session(self, ticket: str) -> str | None:
        """Use a one-time link up; return the cookie's value, None if the link is none or was used."""
        if ticket not in self._links:
            return None
        self._links.discard(ticket)
        secret, moment = token_urlsafe(32), time.monotonic()
        grant = Grant(f"session-{token_hex(4)}", "one-time link", READING, Scope())
        self._sessions[_key(secret)] = _Session(grant, moment, moment)
        return secret

    def set_cookie(self, response: Response, secret: str) -> None:
        """Let a browser keep a session: seen by no script, sent by no other site."""
        response.set_cookie(
            self.cookie, secret, max_age=int(_LONGEST), secure=self._is_secure, httponly=True, samesite="lax"
        )

    def _of_session(self, secret: str | None) -> Grant | None:
        session = self._sessions.get(_key(secret)) if secret else None
        if secret is None or session is None:
            return None
        moment = time.monotonic()
        if moment - session.begun > _LONGEST or moment - session.used > _LONGEST_IDLE:
            del self._sessions[_key(secret)]
            return None
        self._sessions[_key(secret)] = session._replace(used=moment)
        return session.grant


def _key(secret: str) -> bytes:
    return sha256(secret.encode()).digest()


def require(grant: Grant, rights: Collection[Right]) -> None:
    """Refuse who lacks a right; raises a 403 that names it."""
    if missing := [right for right in Right if right in rights and right not in grant.rights]:
        raise Problem(
            HTTPStatus.FORBIDDEN,
            f"this needs the right {' and '.join(missing)}, which your token has not: ask who made it",
        )
