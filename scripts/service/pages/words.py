"""How the page says things: times, methods, fields, who acted. Never a word that only an engineer knows."""

import html
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from outcomes.domain.entities.observation import SEEN
from outcomes.domain.phrasing import listed
from outcomes.domain.positions import position_of
from outcomes.domain.times import moment_text, parse_moment
from outcomes.service.pages.where import NOW

METHODS = {
    "highest": "highest score",
    "latest": "most recent score",
    "average": "average",
    "n_mastery": "number of times {}",
    "decaying_average": "decaying average {}",
    "weighted_average": "weighted average {}",
    "standard_decaying_average": "standard decaying average {}",
}
"""What Canvas's own pages call its methods."""
_FIELDS = {
    "title": "title",
    "short_description": "title",
    "display_name": "friendly name",
    "description": "description",
    "calculation_method": "calculation method",
    "calculation_int": "number of the method",
    "workflow_state": "state",
    "learning_outcome_group_id": "group",
    "parent_outcome_group_id": "group above",
    "rubric_criterion.mastery_points": "mastery points",
    "rubric_criterion.points_possible": "points possible",
    "rubric_criterion.description": "title in rubrics",
    "vendor_guid": "vendor's id",
}
_DIGITS = re.compile(r"([0-9]+)")
_RATING = re.compile(r"(?:\w+\.)?\w*ratings\[(\d+)\]\.(\w+)")
# Each looks at a character once: people typed this, and while an expression is matched, nobody else computes.
_TAGS, _SPACES, _BREAKS = re.compile(r"<[^<>]*>"), re.compile(r"[ \t\r\f\v]+"), re.compile(r"</(?:p|li|div)>|<br\s*/?>")
_NO_CHARACTER = re.compile(r"&#0*[1-9]\d{7,};?")
"""The number of a character that there is not: Python reads none of thousands of digits."""
_LONGEST_TEXT = 20_000
"""Characters of a text that are shown."""
SILENT_FIELDS = frozenset(
    {
        "context_id",
        "context_type",
        "context_uuid",
        "learning_outcome_id",
        "learning_outcome_group_id",
        "learning_outcome_link_id",
        "learning_outcome_context_uuid",
        "learning_outcome_group_context_uuid",
        "short_description",
        "rubric_criterion.description",
        "root_outcome_group_id",
        "outcome_import_id",
        "updated_at",
        "created_at",
    }
)
"""Fields that tell a reader nothing which is not said already."""


def day(moment: datetime) -> str:
    """Return a date as it is read aloud."""
    return f"{moment.day} {moment:%B %Y}"


def long_day(moment: datetime) -> str:
    """Return a date with its weekday."""
    return f"{moment:%A}, {day(moment)}"


def short_day(moment: datetime) -> str:
    """Return a date for a narrow place."""
    return f"{moment.day} {moment:%b %Y}"


def clock(moment: datetime) -> str:
    """Return a time of day."""
    return f"{moment:%H:%M}"


def known_after(position: str) -> str:
    """Say of which knowledge a view is, by a position of the log."""
    return f"as we knew it after event {position_of(position) or 0:,}"


def when(moment: datetime) -> str:
    """Return a date and time for a sentence; the last instant of a day is the end of that day."""
    if (moment.hour, moment.minute, moment.second) == (23, 59, 59):
        return f"at the end of {long_day(moment)}"
    return f"on {long_day(moment)}, {clock(moment)} UTC"


def point(moment: datetime) -> str:
    """Return a date and time as a thing that has a name; the last instant of a day is the end of that day."""
    if (moment.hour, moment.minute, moment.second) == (23, 59, 59):
        return f"the end of {day(moment)}"
    return f"{day(moment)}, {clock(moment)} UTC"


def other_time(vs: str | None) -> str:
    """Return what the other time is called, with which views are compared."""
    if vs is None:
        return "another time"
    return "today" if vs == NOW else point(parse_moment(vs))


def moment_of(text: str | None) -> datetime | None:
    """Read an instant as answers write it."""
    return None if text is None else parse_moment(text)


def day_of(text: str) -> datetime | None:
    """Read a date as citations write it; None of anything else."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return None


def span(length: timedelta) -> str:
    """Return a length of time in words."""
    seconds = max(0, int(length.total_seconds()))
    for name, size in (("year", 31_557_600), ("month", 2_629_800), ("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= size:
            return count(seconds // size, name)
    return count(seconds, "second")


def count(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def possessive(name: str) -> str:
    """Return whose something is: "Clouds'", "Carys'" and "Anouk's"."""
    return f"{name}'" if name.endswith("s") else f"{name}'s"


def number(value: Any) -> str:
    """Return a number as a teacher writes it: 3, not 3.0."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def points_of(score: float | None, possible: float | None) -> str:
    """Return points of those that were possible: "3 of 4"."""
    if score is None:
        return "no score"
    return number(score) if possible is None else f"{number(score)} of {number(possible)}"


def method(name: str | None, parameter: int | None) -> str:
    """Return a calculation method in words."""
    if name is None:
        return "no method told"
    words = METHODS.get(name, name.replace("_", " "))
    return words.format("" if parameter is None else parameter).strip()


def policy(node: Mapping[str, Any]) -> str:
    """Return how an outcome is scored by itself, in one line."""
    mastery, possible = node.get("mastery_points"), node.get("points_possible")
    points = "no scale told" if mastery is None else f"mastery {number(mastery)} of {number(possible)}"
    return f"{points} · {method(node.get('calculation_method'), node.get('calculation_int'))}"


def field_name(name: str) -> str:
    """Return what people call a field."""
    rating = _RATING.fullmatch(name)
    if rating:
        what = {"description": "name", "points": "points"}.get(rating[2], rating[2].replace("_", " "))
        return f"level {int(rating[1]) + 1}, {what}"
    return _FIELDS.get(name, name.rpartition(".")[2].replace("_", " "))


def fields_listed(names: Iterable[str]) -> str:
    """Return fields as one says them, the levels of a scale as one: "mastery points and levels"."""
    told = (name for name in names if name not in SILENT_FIELDS)
    return listed("levels" if _RATING.fullmatch(name) else field_name(name) for name in told)


def field_value(name: str, value: Any) -> str:
    """Return the value of a field as people read it."""
    if value is None:
        return "nothing"
    if name.endswith("description"):
        return plain_text(str(value))
    if name == "calculation_method":
        return method(str(value), None)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return number(value)


def folded(text: str | None) -> str:
    """Return a text as it is searched for: without case and accents, so that "dvor" finds Dvořák."""
    if text and text.isascii():
        return text.casefold()
    parts = unicodedata.normalize("NFKD", text or "")
    return "".join(part for part in parts if not unicodedata.combining(part)).casefold()


def in_order(title: str) -> tuple[str | tuple[int, str], ...]:
    """Return what titles are sorted by, as Canvas does: "Outcome 2" before "Outcome 10", letters without accents."""
    parts = _DIGITS.split(folded(title))
    # Digits stand at the odd places; by length first, for a title may hold more of them than a number can.
    return tuple((len(part.lstrip("0")), part.lstrip("0")) if place % 2 else part for place, part in enumerate(parts))


def plain_text(text: str | None) -> str:
    """Return Canvas's HTML as text: it is never shown as HTML. Of a very long one, the beginning."""
    told = text or ""
    shown = told if len(told) <= _LONGEST_TEXT else told[:_LONGEST_TEXT] + "…"
    plain = _NO_CHARACTER.sub("\N{REPLACEMENT CHARACTER}", _TAGS.sub("", _BREAKS.sub("\n", shown)))
    return _SPACES.sub(" ", html.unescape(plain)).strip()


def who(actor: Mapping[str, Any] | None) -> str:
    """Return who acted, as short as it is clear."""
    if actor is None:
        return "several people"
    if actor.get("login"):
        return str(actor["login"]).partition("@")[0]
    if actor.get("user_id"):
        return f"user {actor['user_id']}"
    if str(actor.get("via")).startswith(SEEN):
        return str(actor["via"]).partition("T")[0]  # the day of the export
    job = actor.get("job") or ""
    if job:
        return JOBS.get(job, f"Canvas ({job.partition('#')[0]})")
    role = actor.get("role")
    return role_name(role) if role else "somebody"


JOBS = {
    "OutcomeImport#run": "a CSV import",
    "ContentMigration#import_content": "a course copy",
    "ContentMigration#copy_course": "a course copy",
    "MasterCourses::MasterMigration#perform_exports": "a blueprint sync",
}
_ROLES = {
    "AccountAdmin": "an account admin",
    "TeacherEnrollment": "a teacher",
    "TaEnrollment": "a teaching assistant",
    "DesignerEnrollment": "a designer",
    "StudentEnrollment": "a student",
    "ObserverEnrollment": "an observer",
}


def role_name(role: str) -> str:
    """Return what somebody was."""
    return _ROLES.get(role, role)


def who_fully(actor: Mapping[str, Any] | None) -> str:
    """Return all that is told of who acted."""
    if actor is None:
        return ""
    parts = [actor.get("login"), actor.get("role"), actor.get("job"), actor.get("via")]
    if actor.get("real_user_id"):
        parts.insert(1, f"in whose name user {actor['real_user_id']} acted")
    return " · ".join(str(part) for part in parts if part)


_KIND_NAMES = {
    "outcome": "outcomes",
    "group": "groups",
    "link": "places of outcomes",
    "proficiency": "mastery scales",
    "calculation_method": "calculation methods",
    "friendly_description": "friendly descriptions",
    "setting": "settings",
}


def kind_name(kind: str) -> str:
    """Return what people call a kind of thing, many of it."""
    return _KIND_NAMES.get(kind, kind)


def kind_count(kind: str, number: int) -> str:
    """Return how many of a kind: "3 outcomes"."""
    many = kind_name(kind)
    return count(number, many.removesuffix("s"), many)


def seconds(number: float) -> timedelta:
    """Return a length of time."""
    return timedelta(seconds=number)


def just_before(moment: datetime) -> str:
    """Return the instant before another, as addresses have it."""
    return moment_text(moment - timedelta(milliseconds=1))
