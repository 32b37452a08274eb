"""Files of Canvas Data 2 in every format give the same rows, and what is wrong with one is said in a line."""

import gzip
from pathlib import Path

import pytest

from outcomes.domain.errors import UnreadableInput
from outcomes.store.sources.exports.files import rows_of, tables_in
from outcomes.store.sources.exports.outcomes_csv import points_of
from outcomes.store.sources.exports.ruby_yaml import load

TABLE = "learning_outcome_groups"
CSV = (
    "meta.ts,key.id,value.title,value.description,value.vendor_guid,value.workflow_state,value.updated_at\n"
    '2026-01-01,7,"Maps, ""old"" ones","",,active,2026-01-01T00:00:00Z\n'
    '2026-01-01,8,"two\nlines",NULL,"NULL",active,2026-01-02T00:00:00Z\n'
)
TSV = (
    "key.id\tvalue.title\tvalue.description\tvalue.vendor_guid\tvalue.workflow_state\tvalue.updated_at\n"
    '7\tMaps, "old" ones\t\t\\N\tactive\t2026-01-01T00:00:00Z\n'
    "8\ttwo\\nlines\t\\N\tNULL\tactive\t2026-01-02T00:00:00Z\n"
)
JSONL = (
    '{"key":{"id":7},"value":{"title":"Maps, \\"old\\" ones","description":"","vendor_guid":null,'
    '"workflow_state":"active","updated_at":"2026-01-01T00:00:00Z"},"meta":{"ts":"2026-01-01"}}\n'
    '{"key":{"id":8},"value":{"title":"two\\nlines","vendor_guid":"NULL","workflow_state":"active",'
    '"updated_at":"2026-01-02T00:00:00Z"},"meta":{"ts":"2026-01-01"}}\n'
)


@pytest.mark.parametrize(("name", "text"), [("a.csv", CSV), ("a.tsv", TSV), ("a.jsonl", JSONL)])
@pytest.mark.parametrize("is_packed", [False, True])
def test_every_format_tells_null_from_empty_text(tmp_path: Path, name: str, text: str, is_packed: bool) -> None:
    """Nothing and NULL are null in CSV, "" is empty text; packed or not, the rows are the same."""
    path = tmp_path / (name + ".gz" if is_packed else name)
    path.write_bytes(gzip.compress(text.encode()) if is_packed else text.encode())
    first, second = rows_of(path, TABLE)
    assert (first.id, first.value["title"], first.value["description"]) == ("7", 'Maps, "old" ones', "")
    assert first.value.get("vendor_guid") is None
    assert (second.value["title"], second.value["vendor_guid"]) == ("two\nlines", "NULL")
    assert second.value.get("description") is None


def test_parquet_is_read_nested(tmp_path: Path) -> None:
    """Key, value and meta are structs there."""
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    value = {"title": "Maps", "description": "", "workflow_state": "active", "updated_at": "2026-01-01T00:00:00Z"}
    rows = [{"key": {"id": 7}, "value": value, "meta": {"ts": "2026-01-01", "action": "D"}}]
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    (row,) = rows_of(tmp_path / "a.parquet", TABLE)
    assert (row.id, row.value["description"], row.is_gone) == ("7", "", True)


def test_files_are_found_by_name_or_folder(tmp_path: Path) -> None:
    """A table is what the file is called, or the folder around it, with what tools add to names."""
    names = [
        "learning_outcomes.jsonl",
        "canvas.content_tags.csv.gz",
        "learning_outcome_results/part-00000.json.gz",
        "users-0001.tsv",
        "readme.txt",
        "user_notes.jsonl",
    ]
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert set(tables_in(tmp_path)) == {"learning_outcomes", "content_tags", "learning_outcome_results", "users"}


BAD = [
    ("cut.csv", CSV[:-40].encode(), "fields, its head names"),
    ("quotes.csv", CSV[: CSV.index("lines")].encode(), "inside the quotes"),
    ("cut.jsonl", JSONL[:-20].encode(), "is no JSON"),
    ("cut.jsonl.gz", gzip.compress(JSONL.encode())[:-12], "cut.jsonl.gz"),
    ("column.csv", CSV.replace("value.updated_at", "value.saved_at").encode(), "has no column updated_at"),
    ("other.jsonl", b'{"title": "Maps"}\n', "has no key.id"),
    ("list.jsonl", b"[1]\n", "is no object"),
    ("bytes.csv", CSV.replace("Maps", "M\udcffps").encode(errors="surrogateescape"), "is not UTF-8"),
]


@pytest.mark.parametrize(("name", "content", "words"), BAD, ids=[name for name, *_ in BAD])
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    """The message names the file, and where it can the line."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UnreadableInput) as raised:
        list(rows_of(path, TABLE))
    assert name in str(raised.value)
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


def test_ruby_yaml_becomes_plain_data() -> None:
    """Symbols, quotes, blocks and lists as Ruby writes them, with dashes as far in as their key."""
    text = (
        "--- \n:rubric_criterion: \n  :description: 'It''s \"that\"'\n  :mastery_points: 3\n  :points_possible: 5.0\n"
        '  :ratings: \n  - :description: "Caf\\u00e9: all"\n    :points: 5\n'
        "  - :description: |-\n      two\n      lines\n    :points: 0\n"
    )
    assert load(text) == {
        "rubric_criterion": {
            "description": 'It\'s "that"',
            "mastery_points": 3,
            "points_possible": 5.0,
            "ratings": [{"description": "Café: all", "points": 5}, {"description": "two\nlines", "points": 0}],
        }
    }


@pytest.mark.parametrize(
    "text", ["--- !ruby/object:Gem::Installer\ni: x", "a: *b", "a: &b 1", "a: {b: c}", "a: !!python/name:os.system x"]
)
def test_ruby_yaml_builds_nothing_else(text: str) -> None:
    """Objects, anchors and aliases are refused."""
    with pytest.raises(ValueError, match="plain data"):
        load(text)


@pytest.mark.parametrize(
    ("written", "points"),
    [("3", 3.0), ("3.5", 3.5), ("3,5", 3.5), ("0,375", 0.375), ("1,000.5", 1000.5), ("1.000,5", 1000.5),
     ("1 000,5", 1000.5), ("1\u202f000", 1000.0), ("", None)],
)  # fmt: skip
def test_points_are_read_as_languages_write_them(written: str, points: float | None) -> None:
    """Canvas writes the points of its CSV of outcomes in the language of whoever exports it."""
    assert points_of(written) == points
