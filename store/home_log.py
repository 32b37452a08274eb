"""The log of a home as the library's runners and applications make it."""

from eventsourcing.utils import EnvType

from outcomes.domain.errors import UsageError
from outcomes.store.home_folder import HomeFolder
from outcomes.store.log.event_log import EventLog
from outcomes.store.privacy.home_key import named_source


class HomeLog(EventLog):
    """The log of a home as the library's runners make it: from an environment that names its folder or its URL.

    `ProjectionRunner(application_class=HomeLog, env={"OUTCOMES_HOME": "outcomes-data", …}, …)` follows it. The
    process environment is not asked. The key of an encrypted home is in its folder, unless `OUTCOMES_KEY_FILE` or
    `OUTCOMES_KEY_COMMAND` of that environment says otherwise. Raises UsageError, MissingExtra for a URL without
    psycopg, and HomeUnavailable where there is no log yet, or no key.
    """

    name = EventLog.name
    HOME, KEY_FILE, KEY_COMMAND = "OUTCOMES_HOME", "OUTCOMES_KEY_FILE", "OUTCOMES_KEY_COMMAND"

    def __init__(self, env: EnvType | None = None) -> None:
        given = env or {}
        if not given.get(self.HOME):
            raise UsageError(f'no home is named: give the runner env={{"{self.HOME}": "outcomes-data", …}}')
        key_source = named_source(given.get(self.KEY_FILE), given.get(self.KEY_COMMAND))
        home = HomeFolder.at(given[self.HOME], key_source=key_source)
        super().__init__(home.store, home.key, create=False)
