"""Events come from a queue: each is in the log once, whatever ends the consumer, and then out of the queue."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import outcomes
from outcomes.service.inlets.sqs_queue import Message
from outcomes.service.inlets.sqs_queue import Queue as OurQueue
from tests.support.command import ROOT, Outcomes
from tests.support.given import event, lines, outcome
from tests.support.queues import CREDENTIALS, Queue, queue_server
from tests.support.service import running

PATIENCE = 30


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """One server for all."""
    with queue_server() as url, pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        yield url


@pytest.fixture
def queue(server: str) -> Queue:
    """An empty queue."""
    return Queue(server)


@pytest.fixture
def home(tmp_path: Path) -> Outcomes:
    """An empty home."""
    outcomes.init(tmp_path / "home").close()
    return Outcomes(tmp_path / "home")


def events(count: int) -> list[dict[str, Any]]:
    """Return events of their own."""
    return [outcome(str(number), "2026-02-01", title=f"Größe {number}") for number in range(count)]


def bodies(told: list[dict[str, Any]]) -> list[bytes]:
    """Return events as Canvas puts them into a queue: one a message."""
    return [json.dumps(one).encode() for one in told]


def drain(home: Outcomes, queue: Queue, *arguments: str) -> dict[str, Any]:
    """Take all that is there."""
    found: dict[str, Any] = home.json("consume", "sqs", "--queue", queue.url, "--drain", *arguments)
    return found


@contextmanager
def consuming(home: Outcomes, queue: Queue, *arguments: str) -> "Iterator[subprocess.Popen[bytes]]":
    """Run a consumer that goes on until it is ended, at the latest with the block."""
    command = [sys.executable, "-m", "outcomes", "--home", str(home.home), "consume", "sqs", "--queue", queue.url]
    with subprocess.Popen(
        [*command, "--format", "json", *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as consumer:
        try:
            yield consumer
        finally:
            consumer.kill()


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so, for a bounded time."""
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def head_of(home: Outcomes) -> int:
    """Return how much is in a log."""
    with outcomes.open(home.home) as opened:
        return opened.head


def digest_of_file(folder: Path, told: list[dict[str, Any]]) -> Any:
    """Return the digest of a home that has the events from a file."""
    file = folder / "events.ndjson"
    file.write_bytes(lines(*told))
    other = Outcomes(folder / "from a file")
    other.json("ingest", str(file))
    return other.json("digest")["digest"]


def test_a_home_that_goes_away_ends_the_consumer(home: Outcomes, queue: Queue) -> None:
    """One line and exit 2; what came then stays in the queue, for it is in no log that anybody finds."""
    queue.send(bodies(events(1)))
    with consuming(home, queue) as consumer:
        wait_until(lambda: head_of(home) == 1)
        home.home.rename(home.home.with_name("elsewhere"))
        queue.send(bodies(events(2)[1:]))
        _, errors = consumer.communicate(timeout=PATIENCE)
    assert consumer.returncode == 2
    assert errors.decode().startswith(f"error: {home.home}/log.db was deleted, moved")
    with outcomes.open(home.home.with_name("elsewhere")) as there:
        assert there.head == 1


def test_a_queue_is_drained_as_a_file_is_ingested(home: Outcomes, queue: Queue, tmp_path: Path) -> None:
    """Repeats, other wrappings and unknown events, too; the answer is that of `ingest`, and the service tells of it."""
    told = [*events(24), event("conversation_created", "2026-02-02", {"conversation_id": "1"})]
    notification = {"Type": "Notification", "MessageId": "n", "TopicArn": "t", "Message": json.dumps(told[0])}
    bridge = {"version": "0", "detail-type": "canvas", "detail": told[1]}
    queue.send([*bodies(told), json.dumps(notification).encode(), json.dumps(bridge).encode(), *bodies(told[2:3])])
    answer = drain(home, queue)
    assert answer.pop("seconds") < PATIENCE
    assert 0 <= answer.pop("oldest_message_seconds") < PATIENCE
    assert answer == {
        "read": 28, "appended": 25, "duplicates": 3, "quarantined": 0, "unprojected": 1, "head": 25,
        "left": 0, "undeleted": 0,
    }  # fmt: skip
    assert queue.counts() == (0, 0)
    assert home.json("digest")["digest"] == digest_of_file(tmp_path, told)
    name = queue.url.removeprefix("http://")  # with its account and region: others may have a queue of the same name
    with running(home.home) as service:
        [seen] = service.json("/inlets")["queues"]
        metrics = service.get("//metrics").text
    assert (seen["queue"], seen["events"], seen["left"], seen["undeleted"]) == (name, 28, 0, 0)
    assert seen["last"] <= seen["asked"]
    assert f'outcomes_queue_left_messages{{queue="{name}"}} 0.0' in metrics
    assert f'outcomes_queue_oldest_message_seconds{{queue="{name}"}} ' in metrics


@pytest.mark.long
def test_killed_three_times_it_has_each_event_once(home: Outcomes, queue: Queue, tmp_path: Path) -> None:
    """What was taken and not deleted comes again, and is known; the digest is that of a file."""
    told = events(80)
    queue.send(bodies(told))
    for kill in range(1, 4):
        with consuming(home, queue, "--visibility", "1"):
            wait_until(lambda least=15 * kill: head_of(home) >= least)  # type: ignore[misc]
        queue.send(bodies(told[:5]))
    repeats = 0
    while queue.counts() != (0, 0):
        repeats += drain(home, queue, "--visibility", "1")["duplicates"]
    assert repeats >= 15
    assert home.json("status")["head"] == 80
    assert home.json("digest")["digest"] == digest_of_file(tmp_path, told)
    assert home("verify", "--all").code == 0


def test_what_cannot_be_read_goes_to_quarantine_at_the_third_time(home: Outcomes, queue: Queue, server: str) -> None:
    """Twice it is left to come again; then it is kept, verbatim, and out of the queue, and all else went on."""
    queue.send([b"no event at all", *bodies(events(2))])
    first = drain(home, queue)
    assert (first["appended"], first["left"], first["quarantined"], queue.counts()) == (2, 1, 0, (0, 1))
    soon = Queue(server)
    soon.send([b"no event at all", *bodies(events(3))])
    # Seen again after a second, it comes three times before the queue is found empty.
    answer = drain(home, soon, "--visibility", "1")
    assert (answer["appended"], answer["left"], answer["quarantined"], soon.counts()) == (1, 2, 1, (0, 0))
    [entry] = home.json("quarantine", "list")
    assert entry["source"].startswith("sqs:canvas-live-events")
    assert b"no event at all" in home("quarantine", "show", "1").out


def test_while_others_write_messages_stay_out_of_their_sight(home: Outcomes, queue: Queue) -> None:
    """A long import holds the log for longer than messages are unseen: they are kept, and taken once, after it."""
    queue.send(bodies(events(1)))
    with outcomes.open(home.home) as other, consuming(home, queue, "--visibility", "2") as consumer:
        wait_until(lambda: queue.counts() == (0, 0))
        with other._session.home.writing("a long import"):
            queue.send(bodies(events(2)[1:]))  # one: of several it may have taken a part when it begins to wait
            wait_until(lambda: queue.counts() == (0, 1))
            end = time.monotonic() + 3.5
            wait_until(lambda: queue.receive(0) != [] or time.monotonic() > end)
            assert queue.counts() == (0, 1)
        wait_until(lambda: queue.counts() == (0, 0))
        consumer.send_signal(signal.SIGTERM)
        out, err = consumer.communicate(timeout=PATIENCE)
    told = json.loads(out)
    assert (consumer.returncode, told["appended"], told["duplicates"]) == (0, 2, 0)
    assert b"messages that wait for it: 1" in err


@pytest.mark.parametrize("when", ["idle", "busy"])
def test_stopped_it_finishes_what_it_is_taking(home: Outcomes, queue: Queue, when: str) -> None:
    """SIGTERM: what was received is in the log and out of the queue; amid the wait for more it ends at once."""
    queue.send(bodies(events(60)))
    with consuming(home, queue) as consumer:
        wait_until(lambda: head_of(home) > 0 and (when == "busy" or queue.counts() == (0, 0)))
        asked = time.monotonic()
        consumer.send_signal(signal.SIGTERM)
        out, _ = consumer.communicate(timeout=PATIENCE)
    assert (consumer.returncode, time.monotonic() - asked < 10) == (0, True)
    told = json.loads(out)
    assert told["undeleted"] == told["duplicates"] == 0
    assert told["appended"] == head_of(home)
    assert queue.counts() == (60 - told["appended"], 0)


def test_what_could_not_be_deleted_is_told(queue: Queue) -> None:
    """A batch of deletions succeeds as a request although some of it failed: that is looked at."""
    queue.send(bodies(events(12)))
    ours = OurQueue(queue.url, 120)
    messages: list[Message] = []
    wait_until(lambda: bool(messages.extend(ours.receive(0)) or len(messages) >= 12))
    assert ours.delete([*messages, messages[0]._replace(receipt="none of theirs")]) == 1
    assert queue.counts() == (0, 0)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("canvas-live-events", "not the URL of a queue"),
        ("{server}/123456789012/none", "The specified queue does not exist"),
        ("http://127.0.0.1:9/123456789012/queue", "Could not connect"),
    ],
)
def test_a_queue_that_cannot_be_asked_is_told_in_one_line(home: Outcomes, server: str, url: str, words: str) -> None:
    """Exit 2, and what to do."""
    ran = home("consume", "sqs", "--queue", url.format(server=server))
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, b"", 1)
    assert words in ran.err
