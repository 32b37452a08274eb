"""What of a history is missing or at odds: `doctor`."""

import typer

from outcomes.cli.options import AsOfOption, Format, FormatOption, KnownAtOption, TenantOption
from outcomes.cli.output import answer
from outcomes.cli.session import at


def doctor(
    context: typer.Context,
    *,
    tenant: TenantOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Report what is missing or inconsistent in the events, with examples, and say what to do about it.

    It is a report, not a verdict: the exit code is 0 whatever is found (verify is the proof).

    Example: outcomes doctor --as-of 2013-12-01
    """
    with at(context, tenant, as_of, known_at) as point:
        answer(point.doctor(), form)
