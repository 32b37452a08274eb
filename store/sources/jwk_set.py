"""The keys that signatures are checked with: a JWK set, from a URL, where they change by the month, or from a file."""

import time
from ipaddress import ip_address
from pathlib import Path
from threading import RLock
from typing import Protocol
from urllib.parse import urlsplit

from jwt import PyJWK, PyJWKClient, PyJWKSet
from jwt.exceptions import PyJWTError

from outcomes.domain.errors import KeySetUnavailable, SignatureRefused, UsageError

_TIMEOUT = 5.0
_LIFESPAN = 24 * 3600.0
_COOLDOWN = 30.0
_LONGEST_KID = 80
_NO_SET = (OSError, ValueError, TypeError, AttributeError, PyJWTError)
"""What is raised where an address or a file gives no key set: PyJWT takes it for granted that JSON has its shape."""


class KeySet(Protocol):
    """Public keys by their names."""

    def get_signing_key(self, kid: str) -> PyJWK:
        """Return the key of a name. Raises SignatureRefused if it has none, KeySetUnavailable if it may have one."""
        ...

    def check(self) -> None:
        """Raise KeySetUnavailable if no key can be had at all."""
        ...


def key_set(place: str) -> KeySet:
    """Return the key set at a URL, or in a file; raises UsageError where it can be neither."""
    return KeySetOfUrl(place) if "://" in place else KeySetOfFile(Path(place))


class KeySetOfUrl(PyJWKClient):
    """Fetches the set when it is first needed, when it is a day old, and when a key is asked for that it lacks.

    At most one attempt in `cooldown` seconds, however it ends: neither names that nobody knows nor an address that does
    not answer can make us ask again and again. An expired set serves until a new one has come. Redirects are refused.
    """

    def __init__(
        self, url: str, *, lifespan: float = _LIFESPAN, cooldown: float = _COOLDOWN, timeout: float = _TIMEOUT
    ) -> None:
        _check_url(url)
        super().__init__(url, timeout=timeout, lifespan=lifespan)
        self._cooldown = cooldown
        self._lock = RLock()
        self._kept: PyJWKSet | None = None
        self._tried: float | None = None
        self._failed: str | None = None

    def get_jwk_set(self, refresh: bool = False) -> PyJWKSet:
        """Return the set, the expired one if no other can be had now; raises KeySetUnavailable."""
        if self._kept is not None and not refresh and self.jwk_set_cache is not None and self.jwk_set_cache.get():
            return self._kept
        if not self._is_cooling_down():
            self._tried = time.monotonic()
            try:
                self._kept, self._failed = super().get_jwk_set(refresh=True), None
            except _NO_SET as error:
                self._failed = str(error)
        if self._kept is None:
            raise self._unavailable(f"the key set at {self.uri} cannot be fetched: {self._failed}")
        return self._kept

    def get_signing_key(self, kid: str) -> PyJWK:
        """Return the key of a name."""
        with self._lock:
            key = self.match_kid(self.get_jwk_set().keys, kid)
            if key is None and self._is_cooling_down():
                raise self._unavailable(f"no key {_shown(kid)} in the key set as it was fetched a moment ago")
            if key is None:
                key = self.match_kid(self.get_jwk_set(refresh=True).keys, kid)
            if key is None and self._failed is not None:
                raise self._unavailable(f"no key {_shown(kid)} in the key set, and no newer one can be fetched")
            if key is None:
                raise _unknown(kid)
            return key

    def check(self) -> None:
        """Raise KeySetUnavailable if no key can be had at all."""
        with self._lock:
            self.get_jwk_set()

    def _is_cooling_down(self) -> bool:
        return self._seconds_left() > 0

    def _seconds_left(self) -> float:
        return 0 if self._tried is None else self._tried + self._cooldown - time.monotonic()

    def _unavailable(self, words: str) -> KeySetUnavailable:
        return KeySetUnavailable(f"{words}: try again later", max(self._seconds_left(), 0))


class KeySetOfFile:
    """Reads the file again at the first use after it has changed: a key that was taken out is not trusted any more.

    While it cannot be read the old set serves.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = RLock()
        self._keys: list[PyJWK] = []
        self._read: tuple[int, ...] | None = None
        """By what the file that was read last is known from another."""

    def get_signing_key(self, kid: str) -> PyJWK:
        """Return the key of a name."""
        with self._lock:
            try:
                self.check()
            except KeySetUnavailable:
                if not self._keys:
                    raise
            found = PyJWKClient.match_kid(self._keys, kid)
        if found is None:
            raise _unknown(kid)
        return found

    def check(self) -> None:
        """Read the file, if it has changed; raises KeySetUnavailable if no key can be read from it."""
        try:
            with self._lock:
                file = self._path.stat()
                this = (file.st_mtime_ns, file.st_size, file.st_ino)
                if this != self._read:
                    self._keys = PyJWKSet.from_json(self._path.read_text()).keys
                    self._read = this
        except _NO_SET as error:
            raise KeySetUnavailable(
                f"no key set can be read from {self._path}: {error}: name a file with a JWK set, or its URL"
            ) from error


def _check_url(url: str) -> None:
    """Refuse what would let anybody on the way put keys of their own in place of Canvas's."""
    parts = urlsplit(url)
    is_near = parts.hostname == "localhost" or _is_loopback(parts.hostname or "")
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and is_near)):
        raise UsageError(f"not the URL of a key set: {url}: it begins with https://")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _unknown(kid: str) -> SignatureRefused:
    return SignatureRefused(
        "key", f"a signed body (JWT) by the key {_shown(kid)}, which the key set has not: keys change by the month"
    )


def _shown(kid: str) -> str:
    return repr(kid[:_LONGEST_KID])
