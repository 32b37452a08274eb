"""Rollups as Canvas's REST API answers them: `GET /api/v1/courses/:id/outcome_rollups?include[]=outcomes`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from outcomes.domain.errors import UnreadableInput
from outcomes.store.sources.exports.rows import identity, number, whole


class Rollup(NamedTuple):
    """Canvas's number for a student and outcome in a course; `user_id` is local. `method` is the outcome's, if told."""

    course_id: str
    user_id: str
    outcome_id: str
    score: float | None
    counted: int | None
    method: dict[str, Any] | None


def rollups_in(path: Path, course: str | None) -> Iterator[Rollup]:
    """Yield the numbers of a file: an answer, or a list of them, each with its `course_id`. Raises UnreadableInput."""
    try:
        document = orjson.loads(path.read_bytes())
    except OSError as error:
        raise UnreadableInput(f"cannot read {path}: {error.strerror}: check the path and its permissions") from error
    except orjson.JSONDecodeError as error:
        raise UnreadableInput(f"{path} is no JSON ({error}): fetch it again") from error
    for answer in document if isinstance(document, list) else [document]:
        if not isinstance(answer, dict) or not isinstance(answer.get("rollups"), list):
            raise UnreadableInput(f"{path} holds no rollups: fetch /api/v1/courses/ID/outcome_rollups")
        of = identity(answer.get("course_id")) or course
        if of is None:
            raise UnreadableInput(f"{path} does not say of which course its rollups are: give --course ID")
        yield from _of_course(answer, of, path)


def _of_course(answer: dict[str, Any], course: str, path: Path) -> Iterator[Rollup]:
    try:
        linked = answer.get("linked") or {}
        methods = {str(one.get("id")): one for one in linked.get("outcomes") or [] if isinstance(one, dict)}
        for rollup in answer["rollups"]:
            user = identity((rollup.get("links") or {}).get("user"))
            for score in rollup.get("scores") or []:
                outcome = identity((score.get("links") or {}).get("outcome"))
                if user is not None and outcome is not None:
                    value, count = number(score.get("score")), whole(score.get("count"))
                    yield Rollup(course, user, outcome, value, count, methods.get(outcome))
    except (AttributeError, TypeError, ValueError, OverflowError) as error:
        raise UnreadableInput(
            f"{path}: a rollup of Course:{course} cannot be read ({error}): fetch it again"
        ) from error
