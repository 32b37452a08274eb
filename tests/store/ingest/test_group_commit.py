"""Deliveries that are committed together: each has its own counts, and all of one sender are one batch of the log."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import outcomes
from outcomes.domain.errors import HomeUnavailable, LogDamaged, OutcomesError
from outcomes.store.ingest.group_commit import Delivery
from tests.support.given import event, lines, outcome, user

ONE, TWO = (outcome(number, "2026-02-01") for number in "12")
UNKNOWN = event("conversation_created", "2026-02-02", {"conversation_id": "5"})


@pytest.mark.parametrize("is_encrypted", [False, True])
def test_each_delivery_has_its_own_counts(tmp_path: Path, *, is_encrypted: bool) -> None:
    """Repeats inside the group, of the same sender and of another, damage, names that no view shows, an empty one."""
    with outcomes.open(tmp_path / "home", create=True, encrypt=is_encrypted) as home:
        received = home.receive(
            [
                Delivery("https:a", lines(ONE, user("2026-02-01"))),
                Delivery("canvas:b", lines(TWO)),
                Delivery("https:a", lines(TWO, ONE, b"no event at all")),
                Delivery("https:a", lines(UNKNOWN)),
                Delivery("https:a", b""),
            ]
        )
        assert home.head == 4
        assert home.verify(all=True)
    told = [(one.read, one.appended, one.duplicates, one.quarantined, one.unprojected, one.head) for one in received]
    new = {number: told[number][1] for number in (1, 2)}
    assert new in ({1: 1, 2: 0}, {1: 0, 2: 1})  # whichever of the two comes first in the log
    assert told == [
        (2, 2, 0, 0, 0, 4),
        (1, new[1], 1 - new[1], 0, 0, 4),
        (3, new[2], 2 - new[2], 1, 0, 4),
        (1, 1, 0, 0, 1, 4),
        (0, 0, 0, 0, 0, 4),
    ]


def test_all_of_a_sender_are_one_batch(tmp_path: Path) -> None:
    """A hundred small deliveries grow the log by a batch a sender, not by a hundred; its name is kept."""
    with outcomes.open(tmp_path / "home", create=True) as home:
        home.receive(
            [Delivery(f"https:{number % 2}", lines(outcome(str(number), "2026-02-01"))) for number in range(100)]
        )
        assert home.verify(all=True)
    with closing(sqlite3.connect(tmp_path / "home" / "log.db")) as log:
        assert log.execute("SELECT source, last_position - first_position + 1 FROM batches ORDER BY 1").fetchall() == [
            ("https:0", 50),
            ("https:1", 50),
        ]


@pytest.mark.parametrize(
    ("changed", "raised"),
    [
        ("ALTER TABLE quarantine DROP COLUMN places", LogDamaged),
        ("UPDATE properties SET value = '9' WHERE name = 'format'", HomeUnavailable),
    ],
)
def test_what_others_make_of_the_log_meanwhile_is_seen(
    tmp_path: Path, changed: str, raised: type[OutcomesError]
) -> None:
    """Its tables and its format are as they are at each commit, not as they were at the one before."""
    with outcomes.init(tmp_path / "home") as home:
        for event_ in (ONE, TWO):
            home.receive([Delivery("https:a", lines(event_))])
        with closing(sqlite3.connect(tmp_path / "home" / "log.db", isolation_level=None)) as log:
            for (name,) in log.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
                log.execute(f"DROP TRIGGER {name}")
            home.receive([Delivery("https:a", lines(UNKNOWN))])  # after which the tables were last looked at
            log.execute(changed)
        with pytest.raises(raised):
            home.receive([Delivery("https:a", lines(user("2026-02-01")))])
        assert home.head == 3
