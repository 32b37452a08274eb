"""Making a home: `init`, and the setting `redact`."""

from typing import Annotated

import typer

from outcomes.cli.options import home_of, now
from outcomes.cli.output import say
from outcomes.domain.errors import UsageError
from outcomes.store.home import Home
from outcomes.store.log.event_log import EventLog
from outcomes.store.privacy import settings


def init(
    context: typer.Context,
    *,
    encrypt: Annotated[
        bool,
        typer.Option("--encrypt", help="Encrypt what is about a person with their own key, for outcomes erase."),
    ] = False,
    redact: Annotated[
        bool, typer.Option("--redact", help="Drop address, browser, session, referrer and login of who acted.")
    ] = False,
) -> None:
    """Make the data folder. Encryption is chosen here, once; redaction can be changed by outcomes settings set redact.

    Example: outcomes init --encrypt
    """
    home = home_of(context)
    if home.log_path.exists() and not (encrypt or redact):
        raise UsageError(f"{home.folder} is there already: nothing was done; name another folder with --home")
    log = home.open_log(create=True, encrypt=encrypt)
    try:
        if redact:
            set_redaction(home, log, "on")
    finally:
        log.close()
    say(f"{home.folder} is ready{', encrypted' if encrypt else ''}{', redacting' if redact else ''}")


def set_redaction(home: Home, log: EventLog, value: str) -> None:
    """Decide from now on whether what is optional in envelopes is dropped before it is written."""
    with home.writing("settings"), log.writing() as connection:
        settings.record(connection, settings.REDACT, value, now())


def redaction(log: EventLog) -> str:
    """Return "on", "off" or "not set"."""
    with log.reading() as connection:
        return settings.current(connection, settings.REDACT) or "not set"
