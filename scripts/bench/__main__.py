"""`python -m scripts.bench`: every figure, as a table or as JSON."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from scripts import render
from scripts.bench import figures
from scripts.bench.figure import Figure
from scripts.options import Format, FormatOption
from scripts.output import answer, say


def bench(
    *,
    events: Annotated[int, typer.Option("--events", help="Events to ingest and rebuild.")] = 100_000,
    versions: Annotated[int, typer.Option("--versions", help="Versions in the long tree history.")] = 100_000,
    rounds: Annotated[int, typer.Option("--rounds", help="How often each ratio is taken.")] = 5,
    form: FormatOption = Format.TABLE,
) -> None:
    """Measure everything that the design promises, as ratios inside one run.

    With duckdb and pyarrow installed one figure more.

    Example: python -m scripts.bench --events 1000000 --versions 1000000
    """
    with tempfile.TemporaryDirectory(prefix="outcomes-bench-") as folder:
        found = []
        for figure in _all(Path(folder), events, versions, rounds):
            say(f"{figure.ratio:10.4g}  {figure.name}")
            found.append(figure)
    value = [{**figure._asdict(), "is_reached": figure.is_reached} for figure in found]
    columns = ("figure", "median", "lowest", "highest", "must be", "reached")
    answer(value, form, lambda: render.table(columns, [_row(figure) for figure in found]))


def _all(folder: Path, events: int, versions: int, rounds: int) -> Iterator[Figure]:
    yield from figures.appending(folder, events, rounds)
    yield from figures.rebuilding(folder, rounds)
    yield from figures.mastery(folder, rounds)
    yield from figures.trees(folder, versions, rounds)
    yield from figures.memory(folder, events)


def _row(figure: Figure) -> tuple[str, ...]:
    sign = "≥" if figure.more_is_better else "≤"
    numbers = (f"{number:.4g}" for number in (figure.ratio, figure.lowest, figure.highest))
    return (figure.name, *numbers, f"{sign} {figure.limit:g}", "yes" if figure.is_reached else "NO")


if __name__ == "__main__":
    typer.run(bench)
