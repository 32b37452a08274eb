"""What no event of Canvas tells: features of a root account, and what this home drops: `home.settings`."""

from collections.abc import Callable

import orjson

from outcomes.api.answers.mastery import SettingList
from outcomes.api.answers.operations import SettingRecorded
from outcomes.api.arguments import Known, Time, instant
from outcomes.api.point import Point
from outcomes.api.session import Session
from outcomes.domain.entities.setting import SETTING_EVENT
from outcomes.domain.errors import UsageError
from outcomes.domain.times import moment, to_text
from outcomes.projections.mastery.policy import SETTINGS
from outcomes.store.ingest.ingest import Ingest
from outcomes.store.privacy import settings
from outcomes.store.privacy.settings import REDACT
from outcomes.store.sources.json_splitter import split

HOSTS = "hosts"
NAMES = (*SETTINGS, REDACT)
"""All settings that are on or off; the last one is of the home, the others of a root account."""


class Settings:
    """The settings of a home and its root accounts."""

    def __init__(self, session: Session, at: Callable[..., Point]) -> None:
        self._session = session
        self._at = at

    def list(
        self, *, as_of: Time | None = None, known_at: Known | None = None, tenant: str | None = None
    ) -> SettingList:
        """Return the settings in force at a point."""
        return self._at(as_of, known_at, tenant).settings()

    def set(
        self, name: str, value: str | bool, *, since: Time | None = None, tenant: str | None = None
    ) -> SettingRecorded:
        """Record a setting, "on" or "off", in force from an event time on, or from now on. Raises UsageError."""
        if name not in NAMES:
            raise UsageError(f"no such setting: {name!r}: use {', '.join(SETTINGS)}, {REDACT} or {HOSTS}")
        word = ("on" if value else "off") if isinstance(value, bool) else value.lower()
        if word not in {"on", "off"}:
            raise UsageError(f"not on or off: {value!r}")
        if name != REDACT:
            return self._set_feature(name, word, since, tenant)
        if since is not None or tenant is not None:
            raise UsageError("redact holds for the whole home, from now on: leave --since and --tenant out")
        return self._set_redaction(word)

    def set_hosts(self, *hosts: str, tenant: str | None = None) -> SettingRecorded:
        """Take a root account's events of these hosts only, from now on; of "any", those of all.

        What others send goes to quarantine. An event that names no host (most of background jobs) is taken.
        """
        session, at = self._session, self._session.clock()
        uuid = self._at(None, None, tenant).tenant
        if not uuid:
            raise UsageError("the log is empty: ingest events first, so that the tenant is known")
        named = frozenset(host.casefold() for host in hosts) - {settings.ANY_HOST}
        if not hosts or any(host.split() != [host] for host in named):
            raise UsageError(
                f"not names of hosts: {', '.join(map(repr, hosts))}: write them as status tells them, or any"
            )
        with session.home.writing("settings"), session.log.writing() as connection:
            settings.record_hosts(connection, uuid, named, at)
        return SettingRecorded(HOSTS, " ".join(sorted(named)) or settings.ANY_HOST, moment(at), None)

    def _set_feature(self, name: str, word: str, since: Time | None, tenant: str | None) -> SettingRecorded:
        session = self._session
        given = instant(since)
        at = session.clock() if given is None else given
        uuid = self._at(None, None, tenant).tenant
        if not uuid:
            raise UsageError("the log is empty: ingest events first, so that the tenant is known")
        event = {
            "metadata": {
                "event_name": SETTING_EVENT,
                "event_time": to_text(at),
                "root_account_uuid": uuid,
                "producer": "outcomes",
            },
            "body": {"setting": name, "value": word == "on"},
        }
        run = Ingest(session.home, session.log, session.clock, session.views)
        run.take_segments(split([orjson.dumps(event)]), "settings")
        if run.report.quarantined:
            raise UsageError(f"{to_text(at)} cannot be the time of an event: see outcomes quarantine list")
        return SettingRecorded(name, word, moment(at), run.report.head)

    def _set_redaction(self, word: str) -> SettingRecorded:
        session = self._session
        at = session.clock()
        with session.home.writing("settings"), session.log.writing() as connection:
            settings.record(connection, REDACT, word, at)
        return SettingRecorded(REDACT, word, moment(at), None)
