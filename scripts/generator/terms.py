"""Terms: courses open with their classes and the outcomes they adopt, and are concluded when the term ends."""

from collections.abc import Generator, Iterator

from scripts.generator import bodies, saves
from scripts.generator.clock import TERM_ENDS, TERM_STARTS, seconds
from scripts.generator.entities import Course, Group
from scripts.generator.ids import uuid
from scripts.generator.stage import Process, Stage

_TERMS = ("Autumn", "Spring")
_NEW_IN_SPRING = 0.65
"""The share of a class that was not in the autumn course of the same pair; the others can be followed over both."""


def open_spring(stage: Stage) -> Process:
    """January: the courses of the second term."""
    opening, start = stage.school.size.opening, TERM_STARTS[1]
    yield from open_term(stage, stage.office_hours(start - 7, start, opening // 2), 1)


def close_autumn(stage: Stage) -> Process:
    """December: the first term's courses are concluded; their classes do no more work there."""
    clock = stage.office_hours(TERM_ENDS[0], TERM_ENDS[0] + 4, max(1, stage.school.size.courses // 2))
    yield next(clock)
    for course in [course for course in stage.school.teaching if course.term == 0]:
        stage.school.teaching.remove(course)
        course.state = "completed"
        saves.course_updated(stage, course)
        yield next(clock)


def open_term(stage: Stage, clock: Iterator[int], term: int) -> Process:
    """Open every second course: import it, enrol its class, adopt its outcomes, and only then teach it."""
    school, size = stage.school, stage.school.size
    seats = min(size.seats, size.students)
    pairs_apart = size.students * len(_TERMS) // size.courses
    for number in range(term, size.courses, len(_TERMS)):
        pair = number // len(_TERMS)
        yield next(clock)
        subject = school.outcomes[pair % len(school.outcomes)].subject
        course = Course(
            id=school.ids.next("courses"),
            uuid=uuid(stage.rng),
            name=f"{subject.name} {7 + pair % 6} · {_TERMS[term]}",
            parent=school.accounts[1 + pair % size.accounts],
            steward=school.teachers[number % len(school.teachers)],
            subject=subject,
            section=school.ids.next("sections"),
            term=term,
            first_student=pair * pairs_apart + round(term * seats * _NEW_IN_SPRING),
            seats=seats,
        )
        school.courses.append(course)
        saves.course_created(stage, course)
        yield from _enrol(stage, clock, course)
        root = yield from _adopt(stage, clock, course)
        before, after = (size.course_owned * at // size.courses for at in (number, number + 1))
        yield from _own(stage, clock, root, after - before)
        school.teaching.append(course)


def _enrol(stage: Stage, clock: Iterator[int], course: Course) -> Process:
    school, teacher = stage.school, course.steward
    seats = school.seats(course)
    yield next(clock)
    enrolled(stage, course, (teacher.id, teacher.uuid, teacher.name), {"type": "TeacherEnrollment"})
    for index in seats:
        yield next(clock)
        enrolled(stage, course, school.student(index))
    if course is school.courses[0]:
        yield next(clock)
        watched = school.global_id(school.student_id(seats[0]))
        parent = school.person("ObserverEnrollment", seats[0])
        role = {"type": "ObserverEnrollment", "associated_user_id": watched}
        enrolled(stage, course, (parent.id, parent.uuid, parent.name), role)


def enrolled(stage: Stage, course: Course, user: tuple[int, str, str], role: bodies.Body | None = None) -> bodies.Body:
    """Put a user (id, uuid, name) into a course, as a student unless `role` says otherwise; return the body."""
    school, made = stage.school, seconds(stage.now)
    body = {
        "enrollment_id": school.global_id(school.ids.next("enrollments")),
        "course_id": school.global_id(course.id),
        "course_uuid": course.uuid,
        "user_id": school.global_id(user[0]),
        "user_uuid": user[1],
        "user_name": user[2],
        "type": "StudentEnrollment",
        "created_at": made,
        "updated_at": made,
        "limit_privileges_to_course_section": False,
        "course_section_id": school.global_id(course.section),
        "workflow_state": "active",
    } | (role or {})
    saves.person_saved(stage, "enrollment_created", body)
    return body


def _adopt(stage: Stage, clock: Iterator[int], course: Course) -> Generator[int, None, Group]:
    """Bring account groups into a course, where Canvas makes new groups with links to the same outcomes.

    Return the course's root group, which this makes.
    """
    school, wanted = stage.school, stage.school.size.course_links
    yield next(clock)
    root = school.group(course, course.name, course.subject)
    saves.group_created(stage, root)
    above = (school.root, course.parent)
    shelf = [group for group in school.groups if group.links and group.state == "active" and group.place in above]
    shelf = [group for group in shelf if group.subject is course.subject] or shelf
    first = len(school.courses) // len(_TERMS) % len(shelf)
    adopted = (shelf[first:] + shelf[:first])[: 1 + wanted // 5]
    for source in adopted:
        yield next(clock)
        group = school.group(course, source.title, source.subject, root)
        saves.group_created(stage, group)
        yield from _link_all(stage, source, group, wanted // len(adopted) + 1)
    return root


def _link_all(stage: Stage, source: Group, group: Group, limit: int) -> Process:
    school = stage.school
    known = {link.outcome for link in group.place.links} if isinstance(group.place, Course) else set()
    for link in source.links[:limit]:
        if link.state == link.outcome.state == "active" and link.outcome not in known:
            yield stage.soon(0.05, 0.4)
            saves.link_created(stage, school.link(link.outcome, group))


def _own(stage: Stage, clock: Iterator[int], root: Group, how_many: int) -> Process:
    """Let the teacher write outcomes of the course's own; every second stays on the shelf."""
    for index in range(how_many):
        yield next(clock)
        outcome = saves.new_outcome(stage, root)
        outcome.shelved = (len(stage.school.courses) + index) % 2 == 1
        stage.school.outcomes.append(outcome)
