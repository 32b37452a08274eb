"""Who may ask the service: `token`; and who looked at whom: `access`."""

from typing import Annotated

import typer

from outcomes.cli.command_line import CommandLine
from outcomes.cli.options import Format, FormatOption, home_of, views_of
from outcomes.cli.output import answer, say
from outcomes.cli.spreadsheets import writes_csv

token_app = CommandLine()
access_app = CommandLine()


@token_app.command("create")
def create_token(
    context: typer.Context,
    *,
    rights: Annotated[
        str,
        typer.Option("--rights", metavar="R,…", help="Any of tree, students, people, ingest, operate, admin."),
    ],
    scope: Annotated[
        str,
        typer.Option(
            "--scope", metavar="S", help="all; or tenant:UUID and Account:ID or Course:ID, separated by commas."
        ),
    ] = "all",
    label: Annotated[str, typer.Option("--label", metavar="TEXT", help="What it is for.")] = "",
    expires: Annotated[
        str | None, typer.Option("--expires", metavar="DURATION", help="Ends after this time: 90d, 52w; else never.")
    ] = None,
    person: Annotated[
        str | None,
        typer.Option("--person", metavar="NAME", help="Who has these rights when a proxy lets them in by this name."),
    ] = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Make a token for the service. Its secret is shown this once and stored nowhere.

    Example: outcomes token create --rights tree,students --label "assessment office" --expires 52w
    """
    from outcomes.api.access import Access  # noqa: PLC0415 - seldom asked for

    with Access(home_of(context), views=views_of(context)) as access:
        answer(access.create_token(rights, scope=scope, label=label, expires=expires, person=person), form)
    say("keep the token now: it is not shown again")


@token_app.command("list")
@writes_csv
def list_tokens(context: typer.Context, form: FormatOption = Format.TABLE) -> None:
    """List all tokens, without their secrets.

    Example: outcomes token list
    """
    from outcomes.api.access import Access  # noqa: PLC0415 - seldom asked for

    with Access(home_of(context), views=views_of(context)) as access:
        answer(access.tokens(), form)


@token_app.command("revoke")
def revoke_token(
    context: typer.Context,
    token_id: Annotated[str, typer.Argument(metavar="ID", help="The token's id, from token list.")],
    form: FormatOption = Format.TABLE,
) -> None:
    """End a token: the next question with it is refused, and its sessions end.

    Example: outcomes token revoke 3f9a01bc
    """
    from outcomes.api.access import Access  # noqa: PLC0415 - seldom asked for

    with Access(home_of(context), views=views_of(context)) as access:
        answer(access.revoke(token_id), form)


@access_app.command("list")
@writes_csv
def list_looks(
    context: typer.Context,
    *,
    student: Annotated[
        str | None, typer.Option("--student", metavar="UUID", help="Only looks at this student.")
    ] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="T", help="From this time on.")] = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """List who was shown what about students by the service, and when.

    Example: outcomes access list --since 2026-11-01
    """
    from outcomes.api.access import Access  # noqa: PLC0415 - seldom asked for

    with Access(home_of(context), views=views_of(context)) as access:
        answer(access.looks(student=student, since=since), form)


@access_app.command("prune")
def prune_looks(
    context: typer.Context,
    *,
    older_than: Annotated[
        str, typer.Option("--older-than", metavar="DURATION", help="Delete what is older: 400d, 80w.")
    ] = "400d",
    form: FormatOption = Format.TABLE,
) -> None:
    """Delete old records of who looked.

    Example: outcomes access prune --older-than 400d
    """
    from outcomes.api.access import Access  # noqa: PLC0415 - seldom asked for

    with Access(home_of(context), views=views_of(context)) as access:
        answer(access.prune(older_than=older_than), form)
