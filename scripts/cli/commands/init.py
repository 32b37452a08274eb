"""Making a home: `init`."""

from typing import Annotated

import typer

from outcomes.cli.options import home_of, is_url, key_of, use_home, views_of
from outcomes.cli.output import say
from outcomes.cli.session import warn_of_others


def init(
    context: typer.Context,
    place: Annotated[
        str | None,
        typer.Argument(
            metavar="DIR|URL", help="The home to make; if left out, the one that --home names.", show_default=False
        ),
    ] = None,
    *,
    encrypt: Annotated[
        bool,
        typer.Option(
            "--encrypt",
            help="Encrypt what is about a person with their own key, so that outcomes erase can forget them.",
        ),
    ] = False,
    redact: Annotated[
        bool, typer.Option("--redact", help="Drop the address, browser, session, referrer and login of whoever acted.")
    ] = False,
) -> None:
    """Make the data folder. Encryption is chosen here, once; redaction can be changed by outcomes settings set redact.

    Given the URL of a PostgreSQL database, it makes the log's schema and tables there, and prints the grants.

    Example: outcomes init postgresql://owner@db.school.example/outcomes
    """
    from outcomes.api import home  # noqa: PLC0415 - slow to load, and not needed to show help

    if place is not None:
        use_home(context, place)
    where = home_of(context)
    with home.init(where, encrypt=encrypt, redact=redact, views=views_of(context), **key_of(context)) as made:
        if is_url(where):
            for statement in made.grants():
                print(f"{statement};")
        else:
            warn_of_others(made.folder)
        say(f"{made.place} is ready{', encrypted' if encrypt else ''}{', redacting' if redact else ''}")
