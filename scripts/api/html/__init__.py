"""Answers as a notebook shows them: self-contained, escaped, for light and dark. Loaded when one is first shown."""

from outcomes.api.answers.base import Answer
from outcomes.api.answers.events import Timeline
from outcomes.api.answers.mastery import Mastery
from outcomes.api.answers.rows import Rows
from outcomes.api.answers.tree import OutcomeTree
from outcomes.api.html.mastery import mastery_html
from outcomes.api.html.rows import rows_html
from outcomes.api.html.timelines import timeline_html
from outcomes.api.html.trees import tree_html

__all__ = ["html"]


def html(answer: Answer) -> str | None:
    """Return an answer as a fragment of HTML; None for one that is best read as text."""
    match answer:
        case OutcomeTree():
            return tree_html(answer)
        case Timeline():
            return timeline_html(answer)
        case Mastery():
            return mastery_html(answer)
        case Rows():
            return rows_html(answer)
        case _:
            return None
