"""Imports go one way, and the domain is pure: seen in the source itself."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = ("domain", "store", "projections", "scripts")
PURE = {"pydantic", "pydantic_core", "domain", *sys.stdlib_module_names}
IMPURE_STDLIB = {"os", "io", "pathlib", "sqlite3", "socket", "subprocess", "time", "random", "tempfile", "shutil"}


def modules(layer: str) -> list[Path]:
    """Return the modules of a layer."""
    return sorted((ROOT / layer).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """Yield the top-level packages that a module imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name.split(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path} imports relatively"
            yield str(node.module).split(".")[0]


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_go_one_way(layer: str) -> None:
    """Domain <- store <- projections <- scripts, and never back."""
    above = set(LAYERS[LAYERS.index(layer) + 1 :])
    wrong = [f"{path}: {name}" for path in modules(layer) for name in imported(path) if name in above]
    assert wrong == []


def test_the_domain_is_pure() -> None:
    """The domain uses the standard library and pydantic only, and nothing of it that reads, writes or tells time."""
    wrong = [
        f"{path}: {name}"
        for path in modules("domain")
        for name in imported(path)
        if name not in PURE or name in IMPURE_STDLIB
    ]
    assert wrong == []


def test_nobody_but_the_edge_reads_the_calendar() -> None:
    """`datetime.now` is called at the edge only: everywhere else the clock is given."""
    calls = [
        f"{path}:{node.lineno}"
        for layer in LAYERS
        for path in modules(layer)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr in {"now", "utcnow", "today"}
        and isinstance(node.value, ast.Name)
        and node.value.id in {"datetime", "date"}
    ]
    assert [call.split(":")[0].removeprefix(f"{ROOT}/") for call in calls] == ["scripts/options.py"]


def test_only_the_store_knows_the_library() -> None:
    """The eventsourcing library, whose next major version renames everything, is imported in the store only.

    And in the benchmark, where it stands beside us as a peer, used as its own documentation says.
    """
    users = {path for layer in LAYERS for path in modules(layer) if "eventsourcing" in imported(path)}
    assert {path for path in users if path.parent != ROOT / "store"} == {ROOT / "scripts/bench/peers/stock.py"}
