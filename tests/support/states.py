"""States in Parquet, read as somebody without us would: of one home, or of many tenants side by side."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow.parquet as pq

import outcomes

Rows = list[dict[str, Any]]
State = dict[str, Rows]


def of_home(home: outcomes.Home, scratch: Path, tenant: str, **point: Any) -> State:
    """Return what `replay --format parquet` writes of one tenant at a point."""
    target = scratch / "of-home"
    home.at(tenant=tenant, **point).replay(target, format="parquet")
    found = {file.stem: _sorted(pq.read_table(file).to_pylist()) for file in target.iterdir()}
    for file in target.iterdir():
        file.unlink()
    target.rmdir()
    return found


def of_tenants(folder: Path) -> dict[str, State]:
    """Return the states in a folder of tables by tenant."""
    found: dict[str, State] = {}
    for path in sorted(folder.glob("*/tenant=*/*.parquet")):
        tenant = unquote(path.parent.name.removeprefix("tenant="))
        rows = pq.ParquetFile(path).read().to_pylist()
        if path.parent.parent.name == "point":
            rows = [{"tenant": tenant, **row} for row in rows]  # whose it is, the folder says
        found.setdefault(tenant, {}).setdefault(path.parent.parent.name, []).extend(rows)
    return {tenant: {name: _sorted(rows) for name, rows in state.items()} for tenant, state in found.items()}


def without_positions(state: State) -> State:
    """Return a state as files of events tell it: they know of no positions."""
    unknown = {"position", "known_at"}
    return {
        name: _sorted([{key: value for key, value in row.items() if key not in unknown} for row in rows])
        for name, rows in state.items()
    }


def columns(files: Iterable[Path]) -> dict[str, list[tuple[str, str]]]:
    """Return the columns and types of tables, by the name of the file or of the folder that holds it."""
    return {
        path.parent.parent.name if path.parent.name.startswith("tenant=") else path.stem: [
            (field.name, str(field.type)) for field in pq.read_schema(path)
        ]
        for path in files
    }


def _sorted(rows: Rows) -> Rows:
    return sorted(rows, key=lambda row: repr(list(row.values())))
