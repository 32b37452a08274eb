"""Screen 5, two times side by side: what was added, removed, moved or changed, and on demand whom it touches."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from outcomes.domain.positions import position_of
from outcomes.domain.times import moment, moment_text
from outcomes.service.pages import frame, words
from outcomes.service.pages.differences import Side, told, trees
from outcomes.service.pages.moments import line
from outcomes.service.pages.score_times import score_text
from outcomes.service.pages.screens import Data, Screen, Shown, View
from outcomes.service.pages.viewer import Viewer
from outcomes.service.pages.where import NOW, end_of_day
from outcomes.store.access.rights import Right

_CHANGES = 30
"""So many changes lie between the two times, unless another one is chosen."""
_MOST_STUDENTS = 300


class Touched(NamedTuple):
    """One student's score at both times."""

    student: str
    address: str
    outcome: str
    before: str
    after: str
    turn: str


def build(viewer: Viewer) -> Shown:
    """Show how a context differs between two times."""
    context = viewer.parameters["context"]
    earlier, later = sides = _sides(viewer, context)
    wants_students = viewer.query.get("students") == "1" and viewer.may(Right.STUDENTS)
    found = viewer.ask("diff", **data(viewer)[1], students=wants_students)
    both = trees(viewer, context, *sides)
    different = told(viewer, found, both)
    parts: dict[str, Any] = {
        **different,
        "differing": sum(map(len, different.values())),
        "sides": [_shown(viewer, context, *one) for one in zip("AB", sides, both.numbers, strict=True)],
        "is_chosen": viewer.where.vs is not None,
        "most_changes": _CHANGES,
        "may_students": viewer.may(Right.STUDENTS),
        "students": None,
        "with_students": viewer.where.here(students="1", vs_at=earlier.at),
        "is_of_knowledge": bool(viewer.query.get("vs_known")),
        "vs_known_day": _day(viewer.query.get("vs_known", "")),
        "two_times": viewer.where.here(vs_known=None),
    }
    if wants_students:
        parts["students"] = [_touched(viewer, row, later.at) for row in found["students"][:_MOST_STUDENTS]]
        parts["more_students"] = max(0, len(found["students"]) - _MOST_STUDENTS)
    is_later = parts["is_of_knowledge"] or later.at == _this(viewer)
    subject = "The later side (B)" if is_later else "The earlier side (A)"
    pinned = {} if parts["is_of_knowledge"] else {"vs_at": earlier.at if is_later else later.at}
    title = f"What differs in {frame.name_of(viewer, context)}"
    return View("compare.html", title, parts, subject, context, pinned=pinned)


def data(viewer: Viewer) -> Data:
    """Return the question of this view."""
    context = viewer.parameters["context"]
    known = viewer.query.get("vs_known")
    if known:
        return "diff", {"context": context, "from_known": _known(known), "to_known": _this_known(viewer)}
    earlier, later = times(viewer, lambda: some_changes_before(viewer, context))
    return "diff", {"context": context, "from_": earlier, "to": later}


def times(viewer: Viewer, otherwise: Callable[[], str]) -> tuple[str, str]:
    """Return the time that is looked at and the other one, the earlier first; `otherwise` says it if none is chosen."""
    this, vs = _this(viewer), viewer.where.vs
    other = viewer.now if vs == NOW else vs or otherwise()
    first, second = sorted((other, this))
    return first, second


def some_changes_before(viewer: Viewer, context: str) -> str:
    """Return the end of a day after which some changes follow up to the time that is looked at; of all, if few."""
    past = [one.time for one in line(viewer, context).moments if one.until <= _this(viewer)]
    if not past:
        return _this(viewer)
    day = past[-min(_CHANGES, len(past))] - timedelta(days=1)
    return moment_text(moment(end_of_day(f"{day:%Y-%m-%d}")))


def side(viewer: Viewer, at: str, known: str | None) -> Side:
    """Return one time, in words."""
    is_today = viewer.where.at is None and at == _this(viewer)
    return Side(at, known, "today" if is_today else words.point(Side(at, known, "").time))


def _sides(viewer: Viewer, context: str) -> tuple[Side, Side]:
    known = viewer.query.get("vs_known")
    if known:
        # One time, as it was known then, and as it is known now.
        knowledge = frame.sentence(viewer, "").knowledge
        then, now_ = _known(known), _this_known(viewer)
        return Side(_this(viewer), then, _known_words(known)), Side(_this(viewer), now_, knowledge)
    earlier, later = times(viewer, lambda: some_changes_before(viewer, context))
    return side(viewer, earlier, viewer.where.known), side(viewer, later, viewer.where.known)


def _this(viewer: Viewer) -> str:
    return viewer.where.at or viewer.now


def _this_known(viewer: Viewer) -> str:
    return viewer.where.known or str(viewer.known)


def _known(given: str) -> str:
    """Return a position, or the end of a day or an instant; raises UsageError."""
    return given if position_of(given) is not None else moment_text(moment(end_of_day(given)))


def _known_words(given: str) -> str:
    if position_of(given) is not None:
        return words.known_after(given)
    return f"as we knew it {words.when(moment(end_of_day(given)))}"


def _day(known: str) -> str:
    return known[:10] if position_of(known) is None else ""


def _shown(viewer: Viewer, context: str, letter: str, one: Side, number: int) -> dict[str, Any]:
    """Return what is said of one side."""
    return {
        "letter": letter,
        "words": one.words,
        "number": number,
        "day": f"{one.time - timedelta(milliseconds=1):%Y-%m-%d}",
        "tree": viewer.where.to(f"/tree/{context}", at=one.at, known=one.known),
    }


def _touched(viewer: Viewer, row: Mapping[str, Any], later: str) -> Touched:
    turn = ""
    if row["mastered"][0] != row["mastered"][1]:
        turn = "mastery gained" if row["mastered"][1] else "mastery lost" if row["mastered"][0] else ""
    return Touched(
        viewer.student_name(row["student"]),
        viewer.where.to(f"/why/{row['course_id']}/{row['student']}/{row['outcome_id']}", at=later),
        row["outcome_title"] or row["outcome_id"],
        score_text(row["score"][0]),
        score_text(row["score"][1]),
        turn,
    )


SCREEN = Screen("/compare/{context}", "compare", build, data)
