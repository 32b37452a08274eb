"""How a home is opened or made."""

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from outcomes.api.home.home import Home
from outcomes.api.session import Session
from outcomes.domain.errors import HomeUnavailable, LogDamaged, UsageError
from outcomes.store.home_folder import HomeFolder
from outcomes.store.privacy.home_key import named_source
from outcomes.store.privacy.settings import REDACT

if TYPE_CHECKING:
    from outcomes.api.answers.operations import Verdict


def open(  # noqa: A001 - as gzip.open
    folder: str | PathLike[str],
    *,
    create: bool = False,
    encrypt: bool = False,
    views: str | PathLike[str] | None = None,
    key_file: str | PathLike[str] | None = None,
    key_command: str | None = None,
) -> Home:
    """Open a home; `create` makes it if it is not there, encrypted with `encrypt`. Use it in a `with`.

    In place of a folder it may be the URL of a log on PostgreSQL, whose views are in the folder `views` of this machine
    (see docs/scale.md). The key of an encrypted home is in its `home.key`, unless `key_file` names another file, or
    `key_command` a command that prints it.

    Raises HomeUnavailable if there is none, LogDamaged if its log cannot be read, UsageError if it should be encrypted
    and one that is not is there already.
    """
    key_source = named_source(key_file, key_command)
    where = None if views is None else Path(views)
    return Home(Session(folder, create=create, encrypt=encrypt, views=where, key_source=key_source))


def init(
    folder: str | PathLike[str],
    *,
    encrypt: bool = False,
    redact: bool = False,
    views: str | PathLike[str] | None = None,
    key_file: str | PathLike[str] | None = None,
    key_command: str | None = None,
) -> Home:
    """Make a home and open it. Its key, if it has one, is where `open` looks for it.

    `encrypt` encrypts what is about a person with their own key, for `erase`: that is chosen here, once. `redact`
    drops address, browser, session, referrer and login of who acted; `home.settings` can change it. Raises UsageError
    if it is there already and would have to become another.
    """
    there = HomeFolder.at(folder, None if views is None else Path(views))
    if there.store.exists() and not (encrypt or redact):
        raise UsageError(f"{there.place} is there already: nothing was done; name another")
    home = open(folder, create=True, encrypt=encrypt, views=views, key_file=key_file, key_command=key_command)
    if redact:
        home.settings.set(REDACT, "on")
    return home


def verify(
    folder: str | PathLike[str],
    *,
    views: str | PathLike[str] | None = None,
    key_file: str | PathLike[str] | None = None,
    key_command: str | None = None,
    **options: Any,
) -> "Verdict":
    """Return the verdict of `Home.verify`, with its options, also on a log that is too damaged to be opened.

    Raises HomeUnavailable where there is no log, or none that this version knows; UsageError.
    """
    from outcomes.api import maintenance

    options["against"] = maintenance.checkpoint_given(options.get("against"))
    try:
        with open(folder, views=views, key_file=key_file, key_command=key_command) as home:
            return home.verify(**options)
    except (LogDamaged, HomeUnavailable) as error:
        return maintenance.verify_damaged(HomeFolder.at(folder, None if views is None else Path(views)), error)
