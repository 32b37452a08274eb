"""Times compared: a diff turns one tree into the other, blame finds the culprit, a replay stands alone."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from outcomes.domain.identity import GLOBAL, Context, Kind
from outcomes.domain.times import parse_argument
from outcomes.projections.as_of.point import PointQuery, resolve
from outcomes.projections.history.blame import blame
from outcomes.projections.history.diff import diff, policies_changed, students_changed
from outcomes.projections.history.late import late
from tests.support.given import ASKER, account, calculation_method, course, group, link, outcome, proficiency, result
from tests.support.histories import CONTEXTS, POINTS, histories
from tests.support.world import World, fresh_world

ACCOUNT, COURSE = Context("Account", "1"), Context("Course", "200")


def compared(world: World, before: PointQuery, after: PointQuery, context: Context | None = ACCOUNT) -> dict[str, Any]:
    """Return the diff between two points."""
    with world.opened() as (log, views), views.reading() as connection:
        return diff(connection, log, resolve(connection, before), resolve(connection, after), context)


# What a node of a tree shows, by the name of the field that a diff tells it under.
SHOWN = {
    "group": {"title": "title", "workflow_state": "state"},
    "outcome": {
        "title": "title",
        "workflow_state": "outcome_state",
        "display_name": "display_name",
        "rubric_criterion.mastery_points": "mastery_points",
        "rubric_criterion.points_possible": "points_possible",
        "calculation_method": "calculation_method",
        "calculation_int": "calculation_int",
        "link.workflow_state": "link_state",
        "link.implied": "implied",
    },
}


def nodes(trees: dict[str, dict[str, Any]]) -> dict[Any, dict[str, Any]]:
    """Return every node of some trees, by its context, kind, id and link, with all that it shows."""
    found = {}
    for context, tree in trees.items():
        pending = [node for part in tree.values() for node in part]
        while pending:
            node = pending.pop()
            shown = {name: node[name] for name in (*SHOWN[node["kind"]].values(), "parent_id")}
            found[context, node["kind"], node["id"], node.get("link_id")] = shown
            pending += node.get("children", [])
    return found


def applied(changes: dict[str, Any], tree: dict[Any, dict[str, Any]]) -> dict[Any, dict[str, Any]]:
    """Return the tree with the changes made to it; each must find the tree as it says that it was."""
    became = {key: dict(node) for key, node in tree.items()}

    def edit(row: dict[str, Any], node: dict[str, Any]) -> None:
        for field, shown in SHOWN[row["kind"]].items():
            if field in row["fields"]:
                before, after = row["fields"][field]
                assert node[shown] == before
                node[shown] = after

    def key(row: dict[str, Any]) -> Any:
        return row["context"], row["kind"], row["id"], row.get("link_id")

    for row in changes["removed"]:
        node = became.pop(key(row))
        edit(row, node)
        assert {value for name, value in node.items() if name != "parent_id"} == {None}
    for row in changes["added"]:
        assert key(row) not in became
        if row.get("link_id") is not None:
            became.pop((*key(row)[:3], None), None)  # a group holds it now: it is no longer among those in none
        became[key(row)] = dict.fromkeys(SHOWN[row["kind"]].values()) | {"parent_id": row["parent_id"]}
        edit(row, became[key(row)])
    for row in changes["moved"]:
        before, after = row["parent"]
        assert became[key(row)]["parent_id"] == before
        became[key(row)]["parent_id"] = after
    for row in changes["changed"]:
        title = became[key(row)]["title"]
        edit(row, became[key(row)])
        assert row.get("renamed", [title] * 2) == [title, became[key(row)]["title"]]
    return became


_times = st.sampled_from([*POINTS, None])
_positions = st.none() | st.integers(0, 14).map(str)
_two_times = st.tuples(_times, _times, _positions).map(lambda drawn: ((drawn[0], drawn[2]), (drawn[1], drawn[2])))
_two_positions = st.tuples(_positions, _positions, _times).map(
    lambda drawn: ((drawn[2], drawn[0]), (drawn[2], drawn[1]))
)


@given(histories(), _two_times | _two_positions, st.sampled_from([ACCOUNT, COURSE, GLOBAL, None]))
def test_a_diff_turns_the_first_tree_into_the_second(
    history: list[dict[str, Any]], points: Any, context: Context | None
) -> None:
    """Do what a diff says, and one tree has become the other, to the last field: nothing more, nothing less.

    Between two event times or two positions of the log, of one context or of all.
    """
    tenant = history[0]["metadata"]["root_account_uuid"]
    contexts = CONTEXTS if context is None else [str(context)]
    with fresh_world() as world:
        world.take(*history)
        changes = compared(world, *(PointQuery(tenant, *point) for point in points), context)
        first, second = (
            nodes({place: world.tree(place, as_of=as_of, known_at=known_at, tenant=tenant) for place in contexts})
            for as_of, known_at in points
        )
    # One taken out of its last group is told as removed; that it is still there, in no group, is not told as added.
    left = {key for key in second if key[1] == "outcome" and key[3] is None and key not in first}
    left = {key for key in left if any(key[:3] == other[:3] for other in first)}
    assert applied(changes, first) == {key: node for key, node in second.items() if key not in left}


def test_a_diff_names_what_was_edited_moved_added_and_removed(world: World) -> None:
    """One of each, between January and June; a move tells both parents, an edit both values."""
    world.take(
        group("1", "2025-01-01"),
        group("2", "2025-01-01", parent="1"),
        group("3", "2025-01-01", parent="1"),
        outcome("7", "2025-01-01"),
        link("70", "2025-01-01", outcome="7", group="2"),
        link("70", "2025-03-01", outcome="7", group="3", updated="2025-03-01"),
        outcome("7", "2025-03-02", mastery=4, updated="2025-03-02"),
        group("4", "2025-03-03", parent="1"),
        group("2", "2025-03-04", parent="1", updated="2025-03-04", workflow_state="deleted"),
    )
    found = compared(world, PointQuery(None, "2025-02-01"), PointQuery(None, "2025-06-01"))
    assert [(row["kind"], row["id"]) for row in found["added"]] == [("group", "4")]
    assert [(row["kind"], row["id"]) for row in found["removed"]] == [("group", "2")]
    assert [(row["id"], row["parent"]) for row in found["moved"]] == [("7", ["2", "3"])]
    assert [row["fields"] for row in found["changed"]] == [{"rubric_criterion.mastery_points": [3.0, 4.0]}]
    assert found["added"][0]["fields"]["title"] == [None, "Group 4"]
    assert found["removed"][0]["fields"]["title"] == ["Group 2", None]
    assert compared(world, PointQuery(None, "2025-06-01"), PointQuery(None, "2025-07-01")) == {
        "added": [],
        "removed": [],
        "moved": [],
        "changed": [],
    }


def test_an_outcome_put_into_a_group_is_added_and_one_taken_out_of_its_last_is_removed(world: World) -> None:
    """Once each: it is no place that an outcome is in no group, for whoever compares two trees."""
    world.take(
        group("1", "2025-01-01"),
        outcome("7", "2025-02-01"),
        link("70", "2025-03-01", outcome="7", group="1"),
        link("70", "2025-04-01", outcome="7", group="1", updated="2025-04-01", workflow_state="deleted"),
    )

    def told(before: str, after: str) -> dict[str, list[Any]]:
        found = compared(world, PointQuery(None, before), PointQuery(None, after))
        return {name: [(row["id"], row["parent_id"]) for row in rows] for name, rows in found.items() if rows}

    assert told("2025-01-15", "2025-02-15") == {"added": [("7", None)]}
    assert told("2025-02-15", "2025-03-15") == {"added": [("7", "1")]}
    assert told("2025-03-15", "2025-04-15") == {"removed": [("7", "1")]}
    assert told("2025-01-15", "2025-03-15") == {"added": [("7", "1")]}
    assert told("2025-02-15", "2025-04-15") == {}


def test_a_new_title_is_told_as_such(world: World) -> None:
    """With the title before and after; an edit of anything else renames nothing."""
    world.take(
        outcome("7", "2025-01-01", title="Reads"),
        outcome("8", "2025-01-01"),
        outcome("7", "2025-02-01", title="Reads maps", updated="2025-02-01"),
        outcome("8", "2025-02-01", mastery=4, updated="2025-02-01"),
    )
    changed = compared(world, PointQuery(None, "2025-01-15"), PointQuery(None))["changed"]
    assert {row["id"]: row.get("renamed") for row in changed} == {"7": ["Reads", "Reads maps"], "8": None}


def test_a_diff_tells_scales_and_methods_besides(world: World) -> None:
    """They are in no tree, but decide what a score means: of the context asked for, or of all."""
    world.take(
        proficiency("1", "2025-01-01"),
        proficiency("1", "2025-02-01", mastery=2, updated="2025-02-01"),
        calculation_method("5", "2025-02-01", method="latest", context="Course:200"),
    )

    def told(context: Context | None, before: str) -> list[Any]:
        with world.opened() as (log, views), views.reading() as connection:
            points = resolve(connection, PointQuery(None, before)), resolve(connection, PointQuery(None))
            return [
                (row["kind"], row["change"], row["title"])
                for row in policies_changed(connection, log, *points, context)
            ]

    scale = ("proficiency", "updated", "Mastery scale of Account:1")
    method = ("calculation_method", "created", "Calculation method of Course:200")
    assert told(None, "2025-01-15") == [scale, method]
    assert told(ACCOUNT, "2025-01-15") == [scale]
    assert told(COURSE, "2025-01-15") == [method]
    assert told(None, "2025-03-01") == told(Context("Course", "404"), "2025-01-15") == []


def test_students_of_an_account_are_those_of_its_courses(world: World) -> None:
    """A course that is known to hang elsewhere is not of it; one of which nothing is known may be."""
    in_request = {"root_account_id": "41230000000000001"}
    world.take(
        account("1", "2025-01-01", parent=None, meta=in_request),
        account("2", "2025-01-01", meta=in_request),
        account("3", "2025-01-01", meta=in_request),
        course("200", "2025-01-01", account="2"),
        course("201", "2025-01-01", account="3"),
        outcome("7", "2025-01-01"),
        *(result(place, "2025-02-01", course=place) for place in ("200", "201", "202")),
    )

    def courses(context: Context | None) -> list[str]:
        with world.opened() as (_, views), views.reading() as connection:
            points = resolve(connection, PointQuery(None, "2025-01-15")), resolve(connection, PointQuery(None))
            return [row["course_id"] for row in students_changed(connection, *points, context)]

    assert courses(None) == courses(Context("Account", "1")) == ["200", "201", "202"]
    assert courses(Context("Account", "2")) == ["200", "202"]
    assert courses(COURSE) == ["200"]


def test_a_diff_between_two_recorded_points_tells_what_a_repair_changed(world: World) -> None:
    """At one event time, as known before and after a late event: did last night's import change an old report?"""
    before = str(world.take(group("1", "2025-01-01"), outcome("7", "2025-01-01"), result("50", "2025-02-01")).head)
    world.take(group("1", "2025-01-15", title="Named late", updated="2025-01-15"), result("51", "2025-02-02", score=5))
    points = PointQuery(None, "2025-03-01", before), PointQuery(None, "2025-03-01")
    assert [row["fields"] for row in compared(world, *points)["changed"]] == [{"title": ["Group 1", "Named late"]}]
    with world.opened() as (_, views), views.reading() as connection:
        changed = list(students_changed(connection, *(resolve(connection, point) for point in points), None))
    assert [(row["student"], row["score"]) for row in changed] == [("studentAda", [4.0, 5.0])]


def test_blame_finds_the_event_that_gave_a_field_its_value(world: World) -> None:
    """An event that repeats a value is not to blame for it; one that empties a field is."""
    world.take(
        outcome("7", "2025-01-01", description="first", vendor_guid="V1"),
        outcome("7", "2025-02-01", description="second", vendor_guid="V1", updated="2025-02-01", meta=ASKER),
        outcome("7", "2025-03-01", description="second", updated="2025-03-01"),
    )
    with world.at() as (log, _, at):
        found = blame(log, at, Kind.OUTCOME, "7")
        assert blame(log, at, Kind.OUTCOME, "8") is None
    assert found is not None
    assert (found["description"]["value"], found["description"]["position"]) == ("second", 2)
    assert found["description"]["actor"]["login"] == "r.okafor@plover.example"
    assert found["description"]["since"] == "2025-02-01T00:00:00.000Z"
    assert (found["vendor_guid"]["value"], found["vendor_guid"]["position"]) == (None, 3)
    assert found["title"]["position"] == 1


def test_late_events_and_what_they_changed(world: World) -> None:
    """Only what came later than asked; an overtaken event says so; a late result shows the score before and with it."""
    world.clock = parse_argument("2025-02-01T00:10:00Z")
    world.take(outcome("7", "2025-02-01"), result("50", "2025-02-01", score=2))
    world.clock = parse_argument("2025-02-20T00:00:00Z")
    world.take(
        outcome("7", "2025-01-10", title="Older title"),
        result("51", "2025-02-02", score=5),
        result("52", "2025-02-19T23:50:00Z", score=3, student="studentBo"),
    )
    with world.at() as (log, connection, at):
        found = [event.as_json() for event in late(connection, log, at, 3_600_000_000)]
    assert [(entry["kind"], entry["id"], entry["overtaken"]) for entry in found] == [
        ("outcome", "7", True),
        ("result", "51", False),
    ]
    assert found[1]["scores"] == [
        {
            "course_id": "200",
            "student": "studentAda",
            "outcome_id": "7",
            "outcome_title": "Outcome 7",
            "score": [2.0, 5.0],
            "mastered": [False, True],
            "enrollment": "unknown",
        }
    ]
    assert found[1]["late_by_seconds"] == 18 * 86_400


@given(histories(), st.integers(0, 13), st.sampled_from([*POINTS, None]))
def test_what_a_late_event_changed_is_the_difference_it_made(
    history: list[dict[str, Any]], index: int, as_of: str | None
) -> None:
    """Places and scores as they are told of one event are those that differ between just before it and with it."""
    first, *rest = history[index % len(history) :] + history[: index % len(history)]
    tenant = first["metadata"]["root_account_uuid"]
    with fresh_world() as world:
        known = world.take(*rest).head
        if world.take(first).appended == 0:
            return
        with world.at(as_of=as_of, tenant=tenant) as (log, connection, at):
            entries = (event.as_json() for event in late(connection, log, at, 0))
            told = [entry for entry in entries if entry["position"] == known + 1]
            before, after = at._replace(known_at=known), at._replace(known_at=known + 1)
            places = diff(connection, log, before, after, None)
            students = list(students_changed(connection, before, after, None))
    del places["changed"]
    for entry in told:
        for name, rows in entry["tree"].items():
            assert sorted(map(repr, bare(rows))) == sorted(map(repr, bare(places[name])))
        # Where an account's scales may count, the envelope of any event can tell where its course hangs.
        assert sorted(map(repr, entry["scores"])) == sorted(map(repr, students))


def bare(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows of a diff without their fields."""
    return [{name: value for name, value in row.items() if name != "fields"} for row in rows]
