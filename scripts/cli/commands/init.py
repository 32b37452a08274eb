"""Making a home: `init`."""

from typing import Annotated

import typer

from outcomes.cli.options import folder_of, key_of
from outcomes.cli.output import say
from outcomes.cli.session import warn_of_others


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
    from outcomes.api import home  # noqa: PLC0415 - slow to load, and not needed to show help

    folder = folder_of(context)
    home.init(folder, encrypt=encrypt, redact=redact, **key_of(context)).close()
    warn_of_others(folder)
    say(f"{folder} is ready{', encrypted' if encrypt else ''}{', redacting' if redact else ''}")
