"""Hosts: who sent an event is kept and shown, several of one root account are told, and others can be refused."""

from pathlib import Path
from typing import Any

from tests.support.forked import Forked
from tests.support.given import group, lines

HARBOUR, BETA = "harbour.lms.example", "harbour.beta.lms.example"


def sent(local_id: str, host: str | None, title: str = "Tides") -> dict[str, Any]:
    """Return a group's creation, sent by a host."""
    return group(local_id, f"2025-01-0{local_id}", title=title, meta={} if host is None else {"hostname": host})


def mixed(tmp_path: Path) -> Forked:
    """Return a home with events of two hosts, and of none."""
    home = Forked(tmp_path / "home")
    home("ingest", stdin=lines(sent("1", HARBOUR), sent("2", BETA), sent("3", None), sent("4", HARBOUR)))
    return home


def findings(home: Forked, *options: str) -> dict[str, Any]:
    """Return what doctor says of hosts."""
    found = {finding["finding"]: finding for finding in home.json("doctor", *options)["findings"]}
    told: dict[str, Any] = found["several_hosts"]
    return told


def test_the_hosts_of_events_are_kept_and_shown(tmp_path: Path) -> None:
    """By status with the first position of each, by the timeline as a part of who did it; null where none is named."""
    home = mixed(tmp_path)
    told = [(sent["host"], sent["first_position"]) for sent in home.json("status")["hosts"]]
    assert told == [(HARBOUR, 1), (BETA, 2)]
    assert [entry["actor"]["host"] for entry in home.json("timeline")] == [HARBOUR, BETA, None, HARBOUR]
    assert [entry["id"] for entry in home.json("timeline", "--actor", "beta.lms")] == ["2"]
    assert home("verify", "--all", "--rebuild").code == 0


def test_doctor_warns_of_several_hosts_of_one_root_account(tmp_path: Path) -> None:
    """With both names and what to do; as it was known when only one had come there is nothing to tell."""
    home = mixed(tmp_path)
    found = findings(home)
    assert found["count"] == 2
    assert [example["id"] for example in found["examples"]] == [HARBOUR, BETA]
    assert "settings set hosts" in found["advice"]
    assert findings(home, "--known-at", "1")["count"] == 0


def test_other_hosts_than_those_named_are_refused_at_the_door(tmp_path: Path) -> None:
    """Their events go to quarantine, those without a host are taken; named later, a retry takes what waited."""
    home = mixed(tmp_path)
    assert home("settings", "set", "hosts", HARBOUR.upper()).code == 0
    again = lines(sent("5", BETA, "From a copy"), sent("6", HARBOUR), sent("7", None))
    counts = home("ingest", "--format", "json", stdin=again).json()
    assert (counts["appended"], counts["quarantined"]) == (2, 1)
    (entry,) = home.json("quarantine", "list")
    assert entry["reason"].startswith(f"its host '{BETA}' is none of the hosts")
    assert home.json("quarantine", "retry")["appended"] == 0
    listed = {setting["setting"]: setting["value"] for setting in home.json("settings", "list")}
    assert listed["hosts"] == HARBOUR
    assert home("settings", "set", "hosts", "any").code == 0
    assert home.json("quarantine", "retry")["appended"] == 1
    assert home.json("status")["quarantined"] == 0


def test_a_host_is_named_as_events_name_it(tmp_path: Path) -> None:
    """An empty log has no tenant to name hosts for, and a blank is no name: one line, exit 2."""
    assert Forked(tmp_path / "none")("settings", "set", "hosts", HARBOUR).code == 2
    ran = mixed(tmp_path)("settings", "set", "hosts", "two words")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "not names of hosts: 'two words'" in ran.err
