"""A home as users of the eventsourcing library meet it: its notification log, mapper, repository and runners.

Deliberate refusals have a test each: save, snapshots, the process environment.
"""

import sqlite3
import threading
import time
from pathlib import Path
from typing import Any, cast

import pytest
from eventsourcing.domain import Aggregate as TheirAggregate
from eventsourcing.persistence import IntegrityError, Notification, OperationalError, ProgrammingError

from outcomes.domain.errors import HomeUnavailable, UsageError
from outcomes.domain.event import ErasedEvent, Event, OtherEvent
from outcomes.domain.identity import EntityRef, Kind
from outcomes.store.home_log import HomeLog
from outcomes.store.log.event_log import EventLog
from outcomes.store.log.file_recorder import LogRecorder
from outcomes.store.log.mapper import LogEvent
from outcomes.store.sqlite.datastore import Datastore
from tests.support.given import TENANT, event, group, outcome, result
from tests.support.library import needs_library_tables
from tests.support.people import ADA, class_of_six
from tests.support.runner import runner_on
from tests.support.world import World

MAPS = EntityRef(TENANT, Kind.OUTCOME, "7")
NAMES = ["learning_outcome_group_created", "learning_outcome_created", "quiz_caffeinated", "learning_outcome_updated"]


@pytest.fixture
def school(world: World) -> World:
    """A home of four events, the third of an unknown name, the last one late."""
    world.take(
        group("1", "2025-03-01"),
        outcome("7", "2025-03-02"),
        event("quiz_caffeinated", "2025-03-03", {}),
        outcome("7", "2025-02-01", updated="2025-02-01", title="Late"),
    )
    return world


# -- the notification log -----------------------------------------------------------------------------------------


def test_notifications_are_the_log_in_position_order(school: World) -> None:
    """Their ids are positions, their topics are Canvas's names, and start, stop and topics choose among them."""
    with school.opened() as (log, _):
        select = log.notification_log.select
        assert [(found.id, found.topic) for found in select(1, 10)] == list(enumerate(NAMES, 1))
        assert [found.id for found in select(2, 10, stop=3)] == [2, 3]
        assert [found.id for found in select(2, 10, inclusive_of_start=False)] == [3, 4]
        assert [found.id for found in select(None, 10, topics=[NAMES[0], NAMES[3]])] == [1, 4]
        assert [found.id for found in select(None, 2)] == [1, 2]
        assert log.recorder.max_notification_id() == log.head == 4


def test_pages_lead_to_the_next(school: World) -> None:
    """Sections have ids, as the library's readers ask for them; a thousand notifications at most at a time."""
    with school.opened() as (log, _):
        first = log.notification_log["1,3"]
        assert (first.id, len(first.items), first.next_id) == ("1,3", 3, "4,6")
        last = log.notification_log["4,6"]
        assert (last.id, len(last.items), last.next_id) == ("4,4", 1, None)
        assert len(log.notification_log.select(1, 1_000)) == 4
        with pytest.raises(ValueError, match="greater than section size 1000"):
            log.notification_log.select(1, 1_001)


def test_a_notification_is_read_by_the_mapper(school: World) -> None:
    """Into its event with its place in the log: a known one, or one of an unknown name, as it is."""
    with school.opened() as (log, _):
        read = [log.mapper.to_domain_event(found) for found in log.notification_log.select(1, 10)]
        events = cast("list[LogEvent]", read)
        assert [found.position for found in events] == [1, 2, 3, 4]
        assert [isinstance(found.event, OtherEvent) for found in events] == [False, False, True, False]
        assert isinstance(events[3].event, Event)
        assert events[3].event.ref == MAPS
        assert events[3].event.body.state()["title"] == "Late"
        assert events[3].originator_version < events[1].originator_version


def test_a_notification_that_went_through_other_hands_is_read_too(school: World) -> None:
    """The library's readers rebuild notifications from their five fields; the digest is found again."""
    with school.opened() as (log, _):
        for found in log.notification_log.select(1, 10):
            copied = Notification(found.originator_id, found.originator_version, found.topic, found.state, id=found.id)
            assert log.mapper.to_domain_event(copied) == log.mapper.to_domain_event(found)


def test_an_encrypted_home_is_read_with_its_keys_and_forgets_with_them(tmp_path: Path) -> None:
    """An erased event has its name and time; a copy that lost its digest cannot be opened, and says so."""
    world = World(tmp_path / "home", encrypt=True)
    world.take(*class_of_six())
    with world.opened() as (log, _):
        assert log.encryption is not None
        notifications = log.notification_log.select(1, 100)
        before = [log.mapper.to_domain_event(found) for found in notifications]
        assert not any(isinstance(cast("LogEvent", found).event, ErasedEvent) for found in before)
        bare = Notification(**{name: getattr(notifications[0], name) for name in Notification.__dataclass_fields__})
        with pytest.raises(TypeError, match="with its digest"):
            log.mapper.to_domain_event(bare)
        assert world.erase(ADA)
        after = [log.mapper.to_domain_event(found) for found in log.notification_log.select(1, 100)]
        erased = [cast("LogEvent", found).event for found in after]
        assert any(isinstance(found, ErasedEvent) for found in erased)


# -- the repository -----------------------------------------------------------------------------------------------


def test_the_repository_knows_entities_by_their_streams(school: World) -> None:
    """`id in repository`, and `get` without a projector: folded by event time, though the late event came last."""
    with school.opened() as (log, _):
        known, unknown = log.stream_of(MAPS), log.stream_of(MAPS._replace(id="8"))
        assert known is not None
        assert unknown is not None
        assert known in log.repository
        assert unknown not in log.repository
        assert log.stream_of(MAPS._replace(tenant="nobody")) is None
        assert "000001/other/quiz_caffeinated" not in log.repository
        found: Any = log.repository.get(known)
        assert (found.id, found.position, found.events, found.state()["title"]) == ("7", 2, 2, "Outcome 7")


# -- subscriptions and runners ------------------------------------------------------------------------------------


def test_a_subscription_sees_what_another_connection_appends(school: World) -> None:
    """It yields the log after a position, whole batches, and waits; stopping it from another thread ends it."""
    seen: list[int] = []
    with school.opened() as (log, _), log.recorder.subscribe(gt=2) as subscription:
        reader = threading.Thread(target=lambda: seen.extend(found.id for found in subscription))
        reader.start()
        school.take(group("2", "2025-04-01"), group("3", "2025-04-01"))
        wait_for(lambda: len(seen) == 4)
        subscription.stop()
        reader.join(10)
        assert (seen, reader.is_alive()) == ([3, 4, 5, 6], False)


def test_a_subscription_to_topics_passes_over_the_rest_once(school: World) -> None:
    """There is no index of topics: what was looked at is not looked at again, however long nothing of it comes."""
    with school.opened() as (log, _), log.recorder.subscribe(topics=[NAMES[3]]) as subscription:
        assert next(subscription).id == 4
        asked: list[int | None] = []
        select = log.recorder.select_notifications

        def watched(start: int | None, *arguments: Any, **options: Any) -> Any:
            asked.append(start)
            return select(start, *arguments, **options)

        log.recorder.select_notifications = watched  # type: ignore[method-assign] # still the real one, watched
        school.take(group("2", "2025-04-01"))
        threading.Timer(0.5, subscription.stop).start()
        assert list(subscription) == []
        assert asked == [4]


@needs_library_tables
def test_the_librarys_runner_follows_a_home(school: World, tmp_path: Path) -> None:
    """It catches up, goes on as others ingest, and after a restart takes up where it was: each event once."""
    view = tmp_path / "counted.db"
    with runner_on(school.home.folder, view) as runner:
        runner.wait(4, timeout=10)
        school.take(result("50", "2025-04-01"), outcome("7", "2025-01-15", updated="2025-01-15"))
        runner.wait(6, timeout=10)
    school.take(result("51", "2025-04-01"))
    with runner_on(school.home.folder, view) as runner:
        runner.wait(7, timeout=10)
        assert runner.view.counts() == {
            "learning_outcome_group_created": 1,
            "learning_outcome_created": 1,
            "quiz_caffeinated": 1,
            "learning_outcome_updated": 2,
            "learning_outcome_result_created": 2,
        }
    assert school.verify()["ok"]


def test_a_runner_without_a_home_is_told_what_to_give(tmp_path: Path) -> None:
    """No folder, or a folder without a log: an error of ours, and nothing is made."""
    with pytest.raises(UsageError, match="OUTCOMES_HOME"):
        HomeLog({})
    with pytest.raises(HomeUnavailable, match="ingest events first"):
        HomeLog({"OUTCOMES_HOME": str(tmp_path / "nowhere")})
    assert not (tmp_path / "nowhere").exists()


def test_a_runners_environment_says_where_a_key_is(tmp_path: Path) -> None:
    """An encrypted home whose key is elsewhere is followed with it, and not without it."""
    world = World(tmp_path / "home", encrypt=True)
    world.take(*class_of_six())
    key = tmp_path / "kept.key"
    (world.home.folder / "home.key").rename(key)
    env = {"OUTCOMES_HOME": str(world.home.folder)}
    for said in ({"OUTCOMES_KEY_FILE": str(key)}, {"OUTCOMES_KEY_COMMAND": f"cat {key}"}):
        with HomeLog({**env, **said}) as log:
            (first,) = log.notification_log.select(1, 1)
            assert isinstance(cast("LogEvent", log.mapper.to_domain_event(first)).event, Event)
    with pytest.raises(HomeUnavailable):
        HomeLog(env)


# -- errors -------------------------------------------------------------------------------------------------------


def test_the_librarys_users_get_the_librarys_errors(school: World) -> None:
    """A conflict, a refused change, a table that is not there, a closed database: never an error of sqlite3."""
    with school.opened() as (log, _):
        stored = log.notification_log.select(1, 1)
        with pytest.raises(IntegrityError, match="UNIQUE") as conflict:
            log.recorder.insert_events(stored)
        assert isinstance(conflict.value.__cause__, sqlite3.IntegrityError)
        with (
            pytest.raises(IntegrityError, match="immutable"),
            log.recorder.datastore.transaction(commit=True) as cursor,
        ):
            cursor.execute("UPDATE stored_events SET topic = 'x'")
        assert log.head == 4
    empty = school.home.folder / "empty.db"
    empty.touch()
    recorder = LogRecorder(Datastore(empty))
    for ask in (lambda: recorder.select_events("x"), recorder.max_notification_id):
        with pytest.raises(OperationalError, match="no such table"):
            ask()
    with pytest.raises(ProgrammingError), recorder.datastore.transaction(commit=False) as cursor:
        cursor.execute("SELECT ?", ())
    missing = LogRecorder(Datastore(school.home.folder / "missing.db"))
    with pytest.raises(OperationalError, match="unable to open"):
        missing.max_notification_id()


# -- what is refused on purpose -----------------------------------------------------------------------------------


def test_save_is_refused(school: World) -> None:
    """Events enter the log as the bytes that Canvas sent, by `ingest`: an aggregate of the library has none."""
    with school.opened() as (log, _):
        with pytest.raises(TypeError, match="events enter the log as received bytes"):
            log.save(cast("Any", TheirAggregate()))
        assert log.head == 4
    assert school.verify()["ok"]


def test_snapshots_are_refused(school: World) -> None:
    """An event that comes late belongs before a snapshot, which would never see it."""
    with school.opened() as (log, _):
        with pytest.raises(TypeError, match="no snapshots"):
            log.take_snapshot(str(log.stream_of(MAPS)))
        assert (log.snapshots, log.repository.snapshot_store, log.repository.cache) == (None, None, None)


def test_the_process_environment_is_not_asked(school: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Stray variables of the library must not reconfigure the truth."""
    elsewhere = tmp_path / "elsewhere.db"
    stray = {
        "SQLITE_DBNAME": str(elsewhere),
        "PERSISTENCE_MODULE": "eventsourcing.popo",
        "IS_SNAPSHOTTING_ENABLED": "y",
        "AGGREGATE_CACHE_MAXSIZE": "10",
        "COMPRESSOR_TOPIC": "zlib",
        "ORIGINATOR_ID_TYPE": "uuid",
        "CREATE_TABLE": "yes",
    }
    for name, value in stray.items():
        monkeypatch.setenv(name, value)
    with school.opened() as (log, _):
        assert isinstance(log, EventLog)
        assert (log.head, log.repository.cache, log.snapshots) == (4, None, None)
        assert log.load(MAPS) is not None
    assert not elsewhere.exists()


def wait_for(is_so: Any, seconds: float = 10) -> None:
    """Wait until something is so."""
    give_up_at = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < give_up_at
        time.sleep(0.01)
