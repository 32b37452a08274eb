"""Saving a row: the event a change of the tree, of a scale or of a place posts after its transaction.

`by` says what made the change: the tag of a background job, a `Visit`, or nothing for the page people usually use.
"""

from scripts.generator import bodies
from scripts.generator.clock import seconds
from scripts.generator.entities import CalculationMethod, Course, Friendly, Group, Link, Outcome, Place, Proficiency
from scripts.generator.envelopes import Visit
from scripts.generator.stage import Stage

By = Visit | str | None

CSV_IMPORT = "OutcomeImport#run"
SIS_IMPORT = "SIS::CSV::ImportRefactored#run_parallel_importer"
COURSE_COPY = "Canvas::Migration::Worker::CourseCopyWorker#perform"


def _save(stage: Stage, name: str, body: bodies.Body, by: Visit | str) -> None:
    stage.structural += 1
    if isinstance(by, str):
        stage.job(name, body, by)
    else:
        stage.request(name, body, by)


def _dated(stage: Stage, body: bodies.Body, updated_at: str | None) -> bodies.Body:
    return {**body, "updated_at": updated_at or stage.row_time()}


def _api(place: Place) -> str:
    return f"/api/v1/{'courses' if isinstance(place, Course) else 'accounts'}/{place.id}"


def outcome_created(stage: Stage, row: Outcome, by: By = None) -> None:
    """A new outcome; from a page it is made inside a group."""
    home = Visit(row.place, f"{_api(row.place)}/outcome_groups/{row.links[0].group.id}/outcomes", "POST")
    _save(stage, "learning_outcome_created", bodies.outcome(row), by or home)


def new_outcome(stage: Stage, group: Group, by: By = None) -> Outcome:
    """Write an outcome inside a group: the outcome's event, then its link's."""
    row = stage.school.outcome(group)
    outcome_created(stage, row, by)
    link_created(stage, row.links[0], by)
    return row


def outcome_updated(stage: Stage, row: Outcome, by: By = None, updated_at: str | None = None) -> None:
    """An outcome saved again, changed or not."""
    body = _dated(stage, bodies.outcome(row), updated_at)
    _save(stage, "learning_outcome_updated", body, by or Visit(row.place, f"/api/v1/outcomes/{row.id}"))


def group_created(stage: Stage, row: Group, by: By = None) -> None:
    """A new group; roots are made on the way, by the first look at the page."""
    path = f"/outcome_groups/{row.parent.id}/subgroups" if row.parent else "/root_outcome_group"
    visit = Visit(row.place, _api(row.place) + path, "POST" if row.parent else "GET")
    _save(stage, "learning_outcome_group_created", bodies.group(row), by or visit)


def group_updated(stage: Stage, row: Group, by: By = None) -> None:
    """A group renamed, moved, archived, deleted or revived."""
    method = "DELETE" if row.state == "deleted" else "PUT"
    visit = Visit(row.place, f"{_api(row.place)}/outcome_groups/{row.id}", method)
    _save(stage, "learning_outcome_group_updated", _dated(stage, bodies.group(row), None), by or visit)


def link_created(stage: Stage, row: Link, by: By = None) -> None:
    """An outcome filed in a group."""
    place = row.group.place
    visit = Visit(place, f"{_api(place)}/outcome_groups/{row.group.id}/outcomes/{row.outcome.id}", "PUT")
    _save(stage, "learning_outcome_link_created", bodies.link(row), by or visit)


def link_updated(stage: Stage, row: Link, by: By = None) -> None:
    """A link moved to another group, or deleted."""
    place, method = row.group.place, "DELETE" if row.state == "deleted" else "PUT"
    visit = Visit(place, f"{_api(place)}/outcome_groups/{row.group.id}/outcomes/{row.outcome.id}", method)
    _save(stage, "learning_outcome_link_updated", _dated(stage, bodies.link(row), None), by or visit)


def proficiency_saved(stage: Stage, row: Proficiency, *, new: bool = False) -> None:
    """A mastery scale; only its graphql page changes it."""
    visit, body = Visit(row.place, "/api/graphql", "POST"), bodies.proficiency(row)
    if new:
        _save(stage, "outcome_proficiency_created", body, visit)
    else:
        _save(stage, "outcome_proficiency_updated", _dated(stage, body, None), visit)


def method_saved(stage: Stage, row: CalculationMethod, *, new: bool = False) -> None:
    """A calculation method of a place."""
    visit, body = Visit(row.place, "/api/graphql", "POST"), bodies.calculation_method(row)
    if new:
        _save(stage, "outcome_calculation_method_created", body, visit)
    else:
        _save(stage, "outcome_calculation_method_updated", _dated(stage, body, None), visit)


def friendly_saved(stage: Stage, row: Friendly, *, new: bool = False) -> None:
    """A friendly description."""
    visit, body = Visit(row.place, "/api/graphql", "POST"), bodies.friendly(row)
    if new:
        _save(stage, "outcome_friendly_description_created", body, visit)
    else:
        _save(stage, "outcome_friendly_description_updated", _dated(stage, body, None), visit)


def account_saved(stage: Stage, row: Place, *, new: bool = False) -> None:
    """An account; its parent's page makes it, its own changes it."""
    name, place = ("account_created", row.parent or row) if new else ("account_updated", row)
    path = f"/api/v1/accounts/{place.id}{'/sub_accounts' if new else ''}"
    _save(stage, name, bodies.account(stage.school, row), Visit(place, path, "POST" if new else "PUT"))


def course_created(stage: Stage, row: Course) -> None:
    """A course from the student information system, by nightly import."""
    row.created_at = stage.now
    made = seconds(row.created_at)
    _save(stage, "course_created", bodies.course(stage.school, row, made, made), SIS_IMPORT)


def course_updated(stage: Stage, row: Course) -> None:
    """A course renamed or concluded."""
    body = bodies.course(stage.school, row, seconds(row.created_at), stage.row_time())
    _save(stage, "course_updated", body, Visit(row, f"/courses/{row.id}"))


def person_saved(stage: Stage, name: str, body: bodies.Body, by: Visit | str = SIS_IMPORT) -> None:
    """A `user_*` or `enrollment_*` event, mostly the nightly import's."""
    _save(stage, name, body, by)
