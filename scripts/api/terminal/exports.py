"""How the log stands to an export: verdicts, coverage in words, and the first findings."""

from itertools import islice

from rich.console import Group, RenderableType
from rich.text import Text

from outcomes.api.answers.exports import Bootstrapped, CoverageRow, Reconciliation, RollupComparison
from outcomes.api.terminal import parts
from outcomes.api.terminal.dispatch import draw

_SHOWN = 40
_COURSES = 20
_PLURALS = {"proficiency": "scales"}


@draw.register
def bootstrapped(found: Bootstrapped) -> RenderableType:
    """Draw what was read and what was news, by table and kind."""
    told = {
        **{f"read: {table}": f"{count:,}" for table, count in found.rows.items()},
        **{f"observed: {kind}": f"{count:,}" for kind, count in found.written.items()},
        "not there": ", ".join(found.missing) or "-",
        "appended": f"{found.appended:,}",
        "head": f"{found.head:,}",
        "seconds": found.seconds,
    }
    return parts.facts(told)


@draw.register
def reconciliation(found: Reconciliation) -> RenderableType:
    """Draw the counts, what events told in percent where that is not all, and the first findings."""
    verdicts = sorted({verdict for counts in found.verdicts.values() for verdict in counts})
    counts = parts.table(
        ("kind", *verdicts),
        ([kind, *(row.get(verdict, 0) for verdict in verdicts)] for kind, row in found.verdicts.items()),
    )
    incomplete = [row for row in found.coverage if row.told != row.total]
    words = [Text(_in_words(row)) for row in incomplete[:_COURSES]]
    if len(incomplete) > _COURSES:
        words.append(Text(f"and {len(incomplete) - _COURSES} more (--format json has all)"))
    if not incomplete:
        words.append(Text("events told all of it"))
    rows = list(islice(found.findings, _SHOWN + 1))
    findings = parts.table(
        ("verdict", "entity", "course", "from", "to", "fields", "why"),
        (
            (
                row.verdict,
                f"{row.kind}:{row.id}",
                row.course,
                parts.shown(row.since),
                parts.shown(row.until),
                parts.changes({name: list(change) for name, change in row.fields.items()}),
                row.why,
            )
            for row in rows[:_SHOWN]
        ),
    )
    more = [Text("… and more: --format ndjson lists every finding")] if len(rows) > _SHOWN else []
    written: list[RenderableType] = (
        [] if found.appended is None else [Text(f"{found.appended:,} observations were recorded"), *_changed(found)]
    )
    listed: list[RenderableType] = [Text(), findings, *more] if rows else []
    return Group(counts, Text(), *words, *listed, *written)


@draw.register
def rollups(found: RollupComparison) -> RenderableType:
    """Draw how many numbers are equal, the causes of the others, and the first of those."""
    facts = {
        "compared": f"{found.compared:,}",
        "equal": f"{found.equal:,}",
        **{cause.replace("_", " "): f"{count:,}" for cause, count in found.causes.items()},
        "unknown students": f"{found.unknown_students:,}",
    }
    columns = ("course_id", "student", "outcome_id", "canvas", "ours", "cause", "why")
    rows = ([getattr(one, name) for name in columns] for one in found.findings[:_SHOWN])
    more = [Text("… and more: --format ndjson lists every one")] if len(found.findings) > _SHOWN else []
    listed: list[RenderableType] = [Text(), parts.table(columns, rows), *more] if found.findings else []
    return Group(parts.facts(facts), *listed)


def _in_words(row: CoverageRow) -> str:
    where = f"Course:{row.course}" if row.course is not None else "accounts"
    rest = f"{100 - row.percent:.2f}".rstrip("0").rstrip(".")
    when = ""
    if row.since is not None and row.until is not None:
        first, last = row.since.date().isoformat(), row.until.date().isoformat()
        when = f" on {first}" if first == last else f" between {first} and {last}"
    why = [f"{row.missed:,} missed" if row.missed else "", f"{row.never_told:,} never told" if row.never_told else ""]
    why.append(f"{row.observed:,} known from exports" if row.observed else "")
    return (
        f"{where}: events told {row.percent:g} % of {row.total:,} {_PLURALS.get(row.kind, f'{row.kind}s')}; "
        f"{rest} % not{when} ({', '.join(part for part in why if part)})"
    )


def _changed(found: Reconciliation) -> list[RenderableType]:
    rows = iter(() if found.changed is None else found.changed)
    first = list(islice(rows, _SHOWN))
    if not first:
        return [] if found.changed is None else [Text("no score changed")]
    count = len(first) + sum(1 for _ in rows)
    table = parts.table(
        ("course", "student", "outcome", "score", "mastered"),
        (
            (
                row.course_id,
                row.student,
                row.outcome_id,
                parts.arrow(*row.score),
                parts.arrow(*row.mastered),
            )
            for row in first
        ),
    )
    return [Text(f"{count:,} scores changed"), table]
