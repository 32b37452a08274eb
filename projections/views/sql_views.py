"""The present for SQL users: a view of each kind, with names for numbers and text for times, answered by seeks.

What is asked of one student, course, account or id is found by an index from that name on; nothing is read that the
question does not name.
"""

from datetime import datetime

from outcomes.domain.identity import Kind
from outcomes.domain.times import SECOND
from outcomes.projections.views.tables import TABLES, TableColumn, VersionTable

_MILLI = 1_000
_EVENT_TIME = TableColumn("event_time", datetime, "event_time", in_tree=False)


def current_views(order: tuple[str, ...]) -> dict[str, str]:
    """Return the SQL of each view by its name; versions come in the given order of columns."""
    views = {spec.current: _of_kind(spec, order) for kind, spec in TABLES.items() if kind is not Kind.RESULT}
    views[TABLES[Kind.RESULT].current] = _of_results(order)
    return views


def _of_kind(spec: VersionTable, order: tuple[str, ...]) -> str:
    identity = f"{spec.kind.value}_id"
    newest_first = ", ".join(f"n.{column} DESC" for column in order)
    return (
        f"SELECT t.uuid AS tenant, v.{identity}, c.type AS context_type, c.id AS context_id, {_shown(spec)}, "
        f"v.position FROM {spec.name} v JOIN tenants t USING (tenant) LEFT JOIN contexts c USING (context) "
        f"WHERE v.position = (SELECT n.position FROM {spec.name} n WHERE n.tenant = v.tenant "
        f"AND n.{identity} = v.{identity} ORDER BY {newest_first} LIMIT 1)"
    )


def _of_results(order: tuple[str, ...]) -> str:
    """Return results where they are; those few that were ever elsewhere are looked for in all their places."""
    key, later_key = (", ".join(f"{alias}.{column}" for column in order) for alias in ("v", "l"))
    is_later = f"l.result_id = p.result_id AND ({later_key}) > ({key})"
    at_its_place = (
        "SELECT 1 FROM course_weeks n JOIN result_versions l ON l.week = n.week AND l.course = n.course "
        "AND l.student = p.student AND l.outcome_id = p.outcome_id "
        f"WHERE n.course = p.course AND n.week >= w.week AND {is_later}"
    )
    at_any_place = (
        "SELECT 1 FROM moved_results m JOIN course_weeks n ON n.course = m.course "
        "JOIN result_versions l ON l.week = n.week AND l.course = n.course "
        "AND l.student = m.student AND l.outcome_id = m.outcome_id "
        f"WHERE m.tenant = p.tenant AND m.result_id = p.result_id AND {is_later}"
    )
    never_moved = "SELECT 1 FROM moved_results m WHERE m.tenant = p.tenant AND m.result_id = p.result_id"
    return (
        f"{_results_in('result_places')} WHERE NOT EXISTS ({never_moved}) AND NOT EXISTS ({at_its_place}) "
        f"UNION ALL {_results_in('moved_results')} WHERE NOT EXISTS ({at_any_place})"
    )


def _results_in(places: str) -> str:
    return (
        "SELECT t.uuid AS tenant, p.result_id, c.type AS context_type, c.id AS context_id, s.uuid AS student, "
        f"p.outcome_id, {_shown(TABLES[Kind.RESULT])}, v.position "
        f"FROM {places} p JOIN tenants t ON t.tenant = p.tenant "
        "JOIN contexts c ON c.context = p.course JOIN students s ON s.student = p.student "
        # The way from a student to their courses, for questions that begin with one.
        "JOIN student_courses sc ON sc.student = p.student AND sc.course = p.course "
        "JOIN course_weeks w ON w.course = p.course JOIN result_versions v ON v.week = w.week "
        "AND v.course = p.course AND v.student = p.student AND v.outcome_id = p.outcome_id "
        "AND v.result_id = p.result_id"
    )


def _shown(spec: VersionTable) -> str:
    return ", ".join(_as_shown(column) for column in (*spec.columns, _EVENT_TIME))


def _as_shown(column: TableColumn) -> str:
    name = f"v.{column.name}"
    return f"{_text(name)} AS {column.name}" if column.kind is datetime else name


def _text(column: str) -> str:
    """Return SQL for a time as everywhere else: whole numbers only, for a float would round up into another year."""
    fraction = f"(({column} % {SECOND} + {SECOND}) % {SECOND})"
    seconds = f"strftime('%Y-%m-%dT%H:%M:%S', ({column} - {fraction}) / {SECOND}, 'unixepoch')"
    shown = f"iif({fraction} % {_MILLI}, printf('%06d', {fraction}), printf('%03d', {fraction} / {_MILLI}))"
    return f"({seconds} || '.' || {shown} || 'Z')"
