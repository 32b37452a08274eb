"""The criterion of an outcome, in each of the forms in which exports hold it: a JSON object, JSON text, Ruby YAML."""

from typing import Any

import orjson

from outcomes.store.sources.exports import ruby_yaml
from outcomes.store.sources.exports.rows import number

# What Canvas fills in for an outcome that has none (DOMAIN.md 3).
_DEFAULT = {
    "mastery_points": 3.0,
    "points_possible": 5.0,
    "ratings": [
        {"description": "Exceeds Expectations", "points": 5.0},
        {"description": "Meets Expectations", "points": 3.0},
        {"description": "Does Not Meet Expectations", "points": 0.0},
    ],
}


def criterion_of(data: Any) -> dict[str, Any]:
    """Return the criterion as events have it; the default where there is none. Raises ValueError."""
    found = _read(data)
    if isinstance(found, dict):
        found = found.get("rubric_criterion", found.get(":rubric_criterion"))
    if found is None:
        return _DEFAULT
    if not isinstance(found, dict):
        raise ValueError("data holds no rubric_criterion")  # noqa: TRY004 - the same verdict as for other text
    named = {str(name).lstrip(":"): value for name, value in found.items()}
    kept = {name: number(named[name]) for name in ("mastery_points", "points_possible") if named.get(name) is not None}
    levels = named.get("ratings") or []
    if not isinstance(levels, list):
        raise ValueError(f"ratings are {levels!r:.40}, no list")  # noqa: TRY004 - the same verdict as for other text
    ratings = [_rating(rating) for rating in levels if isinstance(rating, dict)]
    description = named.get("description")
    return {
        **({} if description is None else {"description": str(description)}),
        **kept,
        "ratings": ratings,
    }


def _rating(rating: dict[str, Any]) -> dict[str, Any]:
    named = {str(name).lstrip(":"): value for name, value in rating.items()}
    description, points = named.get("description"), number(named.get("points"))
    return {
        **({} if description is None else {"description": str(description)}),
        **({} if points is None else {"points": points}),
    }


def _read(data: Any) -> Any:
    if not isinstance(data, str):
        return data
    text = data.strip()
    if text[:1] in {"{", "[", '"'} or text == "null":
        try:
            found = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise ValueError(f"data is no JSON ({error})") from error
        return _read(found) if isinstance(found, str) else found
    try:
        return ruby_yaml.load(data)
    except ValueError as error:
        raise ValueError(f"data cannot be read: {error}") from error
