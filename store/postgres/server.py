"""Where a log on PostgreSQL is: a URL, taken apart once. Its password is never shown."""

from hashlib import sha256
from typing import NamedTuple

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Conninfo

from outcomes.domain.errors import UsageError

SCHEMA = "outcomes"
"""The schema that holds a log; a database has one."""
_KEY_LETTERS = 16
_PATIENCE_SECONDS = 10.0


class Server(NamedTuple):
    """A database and how to connect to it: the parameters of libpq; what is not named is in its environment."""

    parameters: dict[str, str]

    @classmethod
    def at(cls, url: str) -> "Server":
        """Take a URL apart; raises UsageError without repeating it, for it may hold a password."""
        try:
            found = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
        except psycopg.Error:
            raise UsageError(
                "the URL of the log cannot be read: write postgresql://USER@HOST:PORT/DATABASE, with %XX for what is "
                "special in a name or password"
            ) from None
        if "@" in found.get("host", ""):
            raise UsageError("the URL of the log has more than one @: write the one in a password as %40")
        return cls(found)

    @property
    def place(self) -> str:
        """Where it is, for messages."""
        of = self.parameters
        user = f"{of['user']}@" if "user" in of else ""
        port = f":{of['port']}" if "port" in of else ""
        host, database = of.get("host", ""), of.get("dbname", "")
        # The folder of a unix socket stands where no one takes it for the name of the database.
        if host.startswith("/"):
            return f"postgresql://{user}{port}/{database}?host={host}"
        return f"postgresql://{user}{host}{port}/{database}"

    @property
    def patience(self) -> float:
        """How many seconds it is waited for while it starts, or fails over: `connect_timeout` of its URL, else 10."""
        told = self.parameters.get("connect_timeout", "")
        return float(told) if told.isdecimal() and int(told) else _PATIENCE_SECONDS

    @property
    def key(self) -> str:
        """A short name of the database, the same for whoever connects to it; of what is not named, libpq's defaults."""
        defaults = {option.keyword: option.val for option in Conninfo.get_defaults()}
        of = {name.decode(): value.decode() for name, value in defaults.items() if value} | self.parameters
        of.setdefault("dbname", of.get("user", ""))
        words = "\0".join(of.get(name, "") for name in ("host", "hostaddr", "port", "dbname"))
        return sha256(words.encode()).hexdigest()[:_KEY_LETTERS]
