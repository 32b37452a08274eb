"""django-simple-history: a tiny Django project with one tracked model, asked for everything as of a time."""

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from outcomes.cli.output import say
from outcomes.domain.identity import Context
from outcomes.domain.times import moment, parse_argument
from outcomes.projections.as_of.tree import tree_at
from scripts.bench.fixtures import Fixtures, opened
from scripts.bench.measure import Figure, compare_drawn
from scripts.bench.sampling import span_of

_MOST_VERSIONS = 20_000
_DRAWS = 3
_APP = "scripts.bench.peers.tracked"
_BATCH = 5_000


def as_of(fixtures: Fixtures) -> Iterator[Figure]:
    """All outcomes of a tree at a past time: our whole tree against its flat list of outcomes."""
    if find_spec("django") is None or find_spec("simple_history") is None:
        say("peer-as-of: left out, for django and django-simple-history are not installed: pip install '.[peers]'")
        return
    versions = min(fixtures.sizes.versions, _MOST_VERSIONS)
    path, dice = fixtures.tree(versions), fixtures.dice("peer as of")
    model = _project(fixtures.folder / "django.db")
    _write_history(model, path)
    with opened(fixtures.home_of(path)) as (_, views), views.reading() as connection:
        span = span_of(connection, "outcome_versions")

        def theirs(share: float) -> list[Any]:
            return list(model.history.as_of(moment(span.at(share).until)))

        yield compare_drawn(
            f"tree of {fixtures.sizes.outcomes:,} outcomes at a past T, at {versions:,} versions, per second / "
            "django-simple-history as_of, outcomes alone",
            ([dice.random() for _ in range(_DRAWS)] for _ in range(fixtures.sizes.rounds)),
            theirs,
            lambda share: tree_at(connection, span.at(share), Context("Account", "1")),
            limit=None,
            more_is_better=True,
        )


def _project(database: Path) -> Any:
    """Make the Django project, settings and all, with its tables; return its one model."""
    conf, django = import_module("django.conf"), import_module("django")
    conf.settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "simple_history", _APP],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(database)}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
    )
    django.setup()
    import_module("django.core.management").call_command("migrate", run_syncdb=True, verbosity=0)
    return import_module(f"{_APP}.models").Outcome


def _write_history(model: Any, path: Path) -> None:
    """Write the versions of the outcomes with the library's own bulk writer, each at its event time."""
    with path.open("rb") as lines:
        events = (orjson.loads(line) for line in lines if b'"learning_outcome_created"' in line or b"_updated" in line)
        rows = (_version(model, event) for event in events)
        while batch := list(islice(rows, _BATCH)):
            model.history.bulk_history_create(batch, batch_size=500, update=True)


def _version(model: Any, event: dict[str, Any]) -> Any:
    body = event["body"]
    version = model(
        id=int(body["learning_outcome_id"]),
        title=body["title"],
        workflow_state=body["workflow_state"],
        calculation_method=body["calculation_method"],
        mastery_points=body["rubric_criterion"]["mastery_points"],
        points_possible=body["rubric_criterion"]["points_possible"],
    )
    version._history_date = moment(parse_argument(event["metadata"]["event_time"]))  # noqa: SLF001 - as it documents
    return version
