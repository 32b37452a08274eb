"""Stories of imports: outcomes by CSV file, and a course copied into another. Jobs make these events."""

from scripts.generator import saves, words
from scripts.generator.clock import seconds
from scripts.generator.entities import Course, Outcome
from scripts.generator.stage import Process, Stage

_GROWTH = 1.1


def _has_room(stage: Stage) -> bool:
    """Let imports grow the school by a tenth at most, however long its log."""
    return len(stage.school.outcomes) < _GROWTH * stage.school.size.outcomes + 4


def import_csv(stage: Stage) -> Process:
    """A file adds outcomes to a group and rewrites one that was there; all within a second."""
    school = stage.school
    group = school.pick(school.groups, lambda row: row.state == "active" and bool(row.links) and not row.busy)
    if not group:
        return
    old = next((link.outcome for link in group.links if link.state == link.outcome.state == "active"), None)
    for _ in range(3 if _has_room(stage) else 0):
        outcome = saves.new_outcome(stage, group, saves.CSV_IMPORT)
        school.outcomes.append(outcome)
        yield stage.soon(0.02, 0.2)
    if old:
        old.title, old.vendor_guid = words.title(old.subject, stage.rng), f"{old.subject.code}-{old.id}"
        saves.outcome_updated(stage, old, saves.CSV_IMPORT)


def copy_course(stage: Stage) -> Process:
    """A course's own outcomes are copied into another: new ids there, with their lineage.

    What the importer touched and did not change is posted all the same, and a last event says that all is done.
    """
    school = stage.school
    source = school.pick(school.outcomes, lambda row: isinstance(row.place, Course) and row.state == "active")
    target = school.pick(school.teaching, lambda row: bool(source and row is not source.place and row.root))
    if not (source and target and target.root and isinstance(source.place, Course)):
        return
    if _has_room(stage):
        copy = school.outcome(target.root)
        _imitate(copy, source)
        saves.outcome_created(stage, copy, saves.COURSE_COPY)
        yield stage.soon(0.01, 0.05)
        saves.link_created(stage, copy.links[0], saves.COURSE_COPY)
        school.outcomes.append(copy)
    yield stage.soon(0.01, 0.05)
    saves.group_updated(stage, target.root, saves.COURSE_COPY)
    yield stage.soon(0.5, 2)
    body = {
        "content_migration_id": school.global_id(school.ids.next("migrations")),
        "context_id": school.global_id(target.id),
        "context_type": "Course",
        "context_uuid": target.uuid,
        "import_quizzes_next": False,
        "source_course_uuid": source.place.uuid,
        "migration_type": "course_copy_importer",
        "domain": school.host,
        "finished_at": seconds(stage.now),
    }
    stage.job("content_migration_completed", body, "ContentMigration#import_content")


def _imitate(copy: Outcome, source: Outcome) -> None:
    copy.title, copy.description, copy.display_name = source.title, source.description, source.display_name
    copy.scale, copy.method, copy.method_int = source.scale, source.method, source.method_int
    copy.vendor_guid, copy.copied_from, copy.shelved = source.vendor_guid, source.id, source.shelved
