"""What was assessed, as a teacher finds it in Canvas: an assignment or a quiz with its number, and where it stands."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from outcomes.service.pages.viewer import Viewer

_NEW_QUIZ = "NewQuiz"
_ASSETS = {
    "Assignment": ("Assignment", "assignments"),
    "Quizzes::Quiz": ("Quiz", "quizzes"),
    "AssessmentQuestion": ("Question", ""),
    "LiveAssessments::Assessment": ("Live assessment", ""),
}
"""What Canvas calls what is assessed, and the part of a course's address where it stands, if it has one."""
_ARTIFACTS = {
    "RubricAssessment": "Rubric",
    "Submission": "Submission",
    "Quizzes::QuizSubmission": "Attempt at a quiz",
    "LiveAssessments::Submission": "Live assessment",
    _NEW_QUIZ: "New Quiz",
}
"""What made a result, for those of which no event tells what was assessed."""


class Work(NamedTuple):
    """One thing that was assessed. Results of one thing have equal `key`; `path` is below the address of Canvas.

    `name` is its title, where an event told it, else its kind and number; `kind` is these where `name` is a title.
    """

    key: tuple[str, str]
    name: str
    path: str = ""
    kind: str = ""


def works(viewer: Viewer, result_ids: Iterable[str]) -> dict[str, Work]:
    """Return what results assessed, by their ids, as it was called at the time: whoever sees a result may know that."""
    known = {"known_at": str(viewer.known), "tenant": viewer.tenant}
    then, latest = viewer.home.at(viewer.where.at, **known), viewer.home.at(**known)
    for name in (wanted := list(result_ids)):
        if name not in viewer.assessed:
            # Of what came after the time that is looked at the list of moves tells, too.
            found = then.show("result", name) or latest.show("result", name)
            viewer.assessed[name] = work_of(found.state or {}, name, found.assessed)
    return {name: viewer.assessed[name] for name in wanted}


def work_of(state: Mapping[str, Any], result_id: str, title: str | None = None) -> Work:
    """Return what a result assessed, by its body, and by the title of that if it is known."""
    asset, number = str(state.get("associated_asset_type")), state.get("associated_asset_id")
    artifact = str(state.get("artifact_type"))
    if number is None or asset not in _ASSETS:
        made_by = state.get("artifact_id")
        name = _ARTIFACTS.get(artifact, "Result")
        return Work((artifact, made_by or result_id), f"{name} {made_by or result_id}")
    kind, folder = _ASSETS[asset]
    if artifact == _NEW_QUIZ:
        kind = _ARTIFACTS[_NEW_QUIZ]
    course = state.get("result_context_id")
    path = f"/courses/{course}/{folder}/{number}" if folder and course else ""
    told = f"{kind} {number}"
    return Work((asset, str(number)), f"“{title}”", path, told) if title else Work((asset, str(number)), told, path)
