"""Counts results by day, as they come, with the eventsourcing library: python follow.py outcomes-data counts.db."""

import sys

from eventsourcing.persistence import Tracking
from eventsourcing.projection import Projection, ProjectionRunner
from eventsourcing.sqlite import SQLiteTrackingRecorder

from outcomes.domain.times import to_text
from outcomes.store.home_log import HomeLog
from outcomes.store.log.mapper import LogEvent


class ResultsByDay(SQLiteTrackingRecorder):
    def construct_create_table_statements(self) -> list[str]:
        ours = "CREATE TABLE IF NOT EXISTS results_by_day (day TEXT PRIMARY KEY, results INTEGER NOT NULL)"
        return [*super().construct_create_table_statements(), ours]

    def add(self, day: str, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)  # in the same transaction: each event counts exactly once
            cursor.execute(
                "INSERT INTO results_by_day VALUES (?, 1) ON CONFLICT (day) DO UPDATE SET results = results + 1", (day,)
            )


class CountResults(Projection[ResultsByDay]):
    name = "results_by_day"
    topics = ("learning_outcome_result_created",)

    def process_event(self, domain_event: LogEvent, tracking: Tracking) -> None:
        self.view.add(to_text(domain_event.event.event_time)[:10], tracking)


if __name__ == "__main__":
    env = {"OUTCOMES_HOME": sys.argv[1], "PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": sys.argv[2]}
    with ProjectionRunner(
        application_class=HomeLog, projection_class=CountResults, view_class=ResultsByDay, env=env
    ) as runner:
        runner.run_forever()
