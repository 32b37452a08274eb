"""A past tree as a file for Canvas's own import, and back."""

from pathlib import Path
from typing import Any

import pytest

import outcomes
from outcomes.domain.errors import UnreadableInput
from outcomes.store.sources.exports.outcomes_csv import CsvNode, nodes_in
from tests.support.given import group, link, outcome
from tests.support.world import World

TREE = [
    group("1", "2025-09-01"),
    group("2", "2025-09-01", parent="1", title='Maps, "old" ones', vendor_guid="MAPS"),
    group("3", "2025-09-01", parent="2", title="Legends"),
    outcome(
        "7", "2025-09-02", title="Reads maps", vendor_guid="M.7", calculation_method="n_mastery", calculation_int=3
    ),
    outcome("8", "2025-09-02", title="Draws\nmaps", display_name="Draws"),
    outcome("9", "2025-09-02", title="Hangs in the root", mastery=2.5),
    link("11", "2025-09-02", outcome="7", group="2"),
    link("12", "2025-09-02", outcome="7", group="3"),
    link("13", "2025-09-02", outcome="8", group="3"),
    link("14", "2025-09-02", outcome="9", group="1"),
    outcome("7", "2025-10-01", updated="2025-10-01", title="Reads everything", mastery=4),
]


def shape(nodes: list[CsvNode]) -> set[tuple[str, str | None, str, tuple[str, ...]]]:
    """Return what hangs where."""
    ids = {node.guid: node.id or "" for node in nodes}
    return {(node.kind, node.id, node.title, tuple(sorted(ids[guid] for guid in node.parents))) for node in nodes}


def of_tree(node: dict[str, Any], parent: str | None) -> list[tuple[str, str, str, str | None]]:
    """Return the places below a node, but for the root's own."""
    below = None if parent is None else node["id"]
    here = [] if parent is None else [(node["kind"], node["id"], node["title"], parent or None)]
    return here + [one for child in node.get("children", []) for one in of_tree(child, below or "")]


def test_a_past_tree_goes_out_and_comes_back(world: World, tmp_path: Path) -> None:
    """Read by our own reader, the file has the same places, titles, methods and ratings as the tree of then."""
    world.take(*TREE)
    with outcomes.open(world.home.folder) as home:
        then = home.at("2025-09-15")
        lines = then.tree_csv("Account:1")
        (root,) = then.tree("Account:1").as_json()["roots"]
    file = tmp_path / "outcomes.csv"
    file.write_text("".join(lines))
    nodes = nodes_in(file)
    places: dict[tuple[str, str, str], set[str]] = {}
    for kind, number, title, parent in of_tree(root, None):
        places.setdefault((kind, number, title), set()).update({parent} if parent else ())
    assert shape(nodes) == {(*key, tuple(sorted(above))) for key, above in places.items()}
    assert [node.kind for node in nodes] == ["group", "group", "outcome", "outcome", "outcome"]
    seventh = next(node for node in nodes if node.id == "7")
    assert (seventh.title, seventh.guid, seventh.mastery_points) == ("Reads maps", "M.7", 3)
    assert (seventh.calculation_method, seventh.calculation_int) == ("n_mastery", 3)
    assert seventh.ratings == ((5, "Sure"), (0, "Not yet"))
    assert seventh.parents == ("MAPS", "canvas_outcome_group:3")
    ninth = next(node for node in nodes if node.id == "9")
    assert (ninth.guid, ninth.parents, ninth.mastery_points) == ("canvas_outcome:9", (), 2.5)


@pytest.mark.parametrize(("method", "written"), [("highest", None), ("n_mastery", 4), ("new", 4)])
def test_an_integer_with_a_method_that_takes_none_is_left_out(
    world: World, tmp_path: Path, method: str, written: int | None
) -> None:
    """Canvas's own example of an event has 65 with highest."""
    world.take(group("1", "2025-09-01"), outcome("7", "2025-09-02", calculation_method=method, calculation_int=4))
    world.take(link("11", "2025-09-02", outcome="7", group="1"))
    file = tmp_path / "outcomes.csv"
    with outcomes.open(world.home.folder) as home:
        file.write_text("".join(home.at().tree_csv("Account:1")))
    (seventh,) = nodes_in(file)
    assert seventh.calculation_int == written


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("canvas_id,title\n1,Maps\n", "has no column vendor_guid, object_type"),
        ("vendor_guid,object_type,title\nM,book,Maps\n", "line 2: object_type is 'book'"),
        ("vendor_guid,object_type,title,parent_guids\nM,group,Maps,X\n", "hangs in X"),
        ("vendor_guid,object_type,title,mastery_points\nM,outcome,Maps,many\n", "line 2"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, text: str, words: str) -> None:
    """One line that names the file."""
    file = tmp_path / "outcomes.csv"
    file.write_text(text)
    with pytest.raises(UnreadableInput, match=r"outcomes\.csv") as raised:
        nodes_in(file)
    assert words in str(raised.value)
