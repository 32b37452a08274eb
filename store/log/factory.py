"""The library's factory over our SQLite."""

from pathlib import Path

from eventsourcing.sqlite import SQLiteFactory
from eventsourcing.utils import Environment, EnvType

from outcomes.store.log.file_recorder import LogRecorder
from outcomes.store.sqlite.datastore import Datastore


class LogFactory(SQLiteFactory):
    """Makes recorders over our datastore; the file is to be there."""

    application_recorder_class = LogRecorder

    def __init__(self, env: Environment | EnvType | None) -> None:
        super().__init__(env)  # which reads the variables; its own datastore has opened nothing yet
        self.datastore: Datastore = Datastore(
            Path(self.datastore.pool.db_name), originator_id_type=self.datastore.originator_id_type
        )
