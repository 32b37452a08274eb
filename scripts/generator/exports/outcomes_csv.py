"""The root account's CSV of outcomes, as Canvas exports it: groups first, generation by generation, nothing deleted."""

import csv
from collections.abc import Iterator
from pathlib import Path

from scripts.generator.exports.database import Database, Row
from scripts.generator.exports.tables import as_of

# Written down anew, though the product has them: what an export is tested with must not be made by what reads it.
_COLUMNS = (
    "canvas_id",
    "vendor_guid",
    "object_type",
    "title",
    "description",
    "display_name",
    "calculation_method",
    "calculation_int",
    "parent_guids",
    "workflow_state",
    "mastery_points",
    "ratings",
)


def write_outcomes(path: Path, database: Database, until: dict[str, int], account: str) -> None:
    """Write what hangs in the tree of an account."""
    groups = {number: body for number, body in _active(database, "group", until) if _is_of(body, account)}
    outcomes = dict(_active(database, "outcome", until))
    generations = list(_generations(groups))
    hanging = {number for number, body in groups.items() if _is_root(body)} | {number for number, _ in generations}
    places: dict[str, list[str]] = {}
    for _, link in _active(database, "link", until):
        if _is_of(link, account) and link["learning_outcome_group_id"] in hanging:
            places.setdefault(link["learning_outcome_id"], []).append(link["learning_outcome_group_id"])
    with path.open("w", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for number, parent in generations:
            body = groups[number]
            above = "" if _is_root(groups[parent]) else _guid(groups[parent], "canvas_outcome_group", parent)
            told = [body["title"], body.get("description"), "", "", "", above, body["workflow_state"], ""]
            writer.writerow([number, _guid(body, "canvas_outcome_group", number), "group", *told])
        for number, parents in sorted(places.items(), key=lambda place: int(place[0])):
            if number in outcomes:
                writer.writerow(_outcome(number, outcomes[number], [(one, groups[one]) for one in parents]))


def _active(database: Database, kind: str, until: dict[str, int]) -> Iterator[tuple[str, Row]]:
    for number, saves in database.of(kind):
        one = as_of(saves, until[kind])
        if one is not None and one.body["workflow_state"] != "deleted":
            yield number, one.body


def _is_of(body: Row, account: str) -> bool:
    return (body.get("context_type"), str(body.get("context_id"))) == ("Account", account)


def _is_root(body: Row) -> bool:
    return body.get("parent_outcome_group_id") is None


def _guid(body: Row, fallback: str, number: str) -> str:
    return body.get("vendor_guid") or f"{fallback}:{number}"


def _generations(groups: dict[str, Row]) -> Iterator[tuple[str, str]]:
    """Yield the groups below the root, parents before children, each with its parent."""
    known = [number for number, body in groups.items() if _is_root(body)]
    while known:
        below = [number for number, body in groups.items() if body.get("parent_outcome_group_id") in known]
        yield from ((number, groups[number]["parent_outcome_group_id"]) for number in below)
        known = below


def _outcome(number: str, body: Row, parents: list[tuple[str, Row]]) -> list[str | float | None]:
    criterion = body["rubric_criterion"]
    guids = [_guid(group, "canvas_outcome_group", one) for one, group in parents if not _is_root(group)]
    return [
        number,
        _guid(body, "canvas_outcome", number),
        "outcome",
        body["title"],
        body.get("description"),
        body.get("display_name"),
        body["calculation_method"],
        body.get("calculation_int"),
        " ".join(guids),
        body["workflow_state"],
        criterion["mastery_points"],
        *(cell for rating in criterion["ratings"] for cell in (rating["points"], rating["description"])),
    ]
