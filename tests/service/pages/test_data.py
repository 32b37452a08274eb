"""What a page's data link gives, where it is more than one answer holds: its `Link` leads through all of it."""

import csv
import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import httpx
import pytest

import outcomes
from tests.support.given import group, lines
from tests.support.pages import page
from tests.support.service import Service, running

CHANGES = 10_203
"""More than a route gives at once."""
TIME = "2025-09-01T08:00:00.000Z"


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A school that made so many groups, all at one instant."""
    folder: Path = tmp_path_factory.mktemp("many") / "home"
    with outcomes.open(folder, create=True) as home:
        home.ingest(lines(*(group(str(number), TIME) for number in range(1, CHANGES + 1))))
    with running(folder) as found:
        yield found


def ids(answer: httpx.Response) -> list[str]:
    """Return whose changes an answer tells, in whichever form it is."""
    kind = answer.headers["content-type"].partition(";")[0]
    if kind == "text/csv":
        return [row["id"] for row in csv.DictReader(answer.text.splitlines())]
    if kind == "application/x-ndjson":
        return [json.loads(line)["id"] for line in answer.text.splitlines()]
    return [row["id"] for row in answer.json()["items"]]


@pytest.mark.parametrize("form", ["csv", "json", "ndjson"])
def test_the_link_of_a_pages_data_leads_through_every_row_once(many: Service, form: str) -> None:
    """From the address that the page itself gives; each answer goes on where the one before it ended."""
    shown = page(many, "/changes/Account:1?kind=group")
    data = re.search(r'href="([^"]*/changes/Account:1\.csv[^"]*)"', shown.text)
    assert data is not None
    address, told, answers = unescape(data[1]).replace(".csv", f".{form}"), [], 0
    while address:
        answer = page(many, address)
        assert answer.status_code == 200
        told += ids(answer)
        answers += 1
        address = answer.links.get("next", {}).get("url", "")
        assert answers < 9
    assert answers == 2
    assert len(told) == CHANGES
    assert set(told) == {str(number) for number in range(1, CHANGES + 1)}
