"""`python -m scripts.bench`: every figure, as a table or as JSON."""

import os
import platform
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from outcomes.api.answers.base import Answer
from outcomes.api.terminal import parts
from outcomes.api.terminal.dispatch import draw
from outcomes.cli.options import Format, FormatOption
from outcomes.cli.output import answer, say
from scripts.bench import (
    export_figures,
    ingest_figures,
    mastery_figures,
    memory_figures,
    peers,
    postgres_figures,
    rebuild_figures,
    replay_figures,
    temporal_figures,
    tree_figures,
)
from scripts.bench.fixtures import Fixtures, Sizes
from scripts.bench.measure import Figure

Measure = Callable[[Fixtures], Iterator[Figure]]

OWN: dict[str, Measure] = {
    "ingest": ingest_figures.ingesting,
    "log-only": ingest_figures.appending,
    "growth": ingest_figures.growing,
    "growth-alike": ingest_figures.growing_alike,
    "rebuild": rebuild_figures.rebuilding,
    "replay-sqlite": replay_figures.to_sqlite,
    "tree-past": tree_figures.at_a_past_time,
    "tree-many": tree_figures.among_many_versions,
    "tree-known": tree_figures.as_known_at,
    "known-behind": temporal_figures.behind_later_versions,
    "overwritten": temporal_figures.overwritten,
    "rare": temporal_figures.rare_updates,
    "time-travel": temporal_figures.travelling,
    "key-in-time": temporal_figures.key_in_time,
    "range-timeslice": temporal_figures.range_timeslice,
    "late": ingest_figures.coming_late,
    "shuffled": ingest_figures.coming_at_random,
    "disk": ingest_figures.on_disk,
    "memory-ingest": memory_figures.of_ingest,
    "memory-rebuild": memory_figures.of_rebuild,
    "class": mastery_figures.classroom,
    "student": mastery_figures.student,
    "rollup": mastery_figures.rollup,
    "reconcile": export_figures.reconciling,
    "memory-exports": export_figures.in_memory,
}
PEERS: dict[str, Measure] = {
    "peer-save": peers.saving,
    "peer-get": peers.getting,
    "peer-as-of": peers.as_of,
}
POSTGRES: dict[str, Measure] = {
    "replay-postgres": replay_figures.to_postgres,
    "postgres-append": postgres_figures.appending,
}
"""Asked for by name alone: they need a server."""
_MEASURES = {**OWN, **PEERS, **POSTGRES}


def bench(
    *,
    events: Annotated[int, typer.Option(min=1_000, help="Events to ingest and rebuild.")] = 50_000,
    outcomes: Annotated[int, typer.Option(min=1, help="Outcomes in the tree that is asked for.")] = 2_000,
    versions: Annotated[int, typer.Option(help="Versions in its long history, at least 5 an outcome.")] = 50_000,
    growth: Annotated[int, typer.Option(min=1_000, help="Events in the home that grows.")] = 200_000,
    rounds: Annotated[int, typer.Option(min=1, help="How often each ratio is taken.")] = 5,
    seed: Annotated[int, typer.Option(help="Of events, past times and positions.")] = 7,
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME[,NAME…]", help=f"These figures only: {', '.join(_MEASURES)}.")
    ] = None,
    with_peers: Annotated[bool, typer.Option("--peers", help="Measure other projects, too (extra: peers).")] = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """Measure everything that the design promises, as ratios inside one run.

    Files go to a temporary folder (TMPDIR says where): about 2 KB for each event of the largest size.

    Example: python -m scripts.bench --events 1000000 --versions 1000000 --growth 4000000
    """
    chosen = _chosen(only, with_peers=with_peers)
    sizes = Sizes(events, outcomes, versions, growth, rounds, seed)
    if versions < sizes.few_versions:
        raise typer.BadParameter(f"{versions} versions: give at least {sizes.few_versions}, the short history's")
    with tempfile.TemporaryDirectory(prefix="outcomes-bench-") as folder:
        found = list(_measured(chosen, Fixtures(Path(folder), sizes)))
    answer(Figures(sizes, found), form)


class Figures(Answer):
    """What was measured, each figure under its key."""

    def __init__(self, sizes: Sizes, found: list[tuple[str, Figure]]) -> None:
        self.sizes = sizes
        self.found = found

    def as_json(self) -> dict[str, Any]:
        """Return all figures, with what they were measured on."""
        return {"sizes": self.sizes.as_json(), "machine": _machine(), "figures": list(self.as_lines())}

    def as_lines(self) -> Iterator[dict[str, Any]]:
        """Yield a figure a line."""
        return ({"key": key, **figure._asdict(), "is_reached": figure.is_reached} for key, figure in self.found)


def _chosen(only: list[str] | None, *, with_peers: bool) -> list[str]:
    if not only:
        return [*OWN, *PEERS] if with_peers else list(OWN)
    names = [name.strip() for text in only for name in text.split(",")]
    for name in names:
        if name not in _MEASURES:
            raise typer.BadParameter(f"no figure {name!r}: choose among {', '.join(_MEASURES)}")
    return names


def _measured(chosen: list[str], fixtures: Fixtures) -> Iterator[tuple[str, Figure]]:
    for key in chosen:
        started = time.monotonic()
        for figure in _MEASURES[key](fixtures):
            say(f"{figure.ratio:10.4g}  {key}, after {time.monotonic() - started:.0f} s")
            yield key, figure


def _machine() -> dict[str, Any]:
    return {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version, "processors": os.cpu_count()}


@draw.register
def _drawn(figures: Figures) -> RenderableType:
    columns = ("key", "figure", "median", "lowest", "highest", "must be", "reached")
    told = ", ".join(f"{name.replace('_', ' ')} {size:,}" for name, size in figures.sizes.as_json().items())
    return Group(parts.table(columns, (_row(*one) for one in figures.found)), Text(), Text(told, style="dim"))


def _row(key: str, figure: Figure) -> tuple[str, ...]:
    numbers = (f"{number:.4g}" for number in (figure.ratio, figure.lowest, figure.highest))
    must = "-" if figure.limit is None else f"{'≥' if figure.more_is_better else '≤'} {figure.limit:g}"
    reached = {None: "-", True: "yes", False: "NO"}[figure.is_reached]
    return (key, figure.name, *numbers, must, reached)


if __name__ == "__main__":
    typer.run(bench)
