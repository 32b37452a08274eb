"""A point in both times, and every question that can be asked there, by subject."""

from outcomes.api.point.history import HistoryQuestions
from outcomes.api.point.mastery import MasteryQuestions
from outcomes.api.point.state import StateQuestions

__all__ = ["Point"]


class Point(StateQuestions, HistoryQuestions, MasteryQuestions):
    """The state at (T, P): of events up to an event time, as the log knew it at a position. Made by `Home.at`.

    A point stays what it is while events come in: where no `known_at` was given it is the log's head of that moment.
    Questions about one root account raise SeveralTenants where the log holds several and none was named.
    """
