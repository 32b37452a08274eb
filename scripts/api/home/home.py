"""A home: the folder with the log and its views."""

from outcomes.api.home.reading import HomeQuestions
from outcomes.api.home.writing import HomeCommands


class Home(HomeQuestions, HomeCommands):
    """One folder with one log and its views, for one thread: give each thread a home of its own.

    Opening one costs a few milliseconds. Reading writes nothing but `views.db`, and that only where it is behind the
    log. `with` closes it, and raises HomeUnavailable if read-only files were written by somebody else meanwhile.
    """
