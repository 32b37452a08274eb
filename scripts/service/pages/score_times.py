"""A score through time as moments: what moved it, in words."""

from collections.abc import Iterable, Mapping
from typing import Any

from outcomes.service.pages import words
from outcomes.service.pages.frame import readable
from outcomes.service.pages.moments import Moment, moment_at
from outcomes.service.pages.viewer import Viewer
from outcomes.service.pages.work import works

CAUSES = {
    "work": "her or his work",
    "policy": "a change of how it is scored",
    "link": "a change of where the outcome hangs",
    "late": "an event that came late",
    "enrollment": "a change of the enrolment",
    "setting": "a setting of the account",
}

EDITS = frozenset({"policy", "link", "setting"})
"""Causes that are somebody's edit of rules, not a student's work."""


def cause_words(viewer: Viewer, move: Mapping[str, Any]) -> str:
    """Return what moved a score, in one sentence."""
    entry = move["entry"]
    if entry is None:
        return CAUSES.get(move["cause"], str(move["cause"]))
    if move["cause"] == "work":
        verb = {"created": "was marked", "updated": "was marked again", "deleted": "was taken back"}
        if entry["kind"] != "result":
            return "when it was handed in was told"
        what = works(viewer, [entry["id"]])[entry["id"]].name
        return f"{what} {verb.get(entry['change'], 'counts again')}"
    if move["cause"] in EDITS:
        what = words.fields_listed(entry["fields"])
        if entry["kind"] == "outcome":
            # Its title of then may be another than that over the page.
            return f"{words.who(entry['actor'])} changed its {what or 'text'}"
        return (
            f"{words.who(entry['actor'])} changed {what or 'it'} of {readable(viewer, entry['title'] or 'something')}"
        )
    return f"{CAUSES.get(move['cause'], move['cause'])} ({entry['kind']} {entry['id']})"


def turn_words(*, was: bool, is_now: bool) -> str:
    """Return whether a move made mastery of what was none, or the other way about; empty for neither."""
    return "" if was == is_now else "mastery gained" if is_now else "mastery lost"


def score_text(score: float | None) -> str:
    """Return a score as it is shown."""
    return "–" if score is None else f"{score:.2f}"


def moments_of(viewer: Viewer, moves: Iterable[Mapping[str, Any]]) -> list[Moment]:
    """Return each move of a score as a moment on a line."""
    found, before = [], None
    for move in moves:
        is_edit = move["cause"] in EDITS
        was = bool(before and before["mastered"])
        is_now = bool(move["mastered"])
        scores = f"{score_text(before['score'] if before else None)} → {score_text(move['score'])}"
        said = f"{scores} by {'an edit' if is_edit else 'work'}: {cause_words(viewer, move)}"
        is_fall = before is not None and (move["score"] or 0) < (before["score"] or 0)
        found.append(
            moment_at(
                move["at"],
                "",
                said,
                policy=is_edit,
                gained=int(is_now and not was and is_edit),
                lost=int(was and not is_now and is_edit),
                rise=0 if is_fall else 1,
                fall=int(is_fall),
            )
        )
        before = move
    return found
