"""The command `python -m scripts.generator.exports`: a school's events with gaps, and its exports, in a folder."""

from pathlib import Path
from typing import Annotated

import typer

from scripts.generator.exports.making import make


def main(
    *,
    to: Annotated[Path, typer.Option(help="The folder to make.")],
    events: Annotated[int, typer.Option(min=0, help="How many events the school's year has.")] = 30_000,
    seed: Annotated[int, typer.Option(help="Same seed and flags, same files.")] = 0,
    withheld: Annotated[float, typer.Option(min=0, max=1, help="Share of outcome events that are lost.")] = 0.01,
    form: Annotated[str, typer.Option("--format", help="jsonl, csv, tsv (each also with .gz) or parquet.")] = "jsonl",
) -> None:
    """Write a school's events without those that got lost, all of them, and what Canvas would export.

    Example: python -m scripts.generator.exports --to made --events 30000 --seed 7 --format csv.gz
    """
    made = make(to, events=events, seed=seed, withheld=withheld, form=form)
    typer.echo(
        f"{made.withheld} events withheld, {len(made.lost)} entities to be found out; the export is of {made.at}"
    )


if __name__ == "__main__":
    typer.run(main)
