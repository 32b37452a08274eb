"""What is shown of something that the log had not heard of at the time of the second clock."""

from outcomes.service.pages.screens import View
from outcomes.service.pages.viewer import Viewer


def unheard(viewer: Viewer, title: str, subject: str) -> View | None:
    """Return a view that says so, with both clocks to set; None if all that is known today counts."""
    return None if viewer.where.known is None else View("unheard.html", title, {}, subject)
