"""The library's shipped test cases, run on our recorder for PostgreSQL. A deviation is named where it shows.

Not here: the cases of tracking and process recorders and of projections, for views and how far they have come are of
each machine, in SQLite (test_shipped_cases.py); and those of a factory, whose other recorders the library makes itself.
"""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from outcomes.store.log.postgres_recorder import PostgresLogFactory, PostgresRecorder
from outcomes.store.postgres.datastore import Datastore
from outcomes.store.postgres.server import Server as Address
from tests.store.log.test_shipped_cases import StreamsOnly
from tests.support.library import application, persistence
from tests.support.postgres import Server

pytestmark = pytest.mark.long

FACTORY = "outcomes.store.log.postgres_recorder:PostgresLogFactory"


class OnFreshDatabases:
    """Gives each case databases of its own."""

    server: Server

    @pytest.fixture(autouse=True)
    def _on_server(self, postgres: Server) -> Iterator[None]:
        self.server = postgres
        self.opened: list[Datastore] = []
        yield
        for datastore in self.opened:
            datastore.close()

    def new_url(self) -> str:
        return self.server.url(self.server.database())

    def new_recorder(self, *, of_uuids: bool = False) -> PostgresRecorder:
        datastore = Datastore(Address.at(self.new_url()), originator_id_type="uuid" if of_uuids else "text")
        self.opened.append(datastore)
        recorder = PostgresRecorder(datastore)
        recorder.create_table()
        return recorder


class TestPostgresRecorder(OnFreshDatabases, persistence.ApplicationRecorderTestCase[PostgresRecorder]):
    """Everything that the library asks of an application recorder.

    Deviation: ids are text, the names of streams, where the cases take UUIDs.
    """

    def create_recorder(self) -> PostgresRecorder:
        return self.new_recorder()

    def new_originator_id(self) -> str:
        return f"000001/outcome/{uuid4()}"

    def test_insert_subscribe(self) -> None:
        """The case that is optional."""
        self.optional_test_insert_subscribe()


class TestPostgresRecorderOfUuids(OnFreshDatabases, persistence.ApplicationRecorderTestCase[PostgresRecorder]):
    """The same with UUIDs, for a datastore that was told so."""

    def create_recorder(self) -> PostgresRecorder:
        return self.new_recorder(of_uuids=True)


class TestPositionsDoNotInterleave(OnFreshDatabases, persistence.NonInterleavingNotificationIDsBaseCase):
    """The positions of a batch stand together, whoever else writes."""

    def create_recorder(self) -> PostgresRecorder:
        return self.new_recorder()

    def new_originator_id(self) -> str:
        return f"000001/outcome/{uuid4()}"


class TestStreams(OnFreshDatabases, persistence.AggregateRecorderTestCase):
    """Streams: bounds, order, limits, conflicts that leave nothing of a batch."""

    def create_recorder(self) -> StreamsOnly:
        return StreamsOnly(self.new_recorder())

    def new_originator_id(self) -> str:
        return f"000001/outcome/{uuid4()}"


class OnOurFactory(OnFreshDatabases):
    """Lets the library make its applications over our PostgreSQL, by environment variables."""

    @pytest.fixture(autouse=True)
    def _by_environment(self, _on_server: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PERSISTENCE_MODULE", FACTORY)
        monkeypatch.setenv(PostgresLogFactory.URL, self.new_url())


class TestExampleApplication(OnOurFactory, application.ExampleApplicationTestCase):
    """The library's bank, with snapshots, on our recorder."""

    expected_factory_topic = FACTORY


@pytest.mark.filterwarnings("default:'log' is deprecated:DeprecationWarning")  # which one of the cases provokes
class TestApplications(OnOurFactory, application.ApplicationTestCase):
    """Saving, caching, naming of applications on our recorder."""
