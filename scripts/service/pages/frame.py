"""What stands around every view: the places, the navigation, the sentence of the two clocks, and the foot."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from outcomes.api.arguments import now
from outcomes.domain.positions import position_of
from outcomes.domain.times import moment
from outcomes.service.pages import words
from outcomes.service.pages.assets import address
from outcomes.service.pages.viewer import Viewer
from outcomes.store.access.rights import Right

if TYPE_CHECKING:
    from outcomes.service.pages.screens import View


_OF_PLACE = re.compile(r"\b(Mastery scale|Calculation method) of ((?:Account|Course):\d+)")
_NAMELESS = "Outcomes"
"""What stands where the name of the school would."""
_ENTITY = re.compile(r"\b(outcome|group|link):(\d+)\b")


class Link(NamedTuple):
    """A link of the navigation; `place` says whose screen it opens."""

    words: str
    address: str
    is_here: bool
    place: str = ""


@dataclass(frozen=True)
class Sentence:
    """The two clocks in words: both are controls."""

    subject: str
    event_time: str
    knowledge: str
    is_past: bool
    is_past_knowledge: bool
    day: str
    known_day: str
    today: str
    everything: str
    remark: str
    later: str
    as_then: str
    nothing_yet: str
    """Why there is nothing to see, where the log held nothing at the time of the second clock."""


def frame(viewer: Viewer, section: str, view: "View") -> dict[str, Any]:
    """Return what the base template shows around a view."""
    where = viewer.where
    is_placed = not view.is_of_home or (viewer.may(Right.TREE) and viewer.has_tenant)
    context = (view.context or default_context(viewer)) if is_placed else ""
    school = organisation(viewer) if is_placed else _NAMELESS
    return {
        "asset": lambda name: address(where.root, name),
        "where": where,
        "title": view.title,
        "is_placed": is_placed,
        "organisation": school,
        **for_paper(school, view.title),
        "navigation": navigation(viewer, section, context if is_placed else None),
        "sentence": None if view.subject is None else sentence(viewer, view.subject),
        "context": context,
        "place": view.context,
        "unknown_place": "" if view.context is None else _unknown(viewer, view.context),
        "hears_news": not viewer.is_scoped and viewer.may(Right.TREE),
        "known": viewer.known,
        "head": viewer.home.at().known_at,
        "behind": max(0, viewer.home.head - viewer.home.at().known_at),
        "name_of": viewer.student_name,
        "may": {right.value for right in viewer.grant.rights},
        "home_address": where.to("/"),
        "scheme": viewer.scheme,
        "may_leave": viewer.has_session,
    }


def _unknown(viewer: Viewer, context: str) -> str:
    """Return the name of a place of which no event has told; empty for all others."""
    known = {place["context"] for place in places(viewer)}
    return "" if context in known else name_of(viewer, context)


def bare(viewer: Viewer, view: "View") -> dict[str, Any]:
    """Return what a page without surroundings needs."""
    return {"asset": lambda name: address(viewer.where.root, name), "title": view.title, "scheme": viewer.scheme}


def navigation(viewer: Viewer, section: str, context: str | None) -> list[Link]:
    """Return the ways to the other screens, at the same times; without a place to those that need none."""
    ways = [] if context is None else _of_place(viewer, context)
    if viewer.may(Right.OPERATE):
        ways.append(("Feed", "feed", viewer.where.bare("/feed"), ""))
    if viewer.may(Right.ADMIN):
        ways.append(("Access", "access", viewer.where.bare("/access"), ""))
    return [Link(said, address_, key == section, place) for said, key, address_, place in ways]


def _of_place(viewer: Viewer, context: str) -> list[tuple[str, str, str, str]]:
    to, name = viewer.where.to, name_of(viewer, context)
    ways = [
        ("Tree", "tree", to(f"/tree/{context}"), name),
        ("Changes", "changes", to(f"/changes/{context}"), name),
        ("Compare", "compare", to(f"/compare/{context}"), name),
    ]
    if viewer.may(Right.STUDENTS) and (mastery := _mastery(viewer, context)) is not None:
        ways.append(("Mastery", "mastery", *mastery))
    ways.append(("Scale", "scale", to(f"/scale/{context}"), name))
    ways.append(("Binder", "binder", to("/binder", c=context), name))
    return ways


def _mastery(viewer: Viewer, context: str) -> tuple[str, str] | None:
    """Return the way to mastery, and in which course: that of the place, the only one, or one that is to be chosen."""
    courses = [place["context"] for place in places(viewer) if place["results"]]
    if not courses:
        return None
    if context.startswith("Course:") or len(courses) == 1:
        course = context if context.startswith("Course:") else courses[0]
        return viewer.where.to(f"/course/{course.partition(':')[2]}"), name_of(viewer, course)
    return viewer.where.to("/places", to="mastery", c=context), "a course to choose"


def places(viewer: Viewer) -> list[dict[str, Any]]:
    """Return the contexts that this person may look at."""
    if not viewer.grant.scope.contexts:
        # A view of before the log began still says where it is.
        found: list[dict[str, Any]] = (
            viewer.keep("places", at=None) if viewer.known else viewer.ask("places", at=None, known=None)
        )
        return found
    here = viewer.home.at(tenant=viewer.tenant)

    def make() -> list[dict[str, Any]]:
        return [place.as_json() for place in here.places() if viewer.reach.has(place.context)]

    # What a place hangs in is looked up for each: once, and not for each name that a page tells.
    own: list[dict[str, Any]] = viewer.keep_made("places", (here.known_at,), make)
    return own


def default_context(viewer: Viewer) -> str:
    """Return where one begins: at the topmost account."""
    found = places(viewer)
    return next((place["context"] for place in found if place["tree"]), "Account:1")


def name_of(viewer: Viewer, context: str) -> str:
    """Return what a context is called."""
    names: Mapping[str, str | None] = {place["context"]: place["name"] for place in places(viewer)}
    kind, _, local_id = context.partition(":")
    return names.get(context) or f"{kind.lower()} {local_id}".strip()


def readable(viewer: Viewer, title: str) -> str:
    """Return a title that answers made up, as people say it: of places by their names, of the rest by its number."""
    told = _OF_PLACE.sub(lambda found: f"the {found[1].lower()} of {name_of(viewer, found[2])}", title)
    return _ENTITY.sub(r"\1 \2", told)


def short_name_of(viewer: Viewer, context: str) -> str:
    """Return what a context is called where the name of the school stands beside it."""
    name = name_of(viewer, context)
    return "top account" if name == organisation(viewer) else name


def organisation(viewer: Viewer) -> str:
    """Return the name of the school."""
    accounts = [place for place in places(viewer) if place["context"].startswith("Account:") and place["name"]]
    return str(accounts[0]["name"]) if accounts else _NAMELESS


def for_paper(school: str, title: str) -> dict[str, str]:
    """Return what stands at the foot of each printed page: what it is of, and when it was asked for."""
    return {"about": title if school in title else f"{school} · {title}", "asked": words.point(moment(now()))}


def sentence(viewer: Viewer, subject: str) -> Sentence:
    """Put the two clocks into words."""
    where = viewer.where
    at, today = where.moment, moment(now())
    known, knowledge = where.known, "by everything we know today"
    known_time = None
    if known is not None:
        known_time = _known_time(known)
        knowledge = f"as we knew it {words.when(known_time)}" if known_time else words.known_after(known)
    remarks = viewer.home.at(where.at, where.known, viewer.tenant).remarks
    return Sentence(
        subject=subject,
        event_time=_event_time(subject, at),
        knowledge=knowledge,
        is_past=at is not None,
        is_past_knowledge=known is not None,
        day=f"{at or today:%Y-%m-%d}",
        known_day=f"{known_time or today:%Y-%m-%d}",
        today=where.here(at=None),
        everything=where.here(known=None),
        remark=_remark(at, remarks),
        later=_later(viewer.told_later),
        as_then=where.here(known=where.at),
        nothing_yet=_nothing_yet(viewer, known_time),
    )


def _nothing_yet(viewer: Viewer, known_time: datetime | None) -> str:
    if viewer.where.known is None or viewer.known:
        return ""
    first, last = viewer.began, next((one.recorded_at for one in viewer.home.log(newest_first=True, limit=1)), None)
    if first is None or last is None:
        return "This log holds nothing yet."
    then = "Before its first event" if known_time is None else f"On {words.day(known_time)}"
    all_of_it = "everything here was loaded" if first.date() == last.date() else "the first of it was loaded"
    return (
        f"{then} this log held nothing yet: {all_of_it} on {words.day(first)}. That clock asks what this log had "
        "heard, not what had happened in Canvas: for a past day set the first clock, and leave this one at"
    )


def _event_time(subject: str, at: datetime | None) -> str:
    is_many = subject.endswith("s")
    if at is None:
        return "as they are today" if is_many else "as it is today"
    return f"as {'they were' if is_many else 'it was'} {words.when(at)}"


def _later(number: int) -> str:
    if not number:
        return ""
    return f"{words.count(number, 'change')} of before this time {'was' if number == 1 else 'were'} told to us later."


def _known_time(known: str) -> datetime | None:
    return words.moment_of(known) if position_of(known) is None else None


def _remark(at: datetime | None, remarks: tuple[str, ...]) -> str:
    if at is not None and any("beyond the last event" in remark for remark in remarks):
        return "Nothing has happened since the last event before this time: this is how it stood then."
    return remarks[0] if remarks else ""


def group_names(tree: Mapping[str, Any]) -> dict[str, str]:
    """Return the groups of a tree by their ids."""
    found: dict[str, str] = {}
    pending = [*tree["roots"], *tree["detached"]]
    while pending:
        node = pending.pop()
        if node["kind"] == "group":
            found[node["id"]] = node["title"] or node["id"]
            pending.extend(node["children"])
    return found
