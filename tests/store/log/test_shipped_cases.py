"""The library's shipped test cases, run on our recorders and applications. A deviation is named where it shows."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import AggregateRecorder, ApplicationRecorder, StoredEvent, Tracking
from eventsourcing.sqlite import SQLiteAggregateRecorder, SQLiteProcessRecorder, SQLiteTrackingRecorder
from eventsourcing.utils import Environment

from outcomes.store.log.factory import LogFactory
from outcomes.store.log.file_recorder import LogRecorder
from outcomes.store.log.recorder import BatchRecorder
from outcomes.store.log.tracking import TrackedDatabase
from outcomes.store.sqlite.datastore import Datastore
from tests.support.library import application, needs_library_tables, persistence, projection

FACTORY = "outcomes.store.log.factory:LogFactory"


class OnFreshFiles:
    """Gives each case a folder of its own."""

    folder: Path

    @pytest.fixture(autouse=True)
    def _in_fresh_folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def new_file(self) -> Path:
        """Return a new empty file: our connections never make one, so that no question leaves a log behind."""
        path = self.folder / f"{uuid4()}.db"
        path.touch()
        return path

    def new_recorder(self) -> LogRecorder:
        recorder = LogRecorder(Datastore(self.new_file()))
        recorder.create_table()
        return recorder


class TestLogRecorder(OnFreshFiles, persistence.ApplicationRecorderTestCase[LogRecorder]):
    """Everything that the library asks of an application recorder.

    Deviation: ids are text, the names of streams, where the cases take UUIDs.
    """

    def create_recorder(self) -> LogRecorder:
        return self.new_recorder()

    def new_originator_id(self) -> str:
        return f"000001/outcome/{uuid4()}"

    def test_insert_subscribe(self) -> None:
        """The case that is optional since the library's own SQLite recorder cannot: ours polls."""
        self.optional_test_insert_subscribe()


class TestLogRecorderOfUuids(OnFreshFiles, persistence.ApplicationRecorderTestCase[LogRecorder]):
    """The same with UUIDs, for a datastore that was told so."""

    def create_recorder(self) -> LogRecorder:
        recorder = LogRecorder(Datastore(self.new_file(), originator_id_type="uuid"))
        recorder.create_table()
        return recorder


class TestPositionsDoNotInterleave(OnFreshFiles, persistence.NonInterleavingNotificationIDsBaseCase):
    """The positions of a batch stand together, whoever else writes."""

    def create_recorder(self) -> LogRecorder:
        return self.new_recorder()

    def new_originator_id(self) -> str:
        return f"000001/outcome/{uuid4()}"


class StreamsOnly(AggregateRecorder):
    """Our recorder as the library's cases of *aggregate* recorders want one.

    Deviations: those return no notification ids, since they have none, where ours returns positions; and they give
    plain stored events, where ours gives each with its position and digest, which equals no plain one.
    """

    def __init__(self, recorder: BatchRecorder) -> None:
        self.recorder = recorder

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> None:
        self.recorder.insert_events(stored_events)

    def select_events(self, originator_id: UUID | str, **bounds: Any) -> list[StoredEvent]:
        found = self.recorder.select_events(originator_id, **bounds)
        return [StoredEvent(e.originator_id, e.originator_version, e.topic, e.state) for e in found]


class TestStreams(OnFreshFiles, persistence.AggregateRecorderTestCase):
    """Streams: bounds, order, limits, conflicts that leave nothing of a batch."""

    def create_recorder(self) -> StreamsOnly:
        return StreamsOnly(self.new_recorder())

    def new_originator_id(self) -> str:
        return f"000001/outcome/{uuid4()}"


class TestTrackedDatabase(OnFreshFiles, persistence.TrackingRecorderTestCase):
    """What holds how far the views have come is the library's tracking recorder, whole."""

    def create_recorder(self) -> TrackedDatabase:
        return TrackedDatabase(self.new_file())


class OnOurFactory(OnFreshFiles):
    """Lets the library make its applications over our SQLite, by its own environment variables."""

    @pytest.fixture(autouse=True)
    def _by_environment(self, _in_fresh_folder: None, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in self.environment().items():
            monkeypatch.setenv(name, value)

    def environment(self) -> dict[str, str]:
        return {"PERSISTENCE_MODULE": FACTORY, "SQLITE_DBNAME": str(self.new_file())}


class TestExampleApplication(OnOurFactory, application.ExampleApplicationTestCase):
    """The library's bank, with snapshots, on our recorder. A home itself refuses snapshots: see test_library.py."""

    expected_factory_topic = FACTORY


@pytest.mark.filterwarnings("default:'log' is deprecated:DeprecationWarning")  # which one of the cases provokes
class TestApplications(OnOurFactory, application.ApplicationTestCase):
    """Saving, caching, naming of applications on our recorder."""


class TestFactory(OnFreshFiles, persistence.InfrastructureFactoryTestCase[LogFactory]):
    """Everything that the library asks of a factory. Recorders of snapshots and of processes are the library's own."""

    @needs_library_tables
    def test_create_process_recorder(self) -> None:
        """As the library has it."""
        super().test_create_process_recorder()

    @needs_library_tables
    def test_create_tracking_recorder(self) -> None:
        """As the library has it."""
        super().test_create_tracking_recorder()

    def setUp(self) -> None:
        self.env = Environment("TestCase", {"PERSISTENCE_MODULE": FACTORY, "SQLITE_DBNAME": str(self.new_file())})
        super().setUp()

    def expected_factory_class(self) -> type[LogFactory]:
        return LogFactory

    def expected_aggregate_recorder_class(self) -> type[AggregateRecorder]:
        return SQLiteAggregateRecorder

    def expected_application_recorder_class(self) -> type[ApplicationRecorder]:
        return LogRecorder

    def expected_tracking_recorder_class(self) -> type[SQLiteTrackingRecorder]:
        return SQLiteTrackingRecorder

    def tracking_recorder_subclass(self) -> type[SQLiteTrackingRecorder]:
        return EventCounters

    def expected_process_recorder_class(self) -> type[SQLiteProcessRecorder]:
        return SQLiteProcessRecorder


class EventCounters(SQLiteTrackingRecorder, projection.EventCountersView):
    """The view of the library's cases of projections, in SQLite."""

    def construct_create_table_statements(self) -> list[str]:
        ours = "CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, events INTEGER)"
        return [*super().construct_create_table_statements(), ours]

    def get_created_event_counter(self) -> int:
        return self._events("created")

    def get_subsequent_event_counter(self) -> int:
        return self._events("subsequent")

    def incr_created_event_counter(self, tracking: Tracking) -> None:
        self._add("created", tracking)

    def incr_subsequent_event_counter(self, tracking: Tracking) -> None:
        self._add("subsequent", tracking)

    def _events(self, name: str) -> int:
        with self.datastore.transaction(commit=False) as cursor:
            cursor.execute("SELECT coalesce(sum(events), 0) FROM counters WHERE name = ?", (name,))
            return int(cursor.fetchone()[0])

    def _add(self, name: str, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(
                "INSERT INTO counters VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET events = events + 1", (name,)
            )


@needs_library_tables
class TestProjectionRunner(OnOurFactory, projection.AggregateEventCountersProjectionTestCase):
    """The library's runner follows our recorder, which its own SQLite recorder does not offer."""

    view_class = EventCounters


@needs_library_tables
class TestEventSourcedProjection(OnOurFactory, projection.EventSourcedProjectionTestCase):
    """So does the runner of projections that are event-sourced themselves, in a database of their own."""

    env: ClassVar[dict[str, str]] = {}

    def environment(self) -> dict[str, str]:
        theirs = {"COUNTERS_PERSISTENCE_MODULE": "eventsourcing.sqlite", "COUNTERS_SQLITE_DBNAME": str(self.new_file())}
        return {**super().environment(), **theirs}
