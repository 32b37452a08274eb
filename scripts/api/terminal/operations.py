"""Reports: how things stand, whether all is whole, what is missing, what could not be read."""

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from outcomes.api.answers.operations import (
    Findings,
    Problem,
    Quarantined,
    QuarantineList,
    ReplayedFiles,
    Status,
    Verdict,
)
from outcomes.api.clean_text import clean_lines
from outcomes.api.terminal import parts
from outcomes.api.terminal.dispatch import draw

_TENANTS_NAMED = 3


@draw.register
def status(found: Status) -> RenderableType:
    """Draw the members of a status, inner ones in one line each."""
    flat: dict[str, Any] = {}
    for name, told in found.as_json().items():
        if name == "sqlite":
            flat[name] = told["version"]
            flat.update({f"sqlite {told['version']} has": words for words in told["faults"]})
        elif isinstance(told, dict):
            flat.update({f"{name}: {inner}": f"{count:,}" for inner, count in told.items()})
        elif name == "hosts":
            flat.update({f"host: {sent['host']}": f"from position {sent['first_position']:,} on" for sent in told})
        elif name == "contexts":
            flat.update({f"context: {place['context']}": f"{place['members']:,} members" for place in told})
        else:
            flat[name] = ", ".join(told) if isinstance(told, list) else told
    return parts.facts(flat)


@draw.register
def replayed_files(found: ReplayedFiles) -> RenderableType:
    """Draw what was written; of many tenants only how many there are."""
    many = f"{len(found.tenants):,}" if len(found.tenants) > _TENANTS_NAMED else ", ".join(found.tenants)
    return parts.facts({**found.as_json(), "tenants": many})


@draw.register
def verdict(found: Verdict) -> RenderableType:
    """Draw a proof: the verdict, what was looked at, and each problem."""
    return parts.facts(
        {
            "verdict": "whole" if found.ok else f"{len(found.problems)} problems",
            "events": found.events,
            **({} if found.replayed_entities is None else {"entities replayed": found.replayed_entities}),
            **({"erased": found.erased} if found.erased else {}),
            **({"partly erased": found.partly_erased} if found.partly_erased else {}),
            **({"views made anew": "the same"} if found.ok and found.rebuilt else {}),
            **({"only grown since": found.against} if found.ok and found.against else {}),
            **{f"problem {index}": _in_words(problem) for index, problem in enumerate(found.problems, 1)},
            "not proved by it": "; ".join(found.unproved),
        }
    )


def _in_words(found: Problem) -> str:
    places = (("position", found.position), ("row", found.row))
    return found.problem + next((f" ({name} {place})" for name, place in places if place is not None), "")


@draw.register
def findings(found: Findings) -> RenderableType:
    """Draw each finding with some examples, and below them what to do."""
    rows = []
    for finding in found:
        count = Text(f"{finding.count:,}", style="yellow" if finding.count else "dim")
        examples = Text("\n".join(_example(example) for example in finding.examples) or "-")
        rows.append((finding.finding.replace("_", " "), count, examples))
    advice = [
        Text.assemble((f"{finding.finding.replace('_', ' ')}: ", "bold"), finding.advice)
        for finding in found
        if finding.count
    ]
    return Group(parts.table(("finding", "count", "examples"), rows), *([Text(), *advice] if advice else []))


def _example(example: Mapping[str, Any]) -> str:
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
    more = ", ".join(f"{word}{parts.shown(example[name])}" for name, word in told.items() if name in example)
    return f"{example['kind']}:{parts.shown(example['id'])}, position {example['position']}, {more}"


@draw.register
def quarantine_list(entries: QuarantineList) -> RenderableType:
    """Draw a line for each entry."""
    columns = ("number", "source", "line", "bytes", "times", "reason")
    return parts.table(columns, ([getattr(entry, name) for name in columns] for entry in entries))


@draw.register
def quarantined(found: Quarantined) -> RenderableType:
    """Draw an entry: where it came from and why, and its bytes."""
    entry = found.entry
    content = Text(clean_lines(found.content.decode(errors="replace")))
    return Group(Text(f"{entry.where()}: {entry.reason}", style="dim"), content)
