"""Where in PostgreSQL a state is to be written: an address whose password is never shown."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

from outcomes.domain.errors import UsageError

_SCHEMES = ("postgresql://", "postgres://")
_SECRETS = {"password", "sslpassword", "passfile"}
_LONGEST_NAME = 63 - len("_unfinished")
"""PostgreSQL cuts longer names, and says so only in passing."""


def is_postgres(target: str) -> bool:
    """Say whether a target of a replay is a schema in PostgreSQL, and no file."""
    return target.startswith(_SCHEMES)


@dataclass(frozen=True)
class SchemaAddress:
    """A schema of a database. `conninfo` is what libpq takes, `shown` what may be shown; it is also `str()` of it."""

    conninfo: str
    schema: str
    shown: str
    _secrets: tuple[str, ...]

    def __str__(self) -> str:
        return self.shown

    @classmethod
    def of(cls, url: str) -> Self:
        """Read postgresql://USER@HOST/DATABASE/SCHEMA, with whatever libpq takes behind a `?`; raises UsageError."""
        parts = urlsplit(url)
        login, at, hosts = parts.netloc.rpartition("@")
        user, _, password = login.partition(":")
        path = [unquote(name) for name in parts.path.split("/")[1:]]
        # Not by urlunsplit: it forgets the slashes before a host that is left out, as one on this machine may be.
        shown = f"{parts.scheme}://{user}{at}{hosts}{parts.path}"
        if len(path) != 2 or not all(path):  # noqa: PLR2004 - a database and a schema
            raise UsageError(f"{shown}: name a database and a schema in it: postgresql://USER@HOST/DATABASE/SCHEMA")
        schema = path[1]
        if len(schema.encode()) > _LONGEST_NAME:
            raise UsageError(f"{shown}: a name of more than {_LONGEST_NAME} bytes: give the schema a shorter one")
        options = f"?{parts.query}" if parts.query else ""
        conninfo = f"{parts.scheme}://{parts.netloc}{parts.path.rpartition('/')[0]}{options}"
        told = [value for name, value in parse_qsl(parts.query) if name in _SECRETS]
        secrets = {password, unquote(password), *told} - {""}
        return cls(conninfo, schema, shown, tuple(sorted(secrets, key=len, reverse=True)))

    def hide_secrets(self, text: str) -> str:
        """Return a text without the password, should it quote the address."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text
