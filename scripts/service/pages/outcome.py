"""Screen 4, one outcome: what it is, who made each field so and since when, its history, and whom its edits flipped."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

from outcomes.domain.phrasing import listed
from outcomes.service.pages import frame, words
from outcomes.service.pages.line_parts import line_parts
from outcomes.service.pages.moments import line_of, moment_at
from outcomes.service.pages.screens import Data, Elsewhere, Screen, Shown, View
from outcomes.service.pages.story import Teller, Told, has_policy, with_flips
from outcomes.service.pages.unheard import unheard
from outcomes.service.pages.viewer import Viewer
from outcomes.service.places import context_of
from outcomes.service.problems import Problem
from outcomes.store.access.rights import Right

_FIRST = (
    "title",
    "display_name",
    "description",
    "rubric_criterion",
    "calculation_method",
    "calculation_int",
    "workflow_state",
)
_MOST_PLACES = 40


class Blamed(NamedTuple):
    """One field: what it is, since when, by whom; and the address of how it was before."""

    name: str
    value: str
    since: Any
    who: str
    who_fully: str
    before: str
    at: str


class Level(NamedTuple):
    """One level of a scale."""

    name: str
    points: str
    is_mastery: bool


def build(viewer: Viewer) -> Shown:
    """Show one outcome."""
    local_id = viewer.parameters["id"]
    entries = viewer.ask("timeline", at=None, entity=[f"outcome:{local_id}"])
    if "step" in viewer.query:
        return Elsewhere(viewer.where.stepped(viewer.query["step"], [entry["event_time"] for entry in entries]))
    found = viewer.ask("show", kind="outcome", id=local_id)
    state = found["state"] if found else None
    if state is None and not entries:
        if (then := unheard(viewer, f"Outcome {local_id}", "The outcome")) is not None:
            return then
        raise Problem(HTTPStatus.NOT_FOUND, f"no event that we know of has told of outcome {local_id}")
    teller = Teller(viewer)
    history = with_flips(viewer, teller.told(reversed(entries)))
    title = (state or {}).get("title") or history[0].title
    context = context_of(state or {})
    moments = [_moment(one) for one in reversed(history)]
    criterion = (state or {}).get("rubric_criterion") or {}
    parts = {
        "id": local_id,
        "gone": _gone(viewer, history) if (state or {}).get("workflow_state") == "deleted" else None,
        "state": state,
        "description": words.plain_text((state or {}).get("description")),
        "friendly": (state or {}).get("display_name"),
        "friendly_descriptions": [] if state is None else _friendly(viewer, local_id),
        "policy": None if state is None else words.policy({**state, **criterion}),
        "levels_of_scale": _levels(criterion),
        "blamed": _blamed(viewer, local_id) if state else [],
        "history": history,
        "first": history[-1] if history else None,
        "places": _places(viewer, local_id),
        "has_impact": any(has_policy(one.entry) for one in history),
        "may_students": viewer.may(Right.STUDENTS),
        **line_parts(viewer, line_of(viewer, moments, "change"), legend="outcome"),
    }
    return View("outcome.html", title, parts, "The outcome", context)


def data(viewer: Viewer) -> Data:
    """Return the question of this view."""
    return "blame", {"kind": "outcome", "id": viewer.parameters["id"]}


def _gone(viewer: Viewer, history: Sequence[Told]) -> tuple[Told, str] | None:
    """Return what removed it, of its history, newest first, and the address of how it was before."""
    at = viewer.where.at
    past = (one for one in history if at is None or one.entry["event_time"] <= at)
    last = next((one for one in past if one.entry["change"] == "deleted"), None)
    return None if last is None else (last, viewer.where.here(at=words.just_before(last.time)))


def _moment(told: Told) -> Any:
    gained, lost = (0, 0) if told.flipped is None else (told.flipped.gained, told.flipped.lost)
    said = f"{told.verb} {listed(field.name for field in told.fields) or 'it'}"
    policy = has_policy(told.entry)
    return moment_at(told.entry["event_time"], told.who, said, policy=policy, gained=gained, lost=lost)


def _levels(criterion: dict[str, Any]) -> list[Level]:
    mastery = criterion.get("mastery_points")
    ratings = [rating for rating in criterion.get("ratings") or [] if isinstance(rating, dict)]
    return [
        Level(rating.get("description") or "", words.number(rating.get("points")), rating.get("points") == mastery)
        for rating in ratings
    ]


def _blamed(viewer: Viewer, local_id: str) -> list[Blamed]:
    blame = viewer.ask("blame", kind="outcome", id=local_id)
    fields = {name: told for name, told in (blame or {}).get("fields", {}).items() if name not in words.SILENT_FIELDS}
    found: list[Blamed] = []
    for name, told in sorted(fields.items(), key=lambda field: _place(field[0])):
        since = words.moment_of(told["since"])
        assert since is not None  # noqa: S101 - every event has a time
        found.append(
            Blamed(
                words.field_name(name),
                words.field_value(name, told["value"]),
                since,
                words.who(told["actor"]),
                words.who_fully(told["actor"]),
                viewer.where.here(at=words.just_before(since)),
                viewer.where.here(at=told["since"]),
            )
        )
    return _with_whole_levels(found)


def _with_whole_levels(blamed: list[Blamed]) -> list[Blamed]:
    """Make one of a level's name and its points, where both are of one change."""
    found: list[Blamed] = []
    for one in blamed:
        level, _, part = one.name.partition(", ")
        if part == "points" and found and found[-1].name == f"{level}, name" and found[-1].at == one.at:
            found[-1] = found[-1]._replace(name=level, value=f"{found[-1].value}, from {one.value}")
        else:
            found.append(one)
    return found


def _place(name: str) -> tuple[int, str]:
    first = name.partition(".")[0]
    return (_FIRST.index(first) if first in _FIRST else len(_FIRST), name)


def _friendly(viewer: Viewer, local_id: str) -> list[tuple[str, str, Any]]:
    """Return what it is called for students: the place, the words, and since when."""
    rows = viewer.ask("friendly_descriptions", outcome=local_id)
    return [
        (frame.name_of(viewer, row["context"]), words.plain_text(row["description"]), words.moment_of(row["since"]))
        for row in rows
    ]


def _places(viewer: Viewer, local_id: str) -> list[tuple[str, str, str]]:
    """Return where it hangs: the place, the path of groups, and the address of the tree."""
    found = []
    for place in [place for place in frame.places(viewer) if place["tree"]][:_MOST_PLACES]:
        tree = viewer.ask("tree", context=place["context"])
        pending = [(node, "") for node in tree["roots"]]
        while pending:
            node, path = pending.pop()
            if node["kind"] == "outcome" and node["id"] == local_id:
                found.append((place["name"] or place["context"], path, viewer.where.to(f"/tree/{place['context']}")))
            below = f"{path} / {node['title']}" if path else str(node["title"])
            pending.extend((child, below) for child in node.get("children", ()))
    return found


SCREEN = Screen("/outcome/{id}", "tree", build, data)
