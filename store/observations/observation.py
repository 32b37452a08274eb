"""An observation on its way into the log: what a row said, when, and the bytes of its event."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import orjson

from outcomes.domain.entities.observation import observed_name
from outcomes.domain.identity import SHARD, Kind
from outcomes.domain.times import Micros, to_text

PRODUCER: Final = "outcomes.export"


class Observation(NamedTuple):
    """What a row of an export says of one entity.

    `updated_at` is the row's own clock, `created_at` bounds what it says about before. `body` is that of an event of
    the kind; `unspecified` names the columns that the export could not tell, `untold` the fields that it does not have.
    """

    kind: Kind
    id: str
    body: dict[str, Any]
    updated_at: Micros
    created_at: Micros | None
    table: str
    unspecified: tuple[str, ...] = ()
    untold: frozenset[str] = frozenset()

    def completed(self, known: Mapping[str, Any]) -> "Observation":
        """Return the same with what is known already of what the export does not tell."""
        if not self.untold:
            return self
        kept = {name: known[name] for name in self.untold if known.get(name) is not None}
        return self._replace(body={**kept, **self.body})

    @property
    def course(self) -> str | None:
        """The course that it belongs to, if it does to one."""
        body = self.body
        if self.kind is Kind.RESULT:
            place, number = body.get("result_context_type"), body.get("result_context_id")
        else:
            place, number = body.get("context_type"), body.get("context_id")
        return number if place == "Course" else None


class Institution(NamedTuple):
    """Whose export it is: the root account's uuid, and its global id and the shard where those are known."""

    tenant: str
    root_account: str | None
    asked_shard: int | None = None

    @property
    def shard(self) -> int | None:
        """The shard of Canvas on which the institution is: of the root account, else as it was given."""
        return self.asked_shard if self.root_account is None else int(self.root_account) // SHARD

    def global_id(self, local: str | None) -> str | None:
        """Return an id as the events of places and people have it: with the shard, where that is known."""
        if local is None or self.shard is None or not local.isdecimal():
            return local
        return str(self.shard * SHARD + int(local)) if int(local) < SHARD else local


class Writer:
    """Makes the events of observations, all of one export of one institution."""

    def __init__(self, institution: Institution, exported_at: Micros) -> None:
        root = institution.root_account
        self._envelope = {
            "root_account_uuid": institution.tenant,
            **({} if root is None else {"root_account_id": root}),
            "producer": PRODUCER,
            "exported_at": to_text(exported_at),
        }

    def line(self, seen: Observation, event_time: Micros) -> bytes:
        """Return the event of an observation, in one line."""
        row = blake2b(orjson.dumps(seen.body, option=orjson.OPT_SORT_KEYS), digest_size=8).hexdigest()
        metadata = {
            "event_name": observed_name(seen.kind),
            "event_time": to_text(event_time),
            **self._envelope,
            "export_table": seen.table,
            "export_row": row,
        }
        return orjson.dumps({"metadata": metadata, "body": seen.body}, option=orjson.OPT_APPEND_NEWLINE)
