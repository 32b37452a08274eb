"""One archive of three tenants of very different size, and the home that holds the same events, for all tests here."""

import gzip
import random

import pytest
import zstandard

import outcomes
from scripts.generator import Faults, generate
from tests.cluster.archive import Archive


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """Three tenants, events shuffled over files, a tenth of them repeated, some packed, some no events at all."""
    folder = tmp_path_factory.mktemp("archive")
    given: list[bytes] = []
    for seed, events in ((1, 2_400), (2, 300), (3, 30)):
        given += generate(events=events, seed=seed, faults=Faults(repeat=0.0, malformed=0.002))
    dice = random.Random(7)  # noqa: S311 - to be the same each time
    given += dice.choices(given, k=len(given) // 10)
    dice.shuffle(given)
    files = folder / "files"
    (files / "2026").mkdir(parents=True)
    for number in range(6):
        text = b"\n".join(given[number::6]) + b"\n"
        if number < 3:
            (files / "2026" / f"{number}.ndjson").write_bytes(text)
        elif number < 5:
            (files / f"{number}.gz").write_bytes(gzip.compress(text))
        else:
            (files / f"{number}.zst").write_bytes(zstandard.compress(text))
    with outcomes.open(folder / "home", create=True) as home:
        for path in sorted(files.rglob("*.*")):
            home.ingest(path)
        home.write_log(folder / "log.parquet")
        tenants = tuple(home.status().tenants)
    return Archive(files, folder / "home", folder / "log.parquet", tenants)
