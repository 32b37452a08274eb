"""The generator of live events: what its streams promise to tests, benchmarks and the demo."""

import doctest
import gc
import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import lru_cache
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import orjson
import pytest

from scripts.generator import (
    PERFECT,
    Faults,
    clock,
    deliver,
    delivery,
    dice,
    generate,
    repeats,
    school,
    school_year,
    size_for,
    sizes,
    true_events,
)
from scripts.generator.delivery import MAX_HELD
from scripts.generator.dice import Dice
from scripts.generator.entities import Outcome, Person, Place
from scripts.generator.repeats import reserialised
from scripts.generator.results import Criterion
from scripts.generator.words import SCALES, SUBJECTS

Event = dict[str, Any]

ROOT = Path(__file__).parents[2]
SMALL = 3_000

KEYS = {
    "account": "account_id",
    "course": "course_id",
    "user": "user_id",
    "enrollment": "enrollment_id",
    "learning_outcome_group": "learning_outcome_group_id",
    "learning_outcome_link": "learning_outcome_link_id",
    "learning_outcome_result": "id",
    "learning_outcome": "learning_outcome_id",
    "outcome_proficiency": "outcome_proficiency_id",
    "outcome_calculation_method": "outcome_calculation_method_id",
    "outcome_friendly_description": "outcome_friendly_description_id",
}
NAMES = {f"{kind}_{verb}" for kind in (*KEYS, "assignment", "submission") for verb in ("created", "updated")} | {
    "rubric_assessed",
    "user_account_association_created",
    "content_migration_completed",
    "outcomes.retry_outcome_alignment_clone",
    "learning_pathway_step_completed",
    "outcome_evidence_shared",
}


def digest(lines: Iterator[bytes]) -> str:
    """Return one fingerprint of a whole stream."""
    return sha256(b"".join(line + b"\n" for line in lines)).hexdigest()


def envelope(event: Event) -> Event:
    """Return the metadata under whichever key it came."""
    found: Event = event["metadata"] if "metadata" in event else event["attributes"]
    return found


def name(event: Event) -> str:
    """Return the name of an event."""
    found: str = envelope(event)["event_name"]
    return found


def happened(event: Event) -> datetime:
    """Return the instant of an event, however written."""
    return datetime.fromisoformat(envelope(event)["event_time"])


def entity(event: Event) -> tuple[str, str] | None:
    """Return kind and id of the row an event speaks of, if it is one of ours."""
    kind = name(event).rpartition("_")[0]
    return (kind, str(event["body"][KEYS[kind]])) if kind in KEYS else None


@lru_cache(maxsize=16)
def truth(events: int = SMALL, seed: int = 7, odd: float = 0.05) -> list[Event]:
    """Return the true events of a school as objects, made once for all tests."""
    return [orjson.loads(line) for line in true_events(events=events, seed=seed, odd=odd)]


def histories(events: list[Event]) -> dict[tuple[str, str], list[Event]]:
    """Return the events of each row, in order."""
    rows = defaultdict(list)
    for event in events:
        if key := entity(event):
            rows[key].append(event)
    return rows


class TestSameArgumentsSameBytes:
    """A stream is a function of its arguments."""

    def test_twice_in_one_process(self) -> None:
        """The same arguments give the same bytes, another seed gives others."""
        first, again, other = (digest(generate(events=SMALL, seed=seed)) for seed in (7, 7, 8))
        assert first == again != other

    @pytest.mark.parametrize("hash_seed", ["0", "4711"])
    def test_whatever_the_hash_seed(self, hash_seed: str) -> None:
        """Another process with another PYTHONHASHSEED writes the same file."""
        command = [sys.executable, "-m", "scripts.generator", "--events", str(SMALL), "--seed", "7"]
        environment = os.environ | {"PYTHONHASHSEED": hash_seed}
        written = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True).stdout
        assert sha256(written).hexdigest() == digest(generate(events=SMALL, seed=7))

    def test_start_moves_the_year(self) -> None:
        """All times follow from the start date: nothing reads a clock."""
        events = [orjson.loads(line) for line in true_events(events=1_500, seed=7, start=date(2031, 9, 1))]
        assert happened(events[0]).date() == date(2031, 9, 1)
        assert happened(events[-1]) < datetime(2032, 8, 1, tzinfo=UTC)


class TestHowMany:
    """The number asked for is the number that comes."""

    @pytest.mark.parametrize("events", [0, 1, 2, 3, 299, 1_000, 3_001, 5_000])
    @pytest.mark.parametrize("tenants", [1, 3])
    def test_exactly_as_many_as_asked(self, events: int, tenants: int) -> None:
        """Deliveries are counted with their repeats and damage; true events are counted as they are."""
        assert sum(1 for _ in generate(events=events, seed=1, tenants=tenants)) == events
        assert sum(1 for _ in true_events(events=events, seed=1, tenants=tenants)) == events

    @pytest.mark.parametrize(
        "faults", [PERFECT, Faults(late=1, repeat=0.5, malformed=0, shuffle=500), Faults(repeat=0, malformed=0.5)]
    )
    def test_however_bad_the_wire(self, faults: Faults) -> None:
        """No share of faults changes the count."""
        assert sum(1 for _ in generate(events=2_000, seed=1, faults=faults)) == 2_000

    def test_lines_are_lines(self) -> None:
        """No line holds a newline, so that they can be joined with newlines."""
        assert not any(b"\n" in line for line in generate(events=SMALL, seed=3))

    def test_impossible_figures_are_refused(self) -> None:
        """Shares that are none, or leave no room for the truth, are refused at once, with the figure and a remedy."""
        with pytest.raises(ValueError, match=r"late is 1\.5: give a share"):
            Faults(late=1.5)
        with pytest.raises(ValueError, match="leave room for the truth"):
            Faults(repeat=0.4, malformed=0.4)
        with pytest.raises(ValueError, match="events -1"):
            generate(events=-1, seed=1, faults=PERFECT)


@pytest.mark.parametrize("seed", [0, 7, 1_234])
@pytest.mark.parametrize("size", [1_000, SMALL])
class TestSmallSchoolHasEverything:
    """The demo is small enough to read, and nothing is missing from it."""

    def test_every_event_name(self, size: int, seed: int) -> None:
        """Every event name occurs."""
        assert {name(event) for event in truth(size, seed)} >= NAMES

    def test_it_is_small(self, size: int, seed: int) -> None:
        """Two sub-accounts, four courses, about forty outcomes and thirty students."""
        kinds = Counter(kind for kind, _ in histories(truth(size, seed)))
        assert kinds["course"] == 4
        assert kinds["account"] == 3
        assert 40 <= kinds["learning_outcome"] <= 60
        assert 30 <= kinds["user"] <= 40

    def test_every_turn_of_fate(self, size: int, seed: int) -> None:
        """Rows are archived, deleted and revived, by hand and by jobs; results are born deleted."""
        turns: set[object] = set()
        revived_by: set[object] = set()
        for (kind, _), events in histories(truth(size, seed)).items():
            states = [event["body"].get("workflow_state") for event in events]
            turns |= {(kind, before, after) for before, after in pairwise([None, *states]) if before != after}
            revived_by |= {
                (kind, envelope(after).get("job_tag"))
                for before, after in pairwise(events)
                if before["body"].get("workflow_state") == "deleted" != after["body"].get("workflow_state")
            }
        assert turns >= {
            ("learning_outcome", "active", "archived"),
            ("learning_outcome", "archived", "active"),
            ("learning_outcome", "active", "deleted"),
            ("learning_outcome", "deleted", "active"),
            ("learning_outcome_group", "active", "archived"),
            ("learning_outcome_group", "archived", "active"),
            ("learning_outcome_group", "active", "deleted"),
            ("learning_outcome_group", "deleted", "active"),
            ("learning_outcome_link", "active", "deleted"),
            ("learning_outcome_result", None, "deleted"),
            ("learning_outcome_result", "active", "deleted"),
            ("learning_outcome_result", "deleted", "active"),
            ("outcome_proficiency", "active", "deleted"),
            ("outcome_proficiency", "deleted", "active"),
            ("outcome_calculation_method", "deleted", "active"),
            ("outcome_friendly_description", "active", "deleted"),
        }
        assert revived_by >= {
            ("learning_outcome", "OutcomeImport#run"),
            ("learning_outcome_group", "OutcomeImport#run"),
            ("learning_outcome", "Canvas::Migration::Worker::CourseCopyWorker#perform"),
        }

    def test_every_edit(self, size: int, seed: int) -> None:
        """Words, bars, levels, methods and places change; some saves change nothing, some cross in the post."""
        edits: set[object] = set()
        for (kind, _), events in histories(truth(size, seed, 0)).items():
            for before, after in pairwise(event["body"] for event in events):
                edits |= {(kind, key) for key in before | after if before.get(key) != after.get(key)}
                if kind == "learning_outcome":
                    levels = [len(body["rubric_criterion"]["ratings"]) for body in (before, after)]
                    edits |= {"other levels"} if levels[0] != levels[1] else set()
                    edits |= {"same again"} if before == after else set()
                    edits |= {"crossed"} if before.get("updated_at", "") > after["updated_at"] else set()
        fields = ("title", "description", "display_name", "rubric_criterion", "calculation_method", "calculation_int")
        assert edits >= {("learning_outcome", field) for field in fields}
        assert edits >= {
            ("learning_outcome_link", "learning_outcome_group_id"),
            ("learning_outcome_group", "parent_outcome_group_id"),
            ("learning_outcome_group", "title"),
            ("outcome_proficiency", "outcome_proficiency_ratings"),
            ("outcome_calculation_method", "calculation_method"),
            ("outcome_friendly_description", "description"),
            ("learning_outcome_result", "score"),
            ("course", "name"),
            "same again",
            "crossed",
            "other levels",
        }

    def test_every_sort_of_result(self, size: int, seed: int) -> None:
        """Rubrics, quizzes and live votes; blanks and bonuses; and a grader for every rubric result."""
        events = truth(size, seed, 0)
        results = [event["body"] for event in events if entity(event) and "result_" in name(event)]
        assert {body["artifact_type"] for body in results} == {
            "RubricAssessment",
            "Quizzes::QuizSubmission",
            "LiveAssessments::Submission",
        }
        assert any("score" not in body for body in results)
        assert any(body.get("percent", 0) > 1 for body in results)
        assessed = {event["body"]["id"]: event for event in events if name(event) == "rubric_assessed"}
        assert {event["body"]["assessment_type"] for event in assessed.values()} == {"grading", "peer_review"}
        rubric = [body for body in results if body["artifact_type"] == "RubricAssessment"]
        assert all(envelope(assessed[body["artifact_id"]])["user_login"] for body in rubric)

    def test_every_hand(self, size: int, seed: int) -> None:
        """Requests name their actor, also behind a masquerade or a token; jobs name nobody."""
        envelopes = [envelope(event) for event in truth(size, seed)]
        assert any(made.get("real_user_id") for made in envelopes)
        assert any("developer_key_id" in made for made in envelopes)
        assert all(("job_tag" in made) != ("user_id" in made) for made in envelopes)
        assert any(made.get("job_tag") == "Quizzes::SubmissionGrader#update_outcomes" for made in envelopes)

    def test_every_manner_of_writing(self, size: int, seed: int) -> None:
        """Times come in four forms, ids as numbers too, nulls as keys too, the envelope under two names."""
        events = truth(size, seed)
        times = [envelope(event)["event_time"] for event in events]
        assert {(len(time), time[10], time[-1] == "Z") for time in times} == {
            (24, "T", True),
            (20, "T", True),
            (29, "T", False),
            (25, " ", False),
        }
        bodies = [event["body"] for event in events]
        assert {type(value) for body in bodies for key, value in body.items() if key.endswith("_id") and value} == {
            str,
            int,
        }
        assert any(value is None for body in bodies for value in body.values())
        assert sum("attributes" in event for event in events) < 0.02 * size


class TestTruth:
    """True events tell a story that holds together."""

    @pytest.mark.parametrize("tenants", [1, 3])
    def test_in_the_order_of_time(self, tenants: int) -> None:
        """No event happened before the one ahead of it, as its time is written."""
        times = [happened(orjson.loads(line)) for line in true_events(events=9_000, seed=5, tenants=tenants, odd=0.5)]
        assert times == sorted(times)

    @pytest.mark.parametrize("events", [SMALL, 20_000])
    def test_whatever_is_named_is_known(self, events: int) -> None:
        """Links name known groups and outcomes, groups their parents, results outcomes linked in their course."""
        known: dict[str, set[str]] = defaultdict(set)
        linked: set[tuple[str, str]] = set()
        for event in truth(events, 7, 0):
            body, key = event["body"], entity(event)
            if not key:
                continue
            kind, number = key
            if kind in {"learning_outcome_link", "learning_outcome_result", "outcome_friendly_description"}:
                assert body["learning_outcome_id"] in known["learning_outcome"]
            if kind == "learning_outcome_link":
                assert body["learning_outcome_group_id"] in known["learning_outcome_group"]
                linked.add((body["context_type"] + body["context_id"], body["learning_outcome_id"]))
            if kind == "learning_outcome_group" and "parent_outcome_group_id" in body:
                assert body["parent_outcome_group_id"] in known["learning_outcome_group"]
            if kind == "learning_outcome_result":
                assert (f"Course{body['result_context_id']}", body["learning_outcome_id"]) in linked
                assert body["user_uuid"] in known["user_uuid"]
            if kind == "enrollment":
                assert body["course_id"] in known["course"]
                known["user_uuid"].add(body["user_uuid"])
            known[kind].add(number)

    def test_rows_are_made_once_and_then_changed(self) -> None:
        """A row is created by its first event and by no other; some people, and the root account, were there before."""
        for (kind, _), events in histories(truth(20_000)).items():
            verbs = [name(event).rpartition("_")[2] for event in events]
            assert set(verbs[1:]) <= {"updated"}
            assert verbs[0] == "created" or kind in {"account", "user"}

    def test_ids_grow(self) -> None:
        """Later rows have larger ids, each used once, as in a database."""
        for kind in ("learning_outcome", "learning_outcome_group", "learning_outcome_link", "learning_outcome_result"):
            made = [event for event in truth(20_000, 7, 0) if name(event) == f"{kind}_created"]
            numbers = [int(event["body"][KEYS[kind]]) for event in made]
            assert all(before < after for before, after in pairwise(numbers))

    def test_outcomes_are_shared(self) -> None:
        """Several courses link the same outcome, and some outcomes hang in two groups of one context."""
        homes = defaultdict(set)
        for event in truth():
            if name(event) == "learning_outcome_link_created":
                body = event["body"]
                homes[body["learning_outcome_id"]].add((body["context_type"], body["context_id"]))
        assert any(sum(kind == "Course" for kind, _ in places) > 1 for places in homes.values())
        links = Counter(
            (event["body"]["learning_outcome_id"], event["body"]["context_id"], event["body"]["context_type"])
            for event in truth()
            if name(event) == "learning_outcome_link_created" and event["body"]["context_type"] == "Account"
        )
        assert max(links.values()) > 1

    def test_a_deleted_group_goes_last(self) -> None:
        """A cascade is posted children first: links, then sub-groups, then the group itself."""
        deleted_at = {
            key: happened(event)
            for event in truth(SMALL, 7, 0)
            if (key := entity(event)) and event["body"].get("workflow_state") == "deleted"
        }
        inside = [
            (event["body"]["parent_outcome_group_id"], event["body"]["learning_outcome_group_id"])
            for event in truth(SMALL, 7, 0)
            if name(event) == "learning_outcome_group_created" and "parent_outcome_group_id" in event["body"]
        ]
        pairs = [(("learning_outcome_group", above), ("learning_outcome_group", below)) for above, below in inside]
        cascades = [(deleted_at[above], deleted_at[below]) for above, below in pairs if above in deleted_at]
        assert cascades
        assert all(below < above for above, below in cascades)

    def test_a_deleted_outcome_leaves_links_in_silence(self) -> None:
        """When an outcome is deleted, the links it had in courses get no event of their own."""
        silent = 0
        rows = histories(truth(SMALL, 7, 0))
        for (kind, number), events in rows.items():
            if kind == "learning_outcome" and any(event["body"]["workflow_state"] == "deleted" for event in events):
                foreign = [
                    link
                    for (other, _), link in rows.items()
                    if other == "learning_outcome_link"
                    and link[0]["body"]["learning_outcome_id"] == number
                    and link[0]["body"]["context_type"] != events[0]["body"]["context_type"]
                ]
                silent += sum(len(link) == 1 for link in foreign)
        assert silent > 0

    def test_percent_follows_canvas(self) -> None:
        """A rubric's percent is a plain share; a quiz's is stretched so that its mastery meets the outcome's."""
        person = Person(1, "", "", "", "", "", "")
        place = Place(id=1, uuid="u", name="", parent=None, steward=person)
        outcome = Outcome(id=1, place=place, subject=SUBJECTS[0], title="", scale=SCALES[0])
        rubric, quiz = Criterion.of(outcome), Criterion.of(outcome, 5)
        assert [rubric.percent(score) for score in (0.0, 3.0, 4.5)] == [0, 0.75, 1.125]
        assert [quiz.percent(score) for score in (0.0, 2.0, 3.0, 4.0, 5.0)] == [0, 0.5, 0.75, 0.875, 1]
        assert [quiz.masters(score) for score in (2.0, 3.0)] == [False, True]


class TestLargeSchool:
    """What a load test may count on."""

    def test_nine_in_ten_are_about_results(self) -> None:
        """At 50,000 events nine in ten are results or the grading behind them, most of them results."""
        heads = Counter(line[:60].split(b'"', 6)[5] for line in true_events(events=50_000, seed=7, odd=0))
        results = sum(count for head, count in heads.items() if head.startswith(b"learning_outcome_result_"))
        assert 0.80 <= results / 50_000 <= 0.88
        assert 0.88 <= (results + heads[b"rubric_assessed"]) / 50_000 <= 0.92

    def test_results_have_a_realistic_weight(self) -> None:
        """A result with its envelope weighs a little over a kilobyte."""
        weights = [len(orjson.dumps(event)) for event in truth(20_000, 7, 0) if "result_created" in name(event)]
        assert 1_050 <= sum(weights) / len(weights) <= 1_300

    def test_structure_grows_gently(self) -> None:
        """A thousand times the events make some sixty times the outcomes, and in the end no more."""
        assert size_for(100) == size_for(300)
        assert (size_for(3_000).outcomes, size_for(1_000_000).outcomes) == (40, 2_500)
        assert size_for(10_000_000) == size_for(100_000_000)

    def test_memory_is_the_schools_not_the_logs(self) -> None:
        """Forty thousand events more in one school add not one object for ten of them, at any moment."""

        def most_objects(events: int) -> int:
            before, most = sys.getallocatedblocks(), 0
            year = school_year(Faults().truth(events), seed=7, size=size_for(20_000))
            for number, _ in enumerate(deliver(year, events, Faults(), Dice(7, "test"))):
                if number % 1_000 == 0:
                    gc.collect()  # what is held counts, not when this Python happens to free the rest
                    most = max(most, sys.getallocatedblocks() - before)
            return most

        gc.collect()
        gc.freeze()  # what other tests hold need not be walked each time
        short, long = most_objects(20_000), most_objects(60_000)
        gc.unfreeze()
        assert long - short < 4_000


class TestDelivery:
    """What the wire does to the truth, and what it does not."""

    FAULTS = Faults(late=0.05, repeat=0.05, shuffle=8, malformed=0.01)

    def test_the_truth_arrives(self) -> None:
        """Every true event arrives; nothing else does but its repeats and the agreed number of damaged lines."""
        sent = list(true_events(events=self.FAULTS.truth(SMALL), seed=7))
        arrived = Counter(generate(events=SMALL, seed=7, faults=self.FAULTS))
        assert set(sent) <= set(arrived)
        meant = {canonical(line) for line in sent}
        strange = sum(count for line, count in arrived.items() if canonical(line) not in meant)
        assert strange == self.FAULTS.broken(SMALL)

    def test_every_sort_of_damage(self) -> None:
        """By default a small stream already holds one line of each sort that cannot be read."""
        meant = {canonical(line) for line in true_events(events=Faults().truth(1_000), seed=7)}
        strange = [line for line in generate(events=1_000, seed=7) if canonical(line) not in meant]
        found = Counter(map(complaint, strange))
        assert found.total() == 8
        assert set(found) == {
            "not JSON",
            "no name",
            "bad time",
            "no tenant",
            "no id",
            "wrong types",
            "not an object",
        }

    def test_lateness(self) -> None:
        """Late events arrive an hour to thirty days after they happened, the rest within a few places."""
        truth = [(hour * 3_600_000, b"%d" % hour) for hour in range(5_000)]
        faults = Faults(late=0.1, repeat=0, malformed=0, shuffle=5)
        arrived = [int(line) for line in deliver(truth, 5_000, faults, Dice(1, "test"))]
        slips = [max(arrived[: place + 1]) - hour for place, hour in enumerate(arrived)]
        late = [slip for slip in slips if slip > 5]
        assert 0.04 * 5_000 <= len(late) <= 0.12 * 5_000
        assert 24 * 20 <= max(late) <= 24 * 30
        assert 0.05 <= sum(1 <= slip <= 5 for slip in slips) / 5_000 <= 0.4

    def test_what_is_held_is_bounded(self) -> None:
        """However many are late, no more than a fixed number is held back at once."""
        truth = ((second, b"%d" % second) for second in range(20_000))
        behind = 0
        faults = Faults(late=1, repeat=0, malformed=0, shuffle=0)
        for taken, line in enumerate(deliver(truth, 20_000, faults, Dice(1, "test"))):
            behind = max(behind, int(line) - taken)
        assert behind <= MAX_HELD

    def test_repeats_say_the_same(self) -> None:
        """A repeat is the same bytes, or other bytes that mean the same."""
        rng, line = Dice(3, "test"), next(true_events(events=1, seed=7))
        again = [reserialised(line, rng) for _ in range(40)]
        assert len(set(again)) > 20
        assert {canonical(other) for other in again} == {canonical(line)}
        assert orjson.loads(reserialised(b'{"points":4.0}', Dice(0, "test"))) == {"points": 4}

    def test_tenants_are_apart(self) -> None:
        """Several tenants come interleaved, each with its own uuid, shard and share of the events."""
        made = [envelope(orjson.loads(line)) for line in true_events(events=6_000, seed=7, tenants=3)]
        counts = Counter((one["root_account_uuid"], one["root_account_id"]) for one in made)
        assert len({uuid for uuid, _ in counts}) == len({shard for _, shard in counts}) == len(counts) == 3
        assert set(counts.values()) == {2_000}
        assert all(len(uuid) == 40 for uuid, _ in counts)


def canonical(line: bytes) -> object:
    """Return what a line means, or the line itself if it means nothing."""
    try:
        return orjson.dumps(floats(orjson.loads(line)), option=orjson.OPT_SORT_KEYS)
    except orjson.JSONDecodeError:
        return line


def floats(value: object) -> object:
    """Write every number as a float, so that 4 and 4.0 are one."""
    if isinstance(value, dict):
        return {key: floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [floats(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def complaint(line: bytes) -> str:
    """Say what is wrong with a line, as a reader would find out."""
    try:
        event = orjson.loads(line)
    except orjson.JSONDecodeError:
        return "not JSON"
    made, body = event.get("metadata", event.get("attributes")), event["body"]
    if not isinstance(made, dict) or not isinstance(body, dict):
        return "not an object"
    if "event_name" not in made:
        return "no name"
    if "root_account_uuid" not in made:
        return "no tenant"
    try:
        datetime.fromisoformat(made["event_time"])
    except (TypeError, ValueError):
        return "bad time"
    if made["event_name"].startswith("learning_outcome_result_"):
        return "no id" if "id" not in body else "wrong types"
    return "nothing"


class TestDocumentation:
    """What the docstrings show is what happens."""

    @pytest.mark.parametrize("module", [clock, delivery, dice, repeats, school, sizes])
    def test_examples_run(self, module: ModuleType) -> None:
        """Every example in a docstring gives the answer printed under it."""
        ran = doctest.testmod(module)
        assert ran.attempted > 0 == ran.failed


class TestCommand:
    """`python -m scripts.generator`."""

    def test_help_has_an_example(self) -> None:
        """--help shows a command that works as it stands."""
        command = [sys.executable, "-m", "scripts.generator", "--help"]
        shown = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
        assert "python -m scripts.generator --events 300000 --seed 7 > events.ndjson" in shown

    def test_wrong_use_is_refused(self) -> None:
        """An impossible share ends with exit code 2, a word of help and no traceback."""
        command = [sys.executable, "-m", "scripts.generator", "--events", "9", "--late", "7"]
        refused = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, text=True)
        assert refused.returncode == 2
        assert "give a share between 0 and 1" in " ".join(refused.stderr.split())
        assert "Traceback" not in refused.stderr
