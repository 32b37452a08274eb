"""What went wrong, in one line: what happened, where, what to do."""

import errno
import sqlite3

import typer

from outcomes.domain.errors import OutcomesError

_MEND_VIEWS = "if it is views.db that is damaged, outcomes rebuild mends it"
_CHECK_FOLDER = "is the folder writable, and is there room on the disk? Nothing half-written is kept"
_OF_THE_NAME = {errno.ENAMETOOLONG, errno.ELOOP, errno.EISDIR, errno.ENOTDIR}


def in_words(error: Exception) -> str | None:
    """Return the line for an expected failure; None for a defect of ours, empty where the help has said it all."""
    if isinstance(error, typer.TyperException):
        message = _of_command_line(error)
        return message and f"{message}: see {' '.join(('outcomes', *_command_of(error)))} --help"
    if isinstance(error, OSError):
        return _of_system(error)
    if isinstance(error, sqlite3.Error):
        return _of_database(error)
    if isinstance(error.__cause__, sqlite3.Error) and not isinstance(error, OutcomesError):
        return _of_database(error.__cause__)  # the library has wrapped it
    return _of_ours(error)


def _of_command_line(error: typer.TyperException) -> str:
    """Return what typer says, with the value, of which it says only what it should have been."""
    from pydantic import ValidationError  # noqa: PLC0415 - slow to load, and most commands are typed as they should be

    message = error.format_message().rstrip(".").replace("Value error, ", "")
    if not isinstance(error.__cause__, ValidationError):
        return message
    given = repr(str(error.__cause__.errors()[0]["input"]))
    return message if given in message else f"{message}, not {given}"


def _command_of(error: typer.TyperException) -> list[str]:
    """Return the words of the command that was asked for, however the program was started."""
    names: list[str] = []
    context = getattr(error, "ctx", None)
    while context is not None and context.parent is not None:
        names.insert(0, context.info_name)
        context = context.parent
    return names


def _of_ours(error: Exception) -> str | None:
    match error:
        case OutcomesError():
            return str(error)
        case UnicodeEncodeError():
            return f"not text in UTF-8: {error.object!r}: write it in UTF-8"
        case RecursionError():
            return "this tree is too deep for that format: --format ndjson and csv have no limit"
        case _:
            return None


def _of_system(error: OSError) -> str:
    if error.errno in _OF_THE_NAME:
        return f"{error.strerror}: {error.filename}: name another"
    what = error.strerror or str(error)
    where = "" if error.filename is None else f": {error.filename}"
    return f"{what}{where}: {_CHECK_FOLDER}"


def _of_database(error: sqlite3.Error) -> str:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    where = next(iter(getattr(error, "__notes__", ())), "the database")
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return f"{error}: {_MEND_VIEWS}"
    if code == sqlite3.SQLITE_BUSY:
        from outcomes.store.sqlite.datastore import BUSY_SECONDS  # noqa: PLC0415 - needs file locks, as this does not

        return f"another program has kept {where} locked for {BUSY_SECONDS} s: end it, then try again"
    return f"{error}: {_CHECK_FOLDER}"
