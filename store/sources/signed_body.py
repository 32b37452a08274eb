"""Bodies that Canvas has signed: compact JWTs, checked and opened to the event that they carry.

RS256 only, by a key of the set, of an issuer that is known. What comes out is `{"metadata": …, "body": …}` in the bytes
of the claims: its digest is that of the copy that came unsigned, so a repeat is known however often it was signed.
"""

import re
from collections.abc import Collection
from datetime import timedelta
from typing import Any, Final, NamedTuple

import jwt
import msgspec
from jwt.exceptions import (
    ExpiredSignatureError,
    ImmatureSignatureError,
    InvalidAlgorithmError,
    InvalidIssuedAtError,
    InvalidIssuerError,
    InvalidSignatureError,
    MissingRequiredClaimError,
    PyJWTError,
)
from jwt.utils import base64url_decode

from outcomes.domain.errors import NotAnEvent, SignatureRefused
from outcomes.store.sources.jwk_set import KeySet

CANVAS_ISSUER: Final = "https://live-events.canvas.instructure.com"
ANY_ISSUER: Final = "any"

_ALGORITHM: Final = "RS256"
_LEEWAY: Final = timedelta(days=1)
_TOKEN: Final = re.compile(rb"e[wy][\w-]*\.[\w-]+\.[\w-]*")
"""Three parts in base64url, the first an object: its brace, and a quote, a blank or the end of a line."""
_AROUND: Final = b" \t\r\n\"'"
_MARK: Final = b"\xef\xbb\xbf"
_MEMBERS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ENVELOPES: Final = ("metadata", "attributes")
_MOST_NAMES, _LONGEST_SHOWN = 20, 80

_WORDS: Final[dict[type[Exception], tuple[str, str]]] = {
    InvalidSignatureError: ("signature", "its signature is not that of its key"),
    InvalidAlgorithmError: ("algorithm", f"its key is not one for {_ALGORITHM}"),
    InvalidIssuerError: ("issuer", "it is of another issuer than --issuer names"),
    MissingRequiredClaimError: ("issuer", "it names no issuer (iss): --issuer any takes it"),
    ExpiredSignatureError: ("time", "it expired more than a day ago"),
    ImmatureSignatureError: ("time", "it is of more than a day ahead"),
    InvalidIssuedAtError: ("time", "it was issued at no time"),
}


class Opened(NamedTuple):
    """What a signed body carries: an event, or claims that hold none; then `reason` says so."""

    content: bytes
    reason: str | None = None


class SignedBodies:
    """Opens signed bodies by a key set. `are_stored` are those of a file: how old they are says nothing of them."""

    def __init__(self, keys: KeySet, issuers: Collection[str] = (CANVAS_ISSUER,), *, are_stored: bool = False) -> None:
        self.keys = keys
        self._issuers = None if ANY_ISSUER in issuers else list(issuers)
        # Neither audience nor subject is known of Canvas, and a repeat is harmless: what it says is stored once.
        self._options: Any = {"verify_aud": False, "verify_sub": False, "verify_jti": False}
        if are_stored:
            self._options |= {"verify_exp": False, "verify_iat": False, "verify_nbf": False}

    def open(self, token: bytes) -> Opened:
        """Return what a token carries. Raises SignatureRefused; KeySetUnavailable where it may be trusted later."""
        key = self.keys.get_signing_key(_key_name(token))
        try:
            jwt.decode(token, key, algorithms=[_ALGORITHM], issuer=self._issuers, leeway=_LEEWAY, options=self._options)
            return _event_in(base64url_decode(token.split(b".")[1]))
        except (PyJWTError, ValueError, RecursionError) as error:
            raise _refused(*_WORDS.get(type(error), ("form", "it cannot be read"))) from error

    def event_in(self, text: bytes) -> bytes | None:
        """Return the event in a text if that is a signed body, None if it is none; raises NotAnEvent, too."""
        token = token_in(text)
        if token is None:
            return None
        opened = self.open(token)
        if opened.reason is not None:
            raise NotAnEvent(opened.reason)
        return opened.content


def token_in(text: bytes) -> bytes | None:
    """Return the compact JWT that a text is, in quotes or not; None if it is none."""
    stripped = text.removeprefix(_MARK).strip(_AROUND)
    return stripped if _TOKEN.fullmatch(stripped) else None


def _key_name(token: bytes) -> str:
    """Return by which key a token says that it is signed: looked at before any key is fetched."""
    try:
        header = jwt.get_unverified_header(token)
    except (PyJWTError, ValueError, RecursionError) as error:
        raise _refused("form", "it cannot be read") from error
    if header.get("alg") != _ALGORITHM:
        shown = str(header.get("alg"))[:_LONGEST_SHOWN]
        raise _refused("algorithm", f"its algorithm is {shown!r}, and Canvas signs by {_ALGORITHM} only")
    if not header.get("kid"):
        raise _refused("key", "it does not say by which key (kid)")
    return str(header["kid"])


def _event_in(payload: bytes) -> Opened:
    """Return the event that stands in the claims, or one level below them, as it would have come unsigned."""
    claims = _MEMBERS.decode(payload)
    inner = (_MEMBERS.decode(value) for value in claims.values() if _is_object(value))
    for members in (claims, *inner):
        name = next((name for name in _ENVELOPES if _is_object(members.get(name))), None)
        if name is not None and _is_object(members.get("body")):
            return Opened(b'{"%s":%s,"body":%s}' % (name.encode(), bytes(members[name]), bytes(members["body"])))
    names = ", ".join(repr(name[:_LONGEST_SHOWN]) for name in list(claims)[:_MOST_NAMES])
    return Opened(payload, f"a signed body without metadata and body: its claims are {names or 'none'}")


def _is_object(value: msgspec.Raw | None) -> bool:
    return value is not None and bytes(memoryview(value)[:1]) == b"{"


def _refused(why: str, words: str) -> SignatureRefused:
    return SignatureRefused(why, f"a signed body (JWT) that cannot be trusted: {words}")
