"""Search: what is here first, what is in force before what is not, and nothing that cannot be told apart."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

import outcomes
from tests.support.pages import page
from tests.support.service import Service, running

TENANT = "school"


def event(name: str, time: str, **body: Any) -> bytes:
    """Return one event as Canvas sends it."""
    metadata = {"event_name": name, "event_time": time, "root_account_uuid": TENANT}
    return orjson.dumps({"metadata": metadata, "body": {"workflow_state": "active", **body}})


def outcome(number: int, place: str, created: str, **body: Any) -> list[bytes]:
    """Return an outcome called Tides, of a place, put into its group."""
    kind, local_id = place.split(":")
    of = {"context_type": kind, "context_id": local_id}
    told = {"learning_outcome_id": str(number), "title": "Reads tides", **of}
    linked = {"learning_outcome_link_id": str(900 + number), "learning_outcome_id": str(number), **of}
    return [
        event("learning_outcome_created", created, **told),
        event("learning_outcome_link_created", created, learning_outcome_group_id=f"{local_id}0", **linked),
        *(event("learning_outcome_updated", time, **told, workflow_state="deleted") for time in body.values()),
    ]


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A school whose account and course have outcomes of one title, of different ages; one of them is removed."""
    folder = tmp_path_factory.mktemp("twins")
    groups = [
        event(
            "learning_outcome_group_created",
            "2025-08-01T08:00:00Z",
            learning_outcome_group_id=f"{place}0",
            title=f"All of {kind} {place}",
            context_type=kind,
            context_id=place,
        )
        for kind, place in (("Account", "1"), ("Course", "5"))
    ]
    events = [
        *groups,
        *outcome(1, "Course:5", "2025-08-02T08:00:00Z"),
        *outcome(2, "Account:1", "2025-10-02T08:00:00Z"),
        *outcome(3, "Account:1", "2025-09-02T08:00:00Z"),
        *outcome(4, "Account:1", "2025-08-02T08:00:00Z", removed="2025-11-05T08:00:00Z"),
    ]
    (folder / "events.ndjson").write_bytes(b"\n".join(events))
    with outcomes.open(folder / "home", create=True) as home:
        home.ingest(Path(folder / "events.ndjson"))
    with running(folder / "home") as service:
        yield service


def found(twins: Service, here: str) -> list[tuple[str, str]]:
    """Return the outcomes that a search finds, each with all that stands beside its title."""
    text = page(twins, "/search", q="tides", c=here).text
    rows = re.findall(r'<li><a href="/outcome/(\d+)[^"]*">[^<]*</a> <span class="quiet">(.*?)</span>', text, re.DOTALL)
    return [(number, re.sub(r"\s*<br>\s*", " | ", told)) for number, told in rows]


def test_what_is_here_comes_first_then_the_oldest(twins: Service) -> None:
    """Of one title each says its place, since when it is in force, and its number; what is removed comes last."""
    assert found(twins, "Account:1") == [
        ("3", "All of Account 1 | in force since 2 Sep 2025 · no scale told · no method told · outcome 3"),
        ("2", "All of Account 1 | in force since 2 Oct 2025 · no scale told · no method told · outcome 2"),
        ("1", "All of Course 5 | in force since 2 Aug 2025 · no scale told · no method told · outcome 1"),
        ("4", "not in force: removed on 5 Nov 2025 · outcome 4"),
    ]
    assert [number for number, _ in found(twins, "Course:5")] == ["1", "3", "2", "4"]


def test_help_begins_with_what_people_come_for(school: Service) -> None:
    """Each thing to do leads to where it begins; what a person may not do is not offered."""
    told = page(school, "/keys").text
    for wanted in (
        "see the tree on a past day",
        "find out who changed an outcome",
        "find out why a score is what it is",
    ):
        assert wanted in told
    for wanted in ("prove a citation", "see whether all of it comes in"):
        assert wanted in told
    ways = re.findall(r'… <a href="([^"]+)">', told)
    assert all(page(school, way.partition("#")[0]).status_code == 200 for way in set(ways))
    less = page(school, "/keys", "tree").text
    assert "why a score" not in less
    assert "comes in" not in less


def test_a_day_before_the_log_began_is_told_apart_from_a_day_without_outcomes(school: Service) -> None:
    """As we knew it on a day before all was loaded there is nothing: it says why, and leads back to what is known."""
    told = page(school, "/tree/Account:1?known=2026-01-31").text
    assert "On 31 January 2026 this log held nothing yet: everything here was loaded on" in told
    assert "Outcome tree of Alderfen Community Schools" in told
    assert '<a href="/tree/Account:1">everything we know today</a>' in told
    assert "this log held nothing yet" not in page(school, "/tree/Account:1?at=2020-01-01").text


def test_nothing_found_says_what_to_try(twins: Service) -> None:
    """Whoever mistyped a title is told what is enough, and where all of them are; who finds something is not."""
    found = page(twins, "/search", q="zzz", c="Account:1").text
    assert "try fewer letters" in found
    assert '/tree/Account:1">the whole tree</a>' in found
    assert "try fewer letters" not in page(twins, "/search", q="tides", c="Account:1").text
