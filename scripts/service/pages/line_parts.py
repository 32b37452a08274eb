"""What the templates of strip, slider and steps need."""

from typing import Any

from outcomes.service.pages.moments import LEVELS, Line
from outcomes.service.pages.strip import strip
from outcomes.service.pages.viewer import Viewer


def line_parts(
    viewer: Viewer, found: Line, *, is_whole: bool = True, has_levels: bool = False, legend: str = "score"
) -> dict[str, Any]:
    """Return them; `is_whole`: a step loads the page anew, for all of it is of that time."""
    where = viewer.where
    earlier, later = found.neighbour(-1), found.neighbour(1)
    return {
        "line": found,
        "strip": strip(found) if not viewer.is_fragment else None,
        "is_whole": is_whole,
        "legend": legend,
        "levels": [(name, where.here(by=name), name == found.level) for name in LEVELS] if has_levels else [],
        "earlier": None if earlier is None else where.here(at=earlier),
        "later": where.here(at=later) if found.here < len(found.moments) else None,
    }
