"""Results are compared in columns where they are plain, one by one where not: the verdicts are the same."""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import orjson
import pytest

import outcomes
from outcomes.projections.reconcile.plain_columns import NOTHING, ODD, numbers_of, seconds_of, whole_ids
from scripts.generator.exports import Made, make
from scripts.generator.exports.files import write

RESULTS = "learning_outcome_results"
WEST = timezone(timedelta(hours=-7))


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Made, outcomes.Home]]:
    """A small school of whose events one in twenty was lost."""
    folder = tmp_path_factory.mktemp("columns")
    made = make(folder, events=1_500, seed=3, withheld=0.05)
    with outcomes.open(folder / "home", create=True) as home:
        home.ingest(str(folder / "events.ndjson"))
        yield made, home


def verdicts(made: Made, home: outcomes.Home, folder: Path) -> tuple[Any, Any]:
    """Return what a comparison came to: coverage and findings."""
    found = home.reconcile(folder, at=made.at)
    return [row.as_json() for row in found.coverage], list(found.findings.as_lines())


def rows(made: Made) -> list[dict[str, Any]]:
    """Return the export's results, row by row."""
    lines = (made.folder / "canvas_data_2" / f"{RESULTS}.jsonl").read_bytes().splitlines()
    return [{"id": str(one["key"]["id"]), **one["value"]} for one in map(orjson.loads, lines)]


def results_only(folder: Path, made: Made, found: list[dict[str, Any]], form: str = "jsonl") -> Path:
    """Write an export that holds the results alone."""
    write(folder, [(RESULTS, row) for row in found], form, made.at)
    return folder


def test_rows_that_are_not_plain_have_the_verdicts_of_those_that_are(
    tmp_path: Path, school: tuple[Made, outcomes.Home]
) -> None:
    """Told in the time of another place every row is read by itself, and nothing comes out otherwise."""
    made, home = school
    plain = rows(made)

    def moved(text: str) -> str:
        return datetime.fromisoformat(text).astimezone(WEST).isoformat(timespec="milliseconds")

    times = ("updated_at", "created_at", "assessed_at")
    odd = [{**row, **{name: moved(row[name]) for name in times if row.get(name)}} for row in plain]
    first = verdicts(made, home, results_only(tmp_path / "plain", made, plain))
    assert first == verdicts(made, home, results_only(tmp_path / "odd", made, odd))
    assert {one["verdict"] for one in first[1]} >= {"missed", "never_told"}


@pytest.mark.parametrize("form", ["csv", "csv.gz", "tsv", "parquet"])
def test_every_format_has_the_same_verdicts(tmp_path: Path, school: tuple[Made, outcomes.Home], form: str) -> None:
    """Of one export, written in each of its formats."""
    made, home = school
    if form == "parquet":
        pytest.importorskip("pyarrow")
    first = verdicts(made, home, results_only(tmp_path / "jsonl", made, rows(made)))
    assert verdicts(made, home, results_only(tmp_path / form, made, rows(made), form)) == first


def test_increments_count_by_their_last_copy(tmp_path: Path, school: tuple[Made, outcomes.Home]) -> None:
    """A snapshot of older states beside the rows as they are now: the newer copy of each row is judged, once."""
    made, home = school
    folder = results_only(tmp_path / "both", made, [{**row, "score": -1.0} for row in rows(made)])
    (folder / f"{RESULTS}.jsonl").rename(folder / f"{RESULTS}-1.jsonl")
    lines = (made.folder / "canvas_data_2" / f"{RESULTS}.jsonl").read_text().splitlines()
    newer = [line.replace('"meta":{"ts":"2', '"meta":{"action":"U","ts":"3') for line in lines]
    (folder / f"{RESULTS}-2.jsonl").write_text("\n".join(newer))
    _, found = verdicts(made, home, folder)
    _, whole = verdicts(made, home, results_only(tmp_path / "jsonl", made, rows(made)))
    assert [one for one in found if one["verdict"] != "gone"] == [one for one in whole if one["verdict"] != "gone"]


def test_times_are_read_in_columns_as_one_by_one() -> None:
    """Seconds of what is plain, nothing for nothing, and all else is left to be read with care."""
    noon = int(datetime.fromisoformat("2026-02-28T12:00:00Z").timestamp())
    plain = [
        "2026-02-28T12:00:00Z",
        "2026-02-28 12:00:00.999999+00:00",
        "2026-02-28T12:00:00",
        "2026-02-28T12:00:00.5Z",
    ]
    assert seconds_of(plain).tolist() == [noon] * 4
    assert seconds_of([None, ""]).tolist() == [NOTHING] * 2
    odd = ["2026-02-29T12:00:00Z", "2026-02-28T12:00:00-06:00", "2026-02-28T24:00:00Z", "2026-02-28", "noon", "é", 7]
    odd += ["2026-02-28T12:00:00.Z", "2026-02-28T12:00:00.5+0000", "2026-02-28T12:00:00ZZ", "2026-02-28T12:00:00Z "]
    assert [seconds_of([one]).tolist() for one in odd] == [[ODD]] * len(odd)
    assert seconds_of(plain + odd[:5]).tolist() == [noon] * 4 + [ODD] * 5


def test_ids_and_numbers_are_read_in_columns_as_one_by_one() -> None:
    """As numbers or as text; nothing is nothing; what is not written plainly is marked."""
    assert whole_ids([7, 8]).tolist() == [7, 8]
    assert whole_ids(["7", 8, None, ""]).tolist() == [7, 8, NOTHING, NOTHING]
    assert whole_ids(["007", "x", "10"]).tolist() == [ODD, ODD, 10]
    assert whole_ids([-7, 7]).tolist() == [ODD, 7]
    assert whole_ids([7.0, 7]).tolist() == [ODD, ODD]
    numbers, is_odd = numbers_of([1, "2.5", None, "", "inf", "nan"])
    assert numbers[:2].tolist() == [1.0, 2.5]
    assert is_odd.tolist() == [False, False, False, False, True, True]
    assert numbers_of(["2.5", "many"])[1].tolist() == [True, True]
