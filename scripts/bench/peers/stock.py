"""The eventsourcing library used stock: an Aggregate subclass, saved once an event, read with `repository.get`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import orjson
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import StoredEvent

from outcomes.domain.identity import EntityRef, Kind
from outcomes.domain.times import parse_argument
from outcomes.store.encoding.arrival import Arrivals
from outcomes.store.encoding.compression import Codec, dictionary_number, shipped_dictionary
from scripts.bench.fixtures import Fixtures, ingest, opened, write
from scripts.bench.histories import FIRST_EDIT, TENANT, instant, tree_history
from scripts.bench.measure import Figure, Timed, compare, compare_drawn

_OUTCOMES, _MOST_EVENTS = 50, 3_000
_DRAWS = 50


class Entity(Aggregate):
    """Anything that Canvas saves: its last body is its state."""

    @event("Created")
    def __init__(self, key: str, body: dict[str, Any]) -> None:
        self.key = key
        self.body = body

    @staticmethod
    def create_id(key: str) -> UUID:
        """Return the id of an entity by its name."""
        return uuid5(NAMESPACE_URL, key)

    @event("Saved")
    def saved(self, body: dict[str, Any]) -> None:
        """Take what an event says."""
        self.body = body


def saving(fixtures: Fixtures) -> Iterator[Figure]:
    """A few thousand events: our ingest against one `save` each."""
    path, events = _history(fixtures), _size(fixtures)

    def stock() -> None:
        with _application(fixtures.folder / "stock.db") as application:
            _save_each(application, path)

    yield compare(
        f"ingest of {events:,} events, per second / the eventsourcing library stock, one aggregate saved per event",
        stock,
        lambda: ingest(fixtures.folder / "taken", path),
        limit=None,
        rounds=fixtures.sizes.rounds,
        more_is_better=True,
        warm=False,
    )


def getting(fixtures: Fixtures) -> Iterator[Figure]:
    """One outcome at a past version: by our time against by its version."""
    path, dice = _history(fixtures), fixtures.dice("peer get")
    edits = _size(fixtures) - _made(path)
    with opened(fixtures.home_of(path)) as (log, _), _application(fixtures.folder / "stock.db") as application:
        _save_each(application, path)

        def get(edit: int) -> Aggregate:
            # The first version is its creation; edits go round the outcomes.
            entity = Entity.create_id(f"outcome {edit % _OUTCOMES + 1}")
            return application.repository.get(entity, version=2 + edit // _OUTCOMES)

        def load(edit: int) -> object:
            ref = EntityRef(TENANT, Kind.OUTCOME, str(edit % _OUTCOMES + 1))
            return log.load(ref, as_of=parse_argument(instant(FIRST_EDIT + edit)))

        versions = f"{edits // _OUTCOMES} versions"
        yield compare_drawn(
            f"one outcome of some {versions} at a past time, per second / repository.get of that version, stock",
            ([dice.randrange(edits) for _ in range(_DRAWS)] for _ in range(fixtures.sizes.rounds)),
            get,
            load,
            limit=None,
            more_is_better=True,
        )


def _size(fixtures: Fixtures) -> int:
    return min(fixtures.sizes.events, _MOST_EVENTS)


def _history(fixtures: Fixtures) -> Path:
    path = fixtures.folder / "stock.ndjson"
    return path if path.exists() else write(path, tree_history(_OUTCOMES, _size(fixtures)))


def _made(path: Path) -> int:
    with path.open("rb") as lines:
        return sum(b"_created" in line for line in lines)


@contextmanager
def _application(database: Path) -> Iterator[Application[UUID]]:
    for suffix in ("", "-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    env = {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(database)}
    with Application[UUID](env) as application:
        yield application


def _save_each(application: Application[UUID], path: Path) -> None:
    # Kept at hand, so that it need not read before it writes: as fast as it can be.
    entities: dict[str, Entity] = {}
    with path.open("rb") as lines:
        for line in lines:
            key, body = _named(orjson.loads(line))
            if key in entities:
                entities[key].saved(body)
            else:
                entities[key] = Entity(key, body)
            application.save(entities[key])


_IDS = {"outcome": "learning_outcome_id", "link": "learning_outcome_link_id", "group": "learning_outcome_group_id"}


def _named(value: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    name, body = value["metadata"]["event_name"], value["body"]
    kind = next((kind for kind in ("link", "group") if f"_{kind}_" in name), "outcome")
    return f"{kind} {body[_IDS[kind]]}", body


def appending_by_recorder(url: str, batches: list[Arrivals], batch_events: int) -> Timed:
    """Return the work of appending to PostgreSQL by the library's recorder; what it calls a conflict is left out."""
    from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore  # noqa: PLC0415 - an extra
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415 - the same

    of_url = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    where = [of_url.get(name, "") for name in ("dbname", "host", "port", "user", "password")]
    datastore = PostgresDatastore(*where, originator_id_type="text")
    recorder = PostgresApplicationRecorder(datastore)
    recorder.create_table()
    shipped = shipped_dictionary()
    codec = Codec({dictionary_number(shipped): shipped}, dictionary_number(shipped))
    known: set[tuple[str, int]] = set()

    def work() -> None:
        for batch in batches:
            states = codec.compress_each(batch.raws)
            found = zip(batch.streams, batch.versions, batch.names, states, strict=True)
            new = {(row[0], row[1]): StoredEvent(*row) for row in found if (row[0], row[1]) not in known}
            known.update(new)
            rows = list(new.values())
            for at in range(0, len(rows), batch_events):
                recorder.insert_events(rows[at : at + batch_events])
        datastore.close()

    return work
