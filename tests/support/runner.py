"""Somebody else's projection of the log, in a database of its own, as the library's runner runs it."""

from pathlib import Path

from eventsourcing.persistence import Tracking
from eventsourcing.projection import Projection, ProjectionRunner
from eventsourcing.sqlite import SQLiteTrackingRecorder

from outcomes.domain.event import OtherEvent
from outcomes.store.home_log import HomeLog
from outcomes.store.log.mapper import LogEvent


class Counted(SQLiteTrackingRecorder):
    """How many events of each name were processed."""

    def construct_create_table_statements(self) -> list[str]:
        ours = "CREATE TABLE IF NOT EXISTS counted (name TEXT PRIMARY KEY, events INTEGER)"
        return [*super().construct_create_table_statements(), ours]

    def add(self, name: str, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(
                "INSERT INTO counted VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET events = events + 1", (name,)
            )

    def counts(self) -> dict[str, int]:
        with self.datastore.transaction(commit=False) as cursor:
            cursor.execute("SELECT name, events FROM counted")
            return {row["name"]: row["events"] for row in cursor.fetchall()}


class Counting(Projection[Counted]):
    """Somebody else's projection."""

    name = "counting"

    def process_event(self, domain_event: LogEvent, tracking: Tracking) -> None:
        said = domain_event.event
        self.view.add(said.metadata.event_name if isinstance(said, OtherEvent) else said.name, tracking)


def runner_on(home: str | Path, view: Path) -> ProjectionRunner[HomeLog, Counted]:
    """Run the library's runner on a home, by its folder or its URL."""
    env = {
        "OUTCOMES_HOME": str(home),
        "PERSISTENCE_MODULE": "eventsourcing.sqlite",
        "SQLITE_DBNAME": str(view),
    }
    return ProjectionRunner(application_class=HomeLog, projection_class=Counting, view_class=Counted, env=env)
