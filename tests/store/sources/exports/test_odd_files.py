"""What tools make of Canvas Data 2 on its way: whatever the form, rows are the same, one by one and in columns."""

import gzip
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from outcomes.projections.reconcile.plain_columns import NOTHING, ODD, numbers_of, seconds_of, whole_ids
from outcomes.store.observations.row_values import instant
from outcomes.store.sources.exports.files import pages_of, tables_in
from outcomes.store.sources.exports.rows import ExportRow, identity, number

TABLE = "learning_outcome_results"
BIG = 2**53 + 1
FAR = 20_000_000_000_007
SAVED = "2026-01-01T10:20:30.123456Z"
VALUES = {"learning_outcome_id": FAR, "workflow_state": "active", "title": 'Maps, "old"\r\nones', "score": 2.5}
TITLE = '"Maps, ""old""\r\nones"'
NESTED = [
    {"key": {"id": BIG}, "value": {**VALUES, "updated_at": SAVED}, "meta": {"ts": "2026-02-01T00:00:00Z"}},
    {"key": {"id": 8}, "meta": {"ts": "2026-02-01T00:00:00Z", "action": "D"}},
]
HEAD = ["meta.ts", "meta.action", "key.id", *(f"value.{name}" for name in (*VALUES, "updated_at"))]


def jsonl(rows: list[dict[str, Any]], end: bytes = b"\n") -> bytes:
    """Return rows as lines of JSON."""
    return b"".join(orjson.dumps(row) + end for row in rows)


def dotted(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as tools flatten it: the names of what is nested joined by dots."""
    return {f"{part}.{name}": value for part, inner in row.items() for name, value in inner.items()}


def csv_text(head: list[str], end: str = "\n", null: str = "", saved: str = SAVED) -> bytes:
    """Return both rows as CSV."""
    first = ["2026-02-01T00:00:00Z", null, str(BIG), str(FAR), "active", TITLE, "2.5", saved]
    second = ["2026-02-01T00:00:00Z", "D", "8", *([null] * 5)]
    return "".join(",".join(record) + end for record in (head, first, second)).encode()


def tsv_text() -> bytes:
    r"""Return both rows as TSV, with \N for null and escapes in text."""
    title = 'Maps, "old"\\r\\nones'
    first = ["2026-02-01T00:00:00Z", "\\N", str(BIG), str(FAR), "active", title, "2.5", SAVED]
    second = ["2026-02-01T00:00:00Z", "D", "8", *(["\\N"] * 5)]
    return "".join("\t".join(record) + "\n" for record in (HEAD, first, second)).encode()


TEXTS: dict[str, bytes] = {
    "nested.jsonl": jsonl(NESTED),
    "mark.jsonl": b"\xef\xbb\xbf" + jsonl(NESTED),
    "windows.jsonl": jsonl(NESTED, b"\r\n"),
    "blank.jsonl": b"\n" + jsonl(NESTED) + b"\n\n",
    "dotted.jsonl": jsonl([dotted(row) for row in NESTED]),
    "part-00000.json.gz": gzip.compress(jsonl(NESTED[:1])) + gzip.compress(jsonl(NESTED[1:])),
    "packed.jsonl.zst": zstandard.compress(jsonl(NESTED)),
    "plain.csv": csv_text(HEAD),
    "null.csv": csv_text(HEAD, null="NULL"),
    "mark.csv": b"\xef\xbb\xbf" + csv_text(HEAD),
    "windows.csv": csv_text(HEAD, "\r\n"),
    "upper.csv": csv_text([name.upper() for name in HEAD]),
    "quoted.csv": b"\xef\xbb\xbf" + csv_text([f'"{name}"' for name in HEAD]),
    "bare.csv": csv_text([name.removeprefix("value.") for name in HEAD]),
    "space.csv": csv_text(HEAD, saved=SAVED.replace("T", " ")),
    "offset.csv": csv_text(HEAD, saved="2026-01-01T03:20:30.123456-07:00"),
    "plain.tsv": tsv_text(),
    "sixteen.csv": csv_text(HEAD).decode().encode("utf-16"),
}


def arrow(*, saved: pa.Array | None = None, flat: bool = False, **types: pa.DataType) -> Callable[[Path], None]:
    """Return what writes both rows as Parquet, columns of the given types."""

    def write(path: Path) -> None:
        columns = {name: pa.array([value, None]) for name, value in VALUES.items()}
        columns["updated_at"] = pa.array([SAVED, None]) if saved is None else saved
        columns.update({name: columns[name].cast(kind) for name, kind in types.items()})
        key = pa.StructArray.from_arrays([pa.array([BIG, 8])], ["id"])
        value = pa.StructArray.from_arrays(list(columns.values()), list(columns))
        meta = pa.StructArray.from_arrays(
            [pa.array(["2026-02-01T00:00:00Z"] * 2), pa.array([None, "D"])], ["ts", "action"]
        )
        table = pa.table({"key": key, "value": value, "meta": meta})
        compression = "zstd" if types else "snappy"
        pq.write_table(table.flatten() if flat else table, path, compression=compression)

    return write


AT = datetime(2026, 1, 1, 10, 20, 30, 123456, tzinfo=UTC)
PARQUETS: dict[str, Callable[[Path], None]] = {
    "nested": arrow(),
    "flattened": arrow(flat=True),
    "large": arrow(title=pa.large_string(), workflow_state=pa.large_string()),
    "dictionary": arrow(workflow_state=pa.dictionary(pa.int32(), pa.string())),
    "decimal": arrow(score=pa.decimal128(10, 4), learning_outcome_id=pa.decimal128(38, 0)),
    "scaled": arrow(learning_outcome_id=pa.decimal128(38, 2)),
    "micros": arrow(saved=pa.array([AT, None], pa.timestamp("us", "UTC"))),
    "elsewhere": arrow(saved=pa.array([AT, None], pa.timestamp("us", "America/Denver"))),
    "naive": arrow(saved=pa.array([AT.replace(tzinfo=None), None], pa.timestamp("us"))),
    "nanos": arrow(saved=pa.array([AT, None], pa.timestamp("ns", "UTC"))),
}


def check(path: Path) -> None:
    """Both rows are as they were made, read one by one; columns say the same, or leave it to the rows."""
    (page,) = pages_of(path, TABLE)
    first, gone = page.rows()
    assert [row.id for row in (first, gone)] == [str(BIG), "8"]
    assert (first.action, gone.is_gone) == (None, True)
    assert first.value["title"] == VALUES["title"]
    assert number(first.value["score"]) == 2.5
    assert identity(first.value["learning_outcome_id"]) == str(FAR)
    assert instant(first.value["updated_at"]) == instant(SAVED)
    assert not any(value is not None for value in gone.value.values())
    check_columns(page, (first, gone))


def check_columns(page: Any, rows: tuple[ExportRow, ...]) -> None:
    """What columns tell of a row is what it tells itself."""
    columns = page.columns(("learning_outcome_id", "updated_at", "score", "workflow_state"))
    if columns is None:
        return
    assert whole_ids(columns.ids).tolist() == [int(row.id) for row in rows]
    assert [action or None for action in columns.actions] == [row.action for row in rows]
    outcomes, saved, scores, states = columns.values
    assert whole_ids(outcomes)[0] in {FAR, ODD}
    assert whole_ids(outcomes)[1] in {NOTHING, ODD}
    assert seconds_of(saved)[0] in {(instant(SAVED) or 0) // 1_000_000, ODD}
    assert (numbers_of(scores)[0][0], states[0]) == (2.5, "active")


@pytest.mark.parametrize("name", TEXTS)
def test_text_is_read_in_every_form(tmp_path: Path, name: str) -> None:
    """A mark, line ends of Windows, names in capitals, flattened names, several packed parts, UTF-16."""
    path = tmp_path / name
    path.write_bytes(TEXTS[name])
    check(path)


@pytest.mark.parametrize("name", PARQUETS)
def test_parquet_is_read_with_every_type(tmp_path: Path, name: str) -> None:
    """Large and repeated texts, decimals, times of several units and zones; nested or flattened."""
    PARQUETS[name](tmp_path / "part-0.snappy.parquet")
    check(tmp_path / "part-0.snappy.parquet")


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.tsv", "a.jsonl.gz", "a.parquet"])
def test_a_file_without_rows_has_none(tmp_path: Path, name: str) -> None:
    """Of an increment in which nothing changed there may be a file of no bytes, or a heading alone."""
    contents = [gzip.compress(b"")] if name.endswith(".gz") else [b""]
    if name.endswith("csv"):
        contents.append(",".join(HEAD).encode())
    for content in contents:
        (tmp_path / name).write_bytes(content)
        assert list(pages_of(tmp_path / name, TABLE)) == []


def test_a_text_of_megabytes_is_one_field(tmp_path: Path) -> None:
    """Rich text is long, and has line ends and quotes of its own."""
    long = 'an "é"\n' * 300_000
    quoted = long.replace('"', '""')
    (tmp_path / "a.csv").write_text(
        f'key.id,value.learning_outcome_id,value.workflow_state,value.updated_at,value.title\n1,7,active,{SAVED},"{quoted}"\n'
    )
    (row,) = (row for page in pages_of(tmp_path / "a.csv", TABLE) for row in page.rows())
    assert row.value["title"] == long


@pytest.mark.parametrize("value", [2**63, -1, 1.5, "7~12", "00012", "", None, "x" * 50])
def test_odd_ids_are_left_to_the_rows(value: Any) -> None:
    """Beyond what a column holds, of another shard, or no number: never another id."""
    assert whole_ids([value, 7]).tolist() in ([ODD, 7], [ODD, ODD], [NOTHING, 7])


def test_part_files_are_found_in_the_folders_of_jobs(tmp_path: Path) -> None:
    """A table's folder may hold a folder for each job, and one export may be taken in several."""
    for name in ("job_1f0a/part-00000.json.gz", "job_1f0b/part-00000.json.gz", "part-00001-c000.snappy.parquet"):
        path = tmp_path / "export" / TABLE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert [path.parent.name for path in tables_in(tmp_path)[TABLE]] == ["job_1f0a", "job_1f0b", TABLE]


def test_whole_decimals_are_ids() -> None:
    """As databases and Parquet hold large whole numbers."""
    assert [identity(value) for value in (Decimal(7), Decimal("7.00"), 7.0)] == ["7", "7", "7"]
