"""What goes wrong at a server, in one line each: what happened, where, what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors

from outcomes.domain.errors import ConnectionLost, HomeBusy, HomeUnavailable, LogDamaged, OutcomesError

LOCK_SECONDS = 60
"""How long a writer waits for another."""
_SOON = (
    "starting up",
    "shutting down",
    "recovery mode",
    "not yet accepting connections",
    "system is not accepting connections",
    "too many clients",
    "connection slots",
    "terminating connection",
)
_FINAL = (
    "FATAL:",
    "connection is bad: invalid ",
    "definition of service",
    "no password supplied",
    "authentication method",
    "does not support SSL",
    "certificate",
)
"""What is said where trying again would be in vain: by a server, or by libpq."""
_SEVERAL = "Multiple connection attempts failed."
"""Stands before the list, where a name has several addresses or a URL several hosts."""
_ROLES = "connect as a role that may: outcomes_writer appends, outcomes_reader reads, and the owner makes and mends"
_STANDBY = (
    "nothing was changed: it is a standby, which only reads: write to the server that it follows, or name the hosts of "
    "both with target_session_attrs=read-write"
)
_GONE = (psycopg.OperationalError, psycopg.InterfaceError)
_CHANGED = (errors.UndefinedTable, errors.UndefinedColumn, errors.UndefinedFunction, psycopg.DataError)


@contextmanager
def in_words(place: str) -> Iterator[None]:
    """Raise an error of ours for one of psycopg's."""
    try:
        yield
    except psycopg.Error as error:
        raise of_ours(error, place) from error


def refusals(error: psycopg.OperationalError) -> tuple[list[str], bool]:
    """Return why servers refuse a connection for good, and whether any of those that were tried may yet let us in."""
    text = str(error)
    tried = text.partition(_SEVERAL)[2].split("\n- ")[1:] or [text]
    final = [one for one in tried if any(words in one for words in _FINAL) and not any(words in one for words in _SOON)]
    said = [one.strip().splitlines()[0].rpartition("FATAL:")[2].strip() for one in final]
    return [why.removeprefix("connection is bad: ") for why in said], len(final) < len(tried)


def not_let_in(said: str, place: str) -> HomeUnavailable:
    """Return our error for a connection that is refused, as long as nothing is changed."""
    return HomeUnavailable(
        f"the server of {place} refuses the connection ({said}): look at the user, the password and the database named"
    )


def of_ours(error: psycopg.Error, place: str) -> OutcomesError:
    """Return our error for one of psycopg's."""
    said = (str(error).strip().splitlines() or [type(error).__name__])[0]
    match error:
        case errors.LockNotAvailable():
            return HomeBusy(f"others have been writing to {place} for more than {LOCK_SECONDS} s: wait, or end them")
        case errors.InsufficientPrivilege() | errors.ReadOnlySqlTransaction() | errors.FeatureNotSupported():
            what_to_do = _ROLES if isinstance(error, errors.InsufficientPrivilege) else _STANDBY
            return HomeUnavailable(f"{place}: {said}: {what_to_do}")
        case errors.DiskFull() | errors.OutOfMemory() | errors.TooManyConnections():
            return HomeUnavailable(f"{place}: {said}: nothing half-written is kept; make room there and try again")
        case errors.QueryCanceled():
            return HomeUnavailable(f"{place}: somebody has ended this at the server ({said}): nothing was changed")
        case _ if isinstance(error, _GONE):
            return ConnectionLost(
                f"no connection to {place} ({said}): is the server up? what was reported is kept, and repeats are not "
                "kept twice: run it again"
            )
        case errors.DataCorrupted() | errors.IndexCorrupted():
            return LogDamaged(f"the server finds {place} damaged ({said}): restore it from a dump, with pg_restore")
        case _ if isinstance(error, _CHANGED):
            return LogDamaged(f"the tables at {place} are not what they were ({said}): run outcomes verify")
        case _:
            return HomeUnavailable(f"{place} has refused this: {said}: nothing was changed")
