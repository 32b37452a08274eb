"""Features of a root account that no Canvas event tells (DOMAIN.md 7).

The event is ours, appended like any other, so that as-of stays true.
"""

from typing import ClassVar

from outcomes.domain.aggregate import Aggregate
from outcomes.domain.columns import Column, Columns
from outcomes.domain.event import Body, event_types
from outcomes.domain.identity import Kind, LocalId


class SettingBody(Body):
    """A feature of a root account that no Canvas event tells: `outcomes settings set` records it in the log."""

    id_field: ClassVar[str] = "setting"
    columns: ClassVar[Columns] = {
        "value": Column(),
    }

    setting: LocalId
    value: bool


class Setting(Aggregate[SettingBody]):
    """A setting of a tenant after some changes."""

    kind: ClassVar[Kind] = Kind.SETTING


SETTING_EVENT = "outcomes_setting_changed"
SETTING_EVENTS = event_types(SETTING_EVENT, Kind.SETTING, SettingBody, "")
