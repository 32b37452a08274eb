"""What of a history is missing or at odds: `doctor`."""

from typing import Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from outcomes.cli import rendering
from outcomes.cli.options import AsOfOption, Format, FormatOption, KnownAtOption, TenantOption, asked, home_of, now
from outcomes.cli.output import answer
from outcomes.cli.session import at
from outcomes.projections.operations.doctor import doctor as findings_at


def doctor(
    context: typer.Context,
    *,
    tenant: TenantOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Report what is missing or at odds in the events, with examples, and say what to do about it.

    It is a report, not a verdict: the exit code is 0 whatever is found (verify is the proof).

    Example: outcomes doctor --as-of 2013-12-01
    """
    with at(home_of(context), asked(tenant, as_of, known_at)) as question:
        findings = findings_at(question.connection, question.point, now())
        heading = question.point.heading()
    answer({**heading, "findings": findings}, form, lambda: _draw(findings), lambda: findings)


def _draw(findings: list[dict[str, Any]]) -> RenderableType:
    rows = []
    for finding in findings:
        count = Text(f"{finding['count']:,}", style="yellow" if finding["count"] else "dim")
        name = str(finding["finding"]).replace("_", " ")
        rows.append((name, count, Text("\n".join(_words(example) for example in finding["examples"]) or "-")))
    advice = [
        Text.assemble((f"{str(finding['finding']).replace('_', ' ')}: ", "bold"), finding["advice"])
        for finding in findings
        if finding["count"]
    ]
    return Group(rendering.table(("finding", "count", "examples"), rows), *([Text(), *advice] if advice else []))


def _words(example: dict[str, Any]) -> str:
    if "from" in example:
        first, last = example["positions"]
        return (
            f"{example['from']} (position {first}) to {example['to']} (position {last}): "
            f"about {example['expected']} events are usual"
        )
    told = {
        "outcome_id": "outcome:",
        "group_id": "group:",
        "implied": "implied: ",
        "event_time": "at ",
        "recorded_at": "recorded at ",
    }
    more = ", ".join(f"{word}{rendering.shown(example[name])}" for name, word in told.items() if name in example)
    return f"{example['kind']}:{rendering.shown(example['id'])}, position {example['position']}, {more}"
