"""Files of Canvas Data 2, a table each, in one of its formats: JSON Lines, CSV or TSV (gzip or not), Parquet."""

import gzip
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO, cast

import orjson

from scripts.generator.exports.database import Row


def write(folder: Path, found: Iterable[tuple[str, Row]], form: str, at: str) -> None:
    """Write rows to a file a table, `TABLE.FORM`; `form` may end in .gz."""
    tables: dict[str, list[Row]] = defaultdict(list)
    for table, row in found:
        tables[table].append(row)
    folder.mkdir(parents=True, exist_ok=True)
    for table, rows in tables.items():
        path = folder / f"{table}.{form}"
        kind = form.partition(".")[0]
        if kind == "parquet":
            _parquet(path, rows, at)
            continue
        with gzip.open(path, "wb") if form.endswith(".gz") else path.open("wb") as out:
            {"jsonl": _jsonl, "csv": _csv, "tsv": _tsv}[kind](cast("BinaryIO", out), rows, at)


def _jsonl(out: BinaryIO, rows: list[Row], at: str) -> None:
    for row in rows:
        value = {name: _typed(name, item) for name, item in row.items() if item is not None and name != "id"}
        line = {"key": {"id": _id(row["id"])}, "value": value, "meta": {"ts": at}}
        out.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))


def _typed(name: str, value: Any) -> Any:
    """Return an id as a number, as the schema has them."""
    return _id(value) if name.endswith("_id") and isinstance(value, str) and not name.startswith("sis_") else value


def _id(value: str) -> int | str:
    return int(value) if value.isdigit() else value


def _columns(rows: list[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row if name != "id"))


def _csv(out: BinaryIO, rows: list[Row], at: str) -> None:
    columns = _columns(rows)
    out.write(",".join(["meta.ts", "key.id", *(f"value.{name}" for name in columns)]).encode() + b"\n")
    for row in rows:
        fields = [at, row["id"], *(_csv_field(row.get(name)) for name in columns)]
        out.write(",".join(fields).encode() + b"\n")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return orjson.dumps(value).decode() if isinstance(value, dict) else str(value)


def _csv_field(value: Any) -> str:
    if value is None:
        return ""
    quoted = _text(value).replace('"', '""')
    return f'"{quoted}"' if isinstance(value, str | dict) else quoted


def _tsv(out: BinaryIO, rows: list[Row], at: str) -> None:
    columns = _columns(rows)
    out.write("\t".join(["meta.ts", "key.id", *(f"value.{name}" for name in columns)]).encode() + b"\n")
    for row in rows:
        fields = [at, row["id"], *(_tsv_field(row.get(name)) for name in columns)]
        out.write("\t".join(fields).encode() + b"\n")


def _tsv_field(value: Any) -> str:
    if value is None:
        return "\\N"
    return _text(value).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _parquet(path: Path, rows: list[Row], at: str) -> None:
    import pyarrow as pa  # noqa: PLC0415 - an extra, and this format alone needs it
    from pyarrow import parquet  # noqa: PLC0415 - the same

    columns = _columns(rows)
    nested = [
        {
            "key": {"id": _id(row["id"])},
            "value": {name: _cell(_typed(name, row.get(name))) for name in columns},
            "meta": {"ts": at},
        }
        for row in rows
    ]
    parquet.write_table(pa.Table.from_pylist(nested), path)


def _cell(value: Any) -> Any:
    return orjson.dumps(value).decode() if isinstance(value, dict) else value
