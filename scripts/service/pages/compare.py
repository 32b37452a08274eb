"""Screen 5, two times side by side: what was added, removed, moved or changed, and on demand whom it touches."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import time, timedelta
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
_GAINED, _LOST = "mastery gained", "mastery lost"


class Touched(NamedTuple):
    """One student's score at both times."""

    student: str
    course: str
    address: str
    outcome: str
    before: str
    after: str
    turn: str

    @property
    def place(self) -> tuple[str, ...]:
        """Its place in the table: all of one student together, by name."""
        return words.folded(self.student), self.course, words.folded(self.outcome)


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
        "with_students": viewer.where.here(students="1", vs_at=earlier.at) + "#whose",
        "who_changed": _changes_between(viewer, context, earlier, later),
        "is_of_knowledge": bool(viewer.query.get("vs_known")),
        "vs_known_day": _day(viewer.query.get("vs_known", "")),
        "two_times": viewer.where.here(vs_known=None),
    }
    if wants_students:
        parts |= _students(viewer, found["students"], later.at)
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


def _changes_between(viewer: Viewer, context: str, earlier: Side, later: Side) -> str:
    """Return the address of the changes after one side and up to the other: from the next day, if it is a day's end."""
    after = earlier.time + timedelta(milliseconds=1)
    since = f"{after:%Y-%m-%d}" if after.time() == time.min else moment_text(after)
    at = None if later.at == viewer.now else later.at
    return viewer.where.to(f"/changes/{context}", at=at, known=later.known, since=since)


def _students(viewer: Viewer, rows: Sequence[Mapping[str, Any]], later: str) -> dict[str, Any]:
    """Return whose scores differ, by name, and how many of them gained or lost mastery."""
    touched = sorted((_touched(viewer, row, later) for row in rows), key=lambda one: one.place)
    turns = Counter(one.turn for one in touched)
    courses = sorted({row["course_id"] for row in rows})
    return {
        "students": touched[:_MOST_STUDENTS],
        "more_students": max(0, len(touched) - _MOST_STUDENTS),
        "number_of_scores": len(touched),
        "number_of_students": len({row["student"] for row in rows}),
        "turns": [(turns[turn], word) for turn, word in ((_GAINED, "gained"), (_LOST, "lost"))],
        "edits": [(frame.name_of(viewer, f"Course:{one}"), viewer.where.to(f"/course/{one}/edits")) for one in courses],
    }


def _touched(viewer: Viewer, row: Mapping[str, Any], later: str) -> Touched:
    turn = ""
    if row["mastered"][0] != row["mastered"][1]:
        turn = _GAINED if row["mastered"][1] else _LOST if row["mastered"][0] else ""
    return Touched(
        viewer.student_name(row["student"]),
        frame.name_of(viewer, f"Course:{row['course_id']}"),
        viewer.where.to(f"/why/{row['course_id']}/{row['student']}/{row['outcome_id']}", at=later),
        row["outcome_title"] or row["outcome_id"],
        score_text(row["score"][0]),
        score_text(row["score"][1]),
        turn,
    )


SCREEN = Screen("/compare/{context}", "compare", build, data)
