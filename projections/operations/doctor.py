"""What of a history is missing or at odds, with examples, and what to do about each: a report, not a verdict."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from itertools import chain, islice, zip_longest
from typing import Any

from outcomes.domain.times import Micros
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.operations import doctor_checks
from outcomes.projections.operations.doctor_checks import Example
from outcomes.store.log.event_log import EventLog

_EXAMPLES = 5

_ADVICE = {
    "updates_of_things_never_created": "Their history begins with an update: the subscription started later, or their "
    "creation was lost. Ingest older archives of the stream if there are any; until then who created them, and what "
    "they were before, stays unknown.",
    "links_to_unknown_groups": "The outcome hangs nowhere: the tree lists it as detached. The group's events are "
    "missing, or come later: ingest older archives, or save the group once in Canvas, so that it sends its state.",
    "links_to_unknown_outcomes": "The tree shows them as never seen, without title and policy. Ingest older archives, "
    "or save the outcome once in Canvas.",
    "results_of_unknown_outcomes": "No score can be told, since nobody has told the scale. Ingest older archives, or "
    "save the outcome once in Canvas.",
    "results_of_nobody": "They name no student, as in old archives: nobody has told whose they are, so they count in "
    "no score. An export tells it: outcomes reconcile --write.",
    "results_of_deleted_outcomes": "Canvas keeps them, but they count in no rollup while no link of the outcome is "
    "left. If the deletion was a mistake, outcomes blame outcome ID says who to ask.",
    "silent_periods": "No event at all where the weeks around had some. Holidays look like this, and so do a "
    "subscription that was switched off and a consumer that stood still: if it was no holiday, ingest the archive of "
    "that time; Canvas itself sends nothing twice.",
    "order_conflicts": "Event time wins where the row's own clock (updated_at) contradicts it; of two events of one "
    "instant that contradict each other, the digest of their contents decides, which is as good as chance. outcomes "
    "timeline marks them. Compare the entity with Canvas; if they differ, save it once there.",
    "implied_deletions": "Canvas deletes the links of a deleted outcome without an event, so these count as deleted. "
    "Those that are uncertain came back with a CSV import: look in Canvas, and save the link's group there.",
    "several_hosts": "Events of one root account come from several hosts. A copy of Canvas for tests (beta) is made of "
    "production data, and its events look like real ones. Say whose count with outcomes settings set hosts NAME…: "
    "others then go to quarantine; what came before stays in the log. outcomes timeline tells each event's host.",
    "batches_of_the_future": "They are recorded at a time that this machine's clock has not reached: it had run ahead "
    "then, or is behind now. Set it right. Until it has passed that time, what is appended is recorded at the time of "
    "the last batch, and if that is more than a day away ingest asks for --trust-clock.",
}


def doctor(connection: sqlite3.Connection, log: EventLog, point: PointInTime, now: Micros) -> list[dict[str, Any]]:
    """Return the findings, each with its count, some examples and advice; what is fine counts 0. `now` is the clock."""
    links = doctor_checks.Links(connection, point)
    results = doctor_checks.results_without_outcome(connection, point)
    found: dict[str, Iterable[Example]] = {
        "updates_of_things_never_created": doctor_checks.never_created(connection, point),
        "links_to_unknown_groups": links.to_unknown_groups(),
        "links_to_unknown_outcomes": links.to_unknown_outcomes(),
        "results_of_unknown_outcomes": results["unknown"],
        "results_of_nobody": doctor_checks.results_of_nobody(connection, point),
        "results_of_deleted_outcomes": results["deleted"],
        "silent_periods": doctor_checks.silent_periods(connection, point),
        "order_conflicts": _each_once(
            doctor_checks.undecided(connection, log, point), doctor_checks.order_conflicts(connection, point)
        ),
        "implied_deletions": links.deleted_by_implication(),
        "several_hosts": doctor_checks.several_hosts(connection, point),
        "batches_of_the_future": doctor_checks.recorded_after(connection, now),
    }
    return [_finding(name, list(examples)) for name, examples in found.items()]


def _finding(name: str, examples: list[Example]) -> dict[str, Any]:
    return {"finding": name, "count": len(examples), "examples": _some(examples), "advice": _ADVICE[name]}


def _each_once(*examples: Iterable[Example]) -> Iterable[Example]:
    """Return one example of each event."""
    return {example["position"]: example for example in chain.from_iterable(examples)}.values()


def _some(examples: list[Example]) -> list[Example]:
    """Choose a few examples, of each kind in turn."""
    by_kind: dict[Any, list[Example]] = defaultdict(list)
    for example in examples:
        by_kind[example.get("kind")].append(example)
    in_turn = chain.from_iterable(zip_longest(*(few[:_EXAMPLES] for few in by_kind.values())))
    return list(islice((example for example in in_turn if example is not None), _EXAMPLES))
