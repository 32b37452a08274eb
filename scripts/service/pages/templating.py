"""Templates: Jinja2, everything escaped, with the page's words as filters."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from outcomes.domain.times import moment
from outcomes.service.pages import words

_FILTERS = (
    "day",
    "short_day",
    "clock",
    "when",
    "point",
    "number",
    "count",
    "who",
    "who_fully",
    "span",
    "field_name",
    "possessive",
    "other_time",
)
_FOLDER = Path(__file__).parents[1] / "templates"


@cache
def environment() -> Environment:
    """Return the environment of all templates."""
    found = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    for name in _FILTERS:
        found.filters[name] = getattr(words, name)
    found.filters["iso_day"] = lambda moment: f"{moment:%Y-%m-%d}"
    found.filters["moment"] = words.moment_of
    found.filters["instant"] = moment
    found.filters["lateness"] = lambda seconds: words.span(words.seconds(seconds))
    return found


def rendered(template: str, **parts: Any) -> str:
    """Return a template with its parts."""
    return environment().get_template(template).render(**parts)
