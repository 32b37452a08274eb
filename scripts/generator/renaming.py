"""Stories of people and places: names change, and classes do."""

from scripts.generator import bodies, saves
from scripts.generator.clock import seconds
from scripts.generator.envelopes import Visit
from scripts.generator.stage import Process, Stage
from scripts.generator.terms import enrolled


def rename_course(stage: Stage) -> Process:
    """A course is renamed, and its root group with it."""
    course = stage.school.pick(stage.school.teaching)
    if course and course.root:
        course.name = f"{course.subject.name} {course.id % 6 + 7} ({stage.rng.choice('ABCDEFGH')})"
        saves.course_updated(stage, course)
        yield stage.soon(0.01, 0.2)
        course.root.title = course.name
        saves.group_updated(stage, course.root, Visit(course, f"/courses/{course.id}"))


def rename_account(stage: Stage) -> Process:
    """A sub-account is renamed, and its root group with it if it has one."""
    account = stage.school.pick(stage.school.accounts[1:])
    if account:
        account.name = f"{account.name.split(' (')[0]} ({stage.rng.choice(('North', 'South', 'East', 'West'))})"
        saves.account_saved(stage, account)
        if account.root:
            yield stage.soon(0.01, 0.2)
            account.root.title = account.name
            saves.group_updated(stage, account.root, Visit(account, f"/accounts/{account.id}"))


def rename_student(stage: Stage) -> Process:
    """A student's record is corrected by hand."""
    school = stage.school
    index = stage.rng.randrange(school.size.students)
    body = bodies.student(school, index, seconds(stage.calendar.at(0, 9)), stage.row_time())
    body["short_name"] = f"{body['short_name']} {body['name'].split()[-1][0]}."
    visit = Visit(school.root, f"/users/{school.student_id(index)}", actor=school.admins[-1])
    saves.person_saved(stage, "user_updated", body, visit)
    yield from ()


def join_late(stage: Stage) -> Process:
    """A student joins a class in mid-term and leaves it again."""
    school, course = stage.school, stage.school.pick(stage.school.teaching)
    if course:
        outsider = (course.first_student + course.seats) % school.size.students
        body = enrolled(stage, course, school.student(outsider))
        yield stage.later(10, 35)
        left = body | {"updated_at": stage.row_time(), "workflow_state": "inactive"}
        visit = Visit(course, f"/courses/{course.id}/users", "POST")
        saves.person_saved(stage, "enrollment_updated", left, visit)
