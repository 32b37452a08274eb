"""Imports go one way, between layers and between the rooms of a layer, and the domain is pure: seen in the source."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = ("domain", "store", "projections", "api", "cluster", "service", "cli")
FOLDERS = {"domain": ROOT / "domain", "store": ROOT / "store", "projections": ROOT / "projections"}
FOLDERS |= {name: ROOT / "scripts" / name for name in ("api", "cluster", "service", "cli")}
PURE = {"pydantic", "pydantic_core", "outcomes", *sys.stdlib_module_names}
IMPURE_STDLIB = {"os", "io", "pathlib", "sqlite3", "socket", "subprocess", "time", "random", "tempfile", "shutil"}

# In each layer, from the ground up: a room imports from those before it, never from those after it or beside it.
ROOMS: dict[str, tuple[set[str], ...]] = {
    "domain": (
        {"errors", "phrasing"},
        {"times", "columns", "upcasting", "mastery", "silent_periods"},
        {"identity"},
        {"event", "tree"},
        {"aggregate", "changes"},
        {"entities"},
        {"catalog"},
        {"personal_data", "reconciliation"},
    ),
    "store": (
        {"connection", "cycle_collection", "library_errors"},
        {"ledger", "rows", "sqlite", "postgres", "sources"},
        {"encoding", "access", "new_target"},
        {"privacy"},
        {"log"},
        {"home_folder", "operations", "observations"},
        {"home_log", "ingest"},
    ),
    "projections": (
        {"paging", "views"},
        {"as_of"},
        {"mastery"},
        {"history"},
        {"export", "operations", "reconcile"},
        {"partitioned"},
    ),
    "api": (
        {"arguments", "clean_text", "csv_lines", "extras"},
        {"answers", "what_if"},
        {"heat_map", "session"},
        {"terminal"},
        {"html"},
        {"access", "export_files", "ingest", "maintenance", "replay"},
        {"point"},
        {"exports", "log", "quarantine", "rollups", "settings"},
        {"home"},
    ),
    "cluster": (
        {"bucket_file", "processes", "request", "target", "totals"},
        {"spark_errors", "spark_steps", "tasks"},
        {"local", "spark", "spark_session"},
        {"replay"},
        {"files"},
    ),
}

LOOKS = {("answers/base.py", "terminal"), ("answers/base.py", "html")}
"""How an answer looks is loaded, by name, when one is first shown: the one way back, so that rich stays away."""


def modules(layer: str) -> list[Path]:
    """Return the modules of a layer."""
    return sorted(FOLDERS[layer].rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """Yield the dotted names of all modules that a module imports from."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path} imports relatively"
            # `from outcomes.store.log import quarantine` imports a module, too.
            yield from (f"{node.module}.{name.name}" for name in node.names)


def test_nothing_is_imported_under_a_second_name() -> None:
    """Every module has one name, `outcomes.…`: never `domain.…`, which a repository on the path makes importable."""
    tops = set(LAYERS)
    folders = ("domain", "store", "projections", "scripts", "tests")
    everywhere = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    wrong = [f"{path}: {name}" for path in everywhere for name in imported(path) if name.split(".")[0] in tops]
    wrong += [
        f"{path}: {name}"
        for path in everywhere
        for name in imported(path)
        if name.startswith(("scripts.api", "scripts.cluster", "scripts.service", "scripts.cli"))
    ]
    assert wrong == []


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_go_one_way(layer: str) -> None:
    """Domain <- store <- projections <- API <- cluster <- service <- command line, and never back."""
    above = {f"outcomes.{name}" for name in LAYERS[LAYERS.index(layer) + 1 :]} | {"scripts"}
    wrong = [
        f"{path}: {name}"
        for path in modules(layer)
        for name in imported(path)
        if any(name == prefix or name.startswith(f"{prefix}.") for prefix in above)
    ]
    assert wrong == []


@pytest.mark.parametrize("layer", ROOMS)
def test_imports_between_rooms_go_one_way(layer: str) -> None:
    """Inside a layer, too: each room imports only from its own and from those further down."""
    height = {room: level for level, rooms in enumerate(ROOMS[layer]) for room in rooms}
    wrong = []
    for path in modules(layer):
        relative = path.relative_to(FOLDERS[layer])
        room = relative.parts[0].removesuffix(".py")
        if room == "__init__":
            continue
        for name in imported(path):
            parts = name.split(".")
            if parts[:2] == ["outcomes", layer] and len(parts) > 2:
                other = parts[2]
                if other != room and height[other] >= height[room] and (str(relative), other) not in LOOKS:
                    wrong.append(f"{layer}/{relative} imports {name}")
    assert wrong == []


def test_the_domain_is_pure() -> None:
    """The domain uses the standard library and pydantic only, and nothing of it that reads, writes or tells time."""
    wrong = [
        f"{path}: {name}"
        for path in modules("domain")
        for name in (name.split(".")[0] for name in imported(path))
        if name not in PURE or name in IMPURE_STDLIB
    ]
    assert wrong == []


def test_nobody_but_the_edge_reads_the_calendar() -> None:
    """`datetime.now` is called at the edge only: everywhere else the clock is given."""
    calls = [
        f"{path.relative_to(ROOT)}"
        for layer in LAYERS
        for path in modules(layer)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr in {"now", "utcnow", "today"}
        and isinstance(node.value, ast.Name)
        and node.value.id in {"datetime", "date"}
    ]
    assert calls == ["scripts/api/arguments.py"]


def test_only_the_store_knows_the_library() -> None:
    """The eventsourcing library, whose next major version renames everything, is imported in the store only.

    And in the benchmark, where it stands beside us as a peer, used as its own documentation says.
    """
    everywhere = [
        path for folder in ("domain", "store", "projections", "scripts") for path in (ROOT / folder).rglob("*.py")
    ]
    users = {path for path in everywhere if any(name.split(".")[0] == "eventsourcing" for name in imported(path))}
    outside = {path for path in users if ROOT / "store" not in path.parents}
    assert outside == {ROOT / "scripts/bench/peers/stock.py"}
