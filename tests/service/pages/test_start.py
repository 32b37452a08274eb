"""The start tells of each change lately what its own request did."""

from pathlib import Path

import outcomes
from tests.support.given import group, lines, outcome
from tests.support.pages import page
from tests.support.service import running

ANN = {"user_id": "41230000000000017", "user_login": "ann", "request_id": "of-ann"}
BEN = {"user_id": "41230000000000018", "user_login": "ben", "request_id": "of-ben"}


def test_who_acts_in_the_same_minutes_is_told_apart(tmp_path: Path) -> None:
    """Ann sets 4 of 5 points and then 4.5; between the two Ben sets 2 for another outcome."""
    told = [
        group("1", "2025-01-01"),
        outcome("7", "2025-01-02"),
        outcome("8", "2025-01-02"),
        outcome("7", "2025-06-01T10:00:00Z", updated="2025-06-01T10:00:00Z", mastery=4, meta=ANN),
        outcome("8", "2025-06-01T10:01:00Z", updated="2025-06-01T10:01:00Z", mastery=2, meta=BEN),
        outcome("7", "2025-06-01T10:02:00Z", updated="2025-06-01T10:02:00Z", mastery=4.5, meta=ANN),
    ]
    with outcomes.open(tmp_path / "home", create=True) as home:
        home.ingest(lines(*told))
    with running(tmp_path / "home") as service:
        start = page(service, "/").text
    of_ann = start[start.index("<b>ann</b>") :]
    assert "4.5" in of_ann.partition("</li>")[0]
    assert "3 → 2" not in of_ann.partition("</li>")[0]
