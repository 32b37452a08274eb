"""What events missed is found in an export, all of it and nothing else, and made good."""

import csv
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import outcomes
from scripts.generator.exports import Made, make

EVENTS = 6_000


class Schools(NamedTuple):
    """One school, told with gaps and told whole, and what its export makes of both."""

    made: Made
    gaps: outcomes.Home
    whole: outcomes.Home
    found: Any
    written: Any
    head: int
    """Of the home with gaps, once what it missed was written."""


@pytest.fixture(scope="module")
def schools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Schools]:
    """A year of which one event in a hundred was lost, beside the same year with all of them."""
    folder = tmp_path_factory.mktemp("exports")
    made = make(folder, events=EVENTS, seed=7, form="csv.gz")
    export = folder / "canvas_data_2"
    with (
        outcomes.open(folder / "gaps", create=True) as gaps,
        outcomes.open(folder / "whole", create=True) as whole,
    ):
        gaps.ingest(str(folder / "events.ndjson"))
        whole.ingest(str(folder / "all-events.ndjson"))
        found = gaps.reconcile(export, at=made.at)
        findings = list(found.findings)
        whole.reconcile(export, at=made.at, write=True)
        written = gaps.reconcile(export, at=made.at, write=True)
        yield Schools(made, gaps, whole, (found, findings), written, gaps.head)


def test_all_that_was_lost_is_named_and_nothing_else(schools: Schools) -> None:
    """Every entity whose last save was never told is missed or never told, and no other is."""
    _, findings = schools.found
    named = {(one.kind, one.id) for one in findings if one.verdict in {"missed", "never_told"}}
    lost = {(one.kind, one.id) for one in schools.made.lost}
    assert len(lost) > 30
    assert named == lost


def test_the_window_is_right(schools: Schools) -> None:
    """What was missed lies between the save that was told last and the one that the export holds, to the second."""
    _, findings = schools.found
    windows = {(one.kind, one.id): (one.since, one.until) for one in findings}
    for lost in schools.made.lost:
        since, until = windows[lost.kind, lost.id]
        assert abs((until - lost.until).total_seconds()) < 1
        if lost.since is not None:
            assert abs((since - lost.since).total_seconds()) < 1.1


def test_rows_that_are_gone_or_cannot_be_told_are_named(schools: Schools) -> None:
    """What the export no longer holds is gone; what it does not specify nobody can say."""
    _, findings = schools.found
    assert {(one.kind, one.id) for one in findings if one.verdict == "gone"} == schools.made.gone
    assert {(one.kind, one.id) for one in findings if one.verdict == "cannot_say"} == schools.made.unspecified


def test_an_export_of_what_was_told_gives_no_alarm(schools: Schools) -> None:
    """Of a log that missed nothing no entity is missed, and the answer is true."""
    again = schools.whole.reconcile(schools.made.folder / "canvas_data_2", at=schools.made.at)
    counts = {
        verdict: sum(row.get(verdict, 0) for row in again.verdicts.values()) for verdict in ("missed", "never_told")
    }
    assert counts == {"missed": 0, "never_told": 0}
    assert again.ok


def test_coverage_adds_up(schools: Schools) -> None:
    """Each row of coverage is told, observed, missed or never told, and only a whole one has 100 percent."""
    found, _ = schools.found
    for row in found.coverage:
        assert row.told + row.observed + row.missed + row.never_told == row.total
        assert (row.percent == 100) == (row.told == row.total)
    missing = sum(row.missed + row.never_told for row in found.coverage)
    assert missing == len(schools.made.lost)


def test_after_writing_every_answer_is_that_of_a_home_that_missed_nothing(schools: Schools) -> None:
    """Scores, trees and classes are equal; so is what another look at the export says."""
    gaps, whole = schools.gaps.at(), schools.whole.at()
    assert [row.as_json() for row in gaps.mastery()] == [row.as_json() for row in whole.mastery()]
    for place in {place.context for place in schools.whole.status().contexts}:
        assert _without_position(gaps.tree(place).as_json()) == _without_position(whole.tree(place).as_json())
    again = schools.gaps.reconcile(schools.made.folder / "canvas_data_2", at=schools.made.at, write=True)
    assert again.ok
    assert again.appended == 0


def _without_position(tree: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in tree.items() if name != "known_at"}


def test_writing_tells_the_scores_that_it_changed(schools: Schools) -> None:
    """They are those that differ between the log without the observations and with them."""
    before = {
        _key(row): row.score for row in schools.gaps.at(known_at=schools.gaps.head - schools.written.appended).mastery()
    }
    after = {_key(row): row.score for row in schools.gaps.at().mastery()}
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert changed
    assert changed == {_key(one) for one in schools.written.changed if one.score[0] != one.score[1]}


def test_late_tells_the_same_scores_event_by_event(schools: Schools) -> None:
    """From the first observation of a writing to its last, what late tells adds up to what the writing changed."""
    last = schools.head
    wanted = range(last - schools.written.appended + 1, last + 1)
    moves: dict[tuple[str, str, str], list[tuple[int, Any]]] = {}
    for entry in schools.gaps.at().late(over="0s"):
        for row in entry.scores if entry.position in wanted else ():
            key = (row["course_id"], row["student"], row["outcome_id"])
            moves.setdefault(key, []).append((entry.position, (row["score"], row["mastered"])))
    told = {}
    for key, found in moves.items():
        found.sort()
        assert all(one[1][0][1] == other[1][0][0] for one, other in pairwise(found)), "each begins where the last ended"
        score, mastered = zip(found[0][1], found[-1][1], strict=True)
        told[key] = [(one[0], other[1]) for one, other in (score, mastered)]
    changed = {_key(row): [tuple(row.score), tuple(row.mastered)] for row in schools.written.changed}
    assert len(changed) > 50
    assert {key: move for key, move in told.items() if any(before != after for before, after in move)} == changed


def _key(row: Any) -> tuple[str, str, str]:
    return row.course_id, row.student, row.outcome_id


def test_every_number_of_canvas_is_ours_once_the_export_is_read(schools: Schools) -> None:
    """Hidden results, removed alignments and the times of handing in came with it: nothing is left to explain."""
    made = schools.made
    found = schools.gaps.reconcile(made.folder / "rollups.json", at=made.at)
    assert found.unknown_students == 0
    assert found.compared > 500
    assert {one.cause for one in found.findings} == {"new_quizzes"}


def test_the_report_brings_new_quizzes(schools: Schools) -> None:
    """With the report every number is Canvas's; a row for each section, question and attempt counts once."""
    made = schools.made
    home = outcomes.open(schools.gaps.folder)
    try:
        quizzes = made.facts.new_quizzes
        found = home.reconcile(made.folder / "report.csv", at=made.at, write=True)
        sections = 2  # the report's own, which no table of the export has
        assert found.appended == sections + len(
            {(quiz["assignment"], quiz["user"], quiz["outcome"]) for quiz in quizzes}
        )
        assert home.reconcile(made.folder / "report.csv", at=made.at, write=True).appended == 0
        assert home.reconcile(made.folder / "rollups.json", at=made.at).causes == {}
    finally:
        home.close()


def test_the_csv_of_outcomes_is_the_tree_that_is_known(schools: Schools) -> None:
    """Of a log that missed nothing all is the same; where one was changed since, a later file shows what and when."""
    made = schools.made
    found = schools.whole.reconcile(made.folder / "outcomes.csv", at=made.at)
    assert found.ok
    assert {verdict for counts in found.verdicts.values() for verdict in counts} == {"same"}
    changed = made.folder / "changed.csv"
    lines = (made.folder / "outcomes.csv").read_text().splitlines(keepends=True)
    number, guid, kind, *rest = next(line for line in lines if ",outcome," in line).split(",")
    spoilt = [line.replace(f"{number},{guid},{kind},", f"{number},{guid},{kind},New ", 1) for line in lines]
    changed.write_text("".join(spoilt))
    later = datetime.fromisoformat(made.at) + timedelta(days=2)
    (missed,) = schools.whole.reconcile(changed, at=later).findings
    assert (missed.kind, missed.id, missed.verdict, missed.until) == ("outcome", number, "missed", later)
    assert missed.fields["title"][1].startswith("New ")
    assert rest


def test_a_home_begins_from_the_csv_of_outcomes_and_the_report(tmp_path: Path, schools: Schools) -> None:
    """Groups, outcomes, sections and the school's own ids, each once; links and results have no ids there."""
    made = schools.made
    with outcomes.open(tmp_path / "home", create=True) as home:
        tenant, context = made.school.uuid, "Account:1"
        first = home.bootstrap(made.folder / "outcomes.csv", at=made.at, tenant=tenant, context=context)
        rows = list(csv.reader((made.folder / "outcomes.csv").read_text().splitlines(keepends=True)))
        assert first.appended == len(rows) - 1 == sum(first.written.values())
        assert home.bootstrap(made.folder / "outcomes.csv", at=made.at, context=context).appended == 0
        second = home.bootstrap(made.folder / "report.csv", at=made.at)
        assert second.written["section"] >= 1
        assert second.written["course_detail"] >= 1
        assert home.bootstrap(made.folder / "report.csv", at=made.at).appended == 0
        with pytest.raises(outcomes.UsageError, match="give --context"):
            home.bootstrap(made.folder / "outcomes.csv", at=made.at)


def test_scores_are_cut_by_section_and_term(schools: Schools) -> None:
    """By Canvas's own id or the school's; who is enrolled in the section, and which courses are of the term."""
    now = schools.whole.at()
    rows = list(now.mastery())
    autumn = {row.course_id for row in rows if 1 + int(row.course_id) % 2 == 1}
    assert {row.course_id for row in now.mastery(term="T-1")} == autumn
    assert [*now.mastery(term=1)] == [*now.mastery(term="T-1")]
    enrollment = next(
        saves[-1].body
        for _, saves in schools.made.database.of("enrollment")
        if saves[-1].body["type"] == "StudentEnrollment" and saves[-1].body["workflow_state"] == "active"
    )
    section, course = (str(int(enrollment[name]) % 10**13) for name in ("course_section_id", "course_id"))
    seen = list(now.mastery(section=f"S-{section}"))
    assert {row.course_id for row in seen} == {course}
    assert enrollment["user_uuid"] in {row.student for row in seen}
    with pytest.raises(outcomes.UsageError, match="no such section: 'X'"):
        list(now.mastery(section="X"))


def test_history_names_the_export_as_the_actor(schools: Schools) -> None:
    """Timeline and blame say where an observation was seen."""
    lost = next(one for one in schools.made.lost if one.kind == "result")
    seen = f"seen in an export of {schools.made.at} (learning_outcome_results)"
    entries = list(schools.gaps.at().timeline(entity=f"result:{lost.id}", all=True))
    assert entries[-1].actor.via == seen
    assert schools.gaps.at().blame("result", lost.id).fields["learning_outcome_id"].actor.via
    assert list(schools.gaps.at().timeline(actor="seen in an export of", limit=3))


def test_the_log_is_whole_with_observations(schools: Schools) -> None:
    """Replay, views and chain agree, as with events alone."""
    assert schools.gaps.verify(rebuild=True).ok
