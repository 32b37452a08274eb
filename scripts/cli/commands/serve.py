"""`serve`: every question by HTTP."""

import getpass
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from outcomes.api.extras import require
from outcomes.cli.options import IssuerOption, JwksOption, folder_of, home_of, key_of, views_of
from outcomes.domain.errors import UsageError

if TYPE_CHECKING:
    from outcomes.service.configuration import Configuration
    from outcomes.service.server import Address


def serve(  # noqa: PLR0913 - one parameter per option
    context: typer.Context,
    *,
    host: Annotated[str, typer.Option("--host", metavar="H", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", metavar="N", min=0, max=65_535, help="0 takes any that is free.")
    ] = 8765,
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", metavar="NAME", help="Another host name that requests may use; may be repeated."),
    ] = None,
    behind_proxy: Annotated[
        str | None,
        typer.Option("--behind-proxy", metavar="ADDRESS", help="Address of the TLS proxy, whose headers are trusted."),
    ] = None,
    root_path: Annotated[
        str, typer.Option("--root-path", metavar="PATH", help="Path under which the proxy serves it.")
    ] = "",
    person_header: Annotated[
        str | None,
        typer.Option(
            "--person-header", metavar="NAME", help="Header in which the proxy names the person it let in: Remote-User."
        ),
    ] = None,
    person_secret: Annotated[
        Path | None,
        typer.Option(
            "--person-secret",
            metavar="FILE",
            help="Secret that the proxy sends with it, as Outcomes-Proxy-Secret, so that nobody else can claim a name.",
        ),
    ] = None,
    tls_cert: Annotated[
        Path | None, typer.Option("--tls-cert", metavar="FILE", help="Certificate, to speak TLS.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option("--tls-key", metavar="FILE", help="Its private key.")] = None,
    jwks: JwksOption = None,
    issuer: IssuerOption = None,
    signed_only: Annotated[
        bool, typer.Option("--signed-only", help="Refuse deliveries that Canvas has not signed.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Try each part, say what is missing, and serve nothing.")
    ] = False,
    unit: Annotated[
        bool, typer.Option("--unit", help="Print a systemd unit with the options given here, and serve nothing.")
    ] = False,
) -> None:
    """Serve every question over HTTP, until stopped. It prints a link that lets you in, once.

    Programs need a token: outcomes token create.

    Example: outcomes serve --port 8765
    """
    require("uvicorn", "serve")
    require("fastapi", "serve")
    from outcomes.service.configuration import LOCAL_NAMES, Configuration  # noqa: PLC0415 - web libraries are slow to load
    from outcomes.service.server import Address, serve_until_stopped  # noqa: PLC0415 - the same
    from outcomes.store.home_folder import HomeFolder  # noqa: PLC0415 - the same

    if jwks is None and (issuer or signed_only):
        raise UsageError("--issuer and --signed-only are for signed deliveries: give their key set, too, with --jwks")
    if unit and check:
        raise UsageError("--unit only prints, --check only tries: ask for one of them")
    home = HomeFolder.at(home_of(context), views_of(context))
    if home.url is not None:
        home.create()  # of this machine: views, tokens, the record of looks
    names = LOCAL_NAMES | {_host_name(name) for name in allow_host or ()}
    configuration = Configuration(
        folder=home.folder,
        url=home.url,
        hosts=names,
        jwks=jwks,
        issuers=tuple(issuer or ()),
        signed_only=signed_only,
        **key_of(context),
    )
    address = Address(
        host=host,
        port=port,
        tls_cert=tls_cert,
        tls_key=tls_key,
        behind_proxy=behind_proxy,
        person_header=person_header,
        person_secret=person_secret,
        root_path=root_path,
    )
    if unit:
        address.check()
        _print_unit(folder_of(context))
    elif check:
        _check(configuration, address)
    else:
        serve_until_stopped(configuration, address)


def _host_name(name: str) -> str:
    if not re.fullmatch(r"[\w.-]+|\[[0-9A-Fa-f:.]+\]", name):
        raise UsageError(f"--allow-host {name} is no name of a host: write it without scheme, port and path")
    return name.lower()


def _print_unit(folder: Path) -> None:
    from outcomes.service.service_manager import unit  # noqa: PLC0415 - needed by this option only

    given = sys.argv[sys.argv.index("serve") + 1 :]
    owner = folder.owner() if folder.exists() else getpass.getuser()
    print(unit(folder, [word for word in given if word != "--unit"], owner), end="")


def _check(configuration: "Configuration", address: "Address") -> None:
    from outcomes.service.readiness import checks  # noqa: PLC0415 - needed by this option only

    is_well = True
    for part, wrong in checks(configuration, address):
        print(f"{part}: {wrong or 'ok'}")
        is_well = is_well and (wrong is None or part in {"libraries", "access.db"})
    if not is_well:
        raise typer.Exit(1)
