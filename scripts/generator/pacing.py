"""Pacing: who may begin a story, and when, so that a year has as many events of each sort as were asked for.

Every day takes its share of what is still missing, so nothing needs to be planned to the event. Each kind of story
is told once in the first half of the year before chance takes over: even the smallest school has them all.
"""

from scripts.generator import importing, neighbours, regrouping, removing, renaming, rescaling, rewriting
from scripts.generator.assessing import Assessment, Twist, measurable
from scripts.generator.clock import TEACHING_FROM, TERM_STARTS, YEAR_DAYS
from scripts.generator.remarking import assess
from scripts.generator.results import LIVE, QUIZ, RUBRIC
from scripts.generator.stage import Process, Stage

_STRUCTURAL_SHARE = 0.097
_LEAST_EDITS = 120
_EVENTS_PER_EDIT = 1.4
_REHEARSED_BY = 160
_SECOND_LOOKS = 1.12
"""How many events a piece of work makes in all, for each one of its first marking."""
_MEMORY = 10
_PATIENCE = 20 * YEAR_DAYS

EDITS = (
    (rewriting.reword, 30),
    (regrouping.file_twice, 3),
    (rewriting.archive_outcome, 4),
    (removing.delete_and_import, 2),
    (removing.pilot_strand, 0.25),
    (rescaling.befriend, 5),
    (regrouping.archive_group, 1),
    (rescaling.drop_and_revive_scale, 0.2),
    (removing.delete_and_repackage, 1),
    (rewriting.redescribe, 20),
    (regrouping.link_again, 3),
    (rewriting.move_the_bar, 6),
    (neighbours.visit_next_door, 0.3),
    (rescaling.drop_and_revive_method, 0.2),
    (renaming.join_late, 0.5),
    (rewriting.new_levels, 4),
    (regrouping.move_link, 6),
    (rewriting.save_twice, 2),
    (rescaling.change_scale, 0.4),
    (importing.copy_course, 0.6),
    (rewriting.cross_in_the_post, 1),
    (rewriting.new_method, 5),
    (regrouping.move_group, 1),
    (importing.import_csv, 1),
    (rewriting.rename_for_reports, 4),
    (rescaling.change_method, 0.4),
    (rewriting.edit_for_another, 1),
    (regrouping.rename_group, 4),
    (rescaling.judge_in_course, 0.2),
    (rewriting.edit_by_program, 1),
    (renaming.rename_course, 0.5),
    (renaming.rename_account, 0.1),
    (renaming.rename_student, 0.4),
)
"""Every kind of edit with its weight, those that take weeks first."""

_WORKS = (
    (RUBRIC, Twist.LONG_AFTER, 4),
    (RUBRIC, Twist.SWAPPED, 2),
    (QUIZ, Twist.VOIDED, 2),
    (RUBRIC, Twist.SUPERSEDED, 3),
    (RUBRIC, Twist.PEERS, 2),
    (LIVE, Twist.NONE, 1),
    (RUBRIC, Twist.BLANK, 1),
    (RUBRIC, Twist.BONUS, 1),
    (QUIZ, Twist.NONE, 42),
    (RUBRIC, Twist.NONE, 40),
)


def structural_budget(stage: Stage) -> int:
    """Return how many events of the year go to structure: a share, but enough for the opening and some edits."""
    events, opening = stage.events, stage.school.size.opening
    return max(round(_STRUCTURAL_SHARE * events), opening + round(0.02 * events) + _LEAST_EDITS)


def rehearse(stage: Stage) -> Process:
    """Begin each kind of edit once, evenly through the first half of the year."""
    first = TEACHING_FROM + 1
    for number, (edit, _) in enumerate(EDITS):
        day = first + number * (_REHEARSED_BY - first) // len(EDITS)
        yield stage.calendar.at(day, 9 + 7 * stage.rng.random())
        stage.spawn(edit(stage))


def edit_all_year(stage: Stage, budget: int) -> Process:
    """Begin edits of the more and less common kinds, at office hours, until the budget is spent."""
    kinds, weights = [edit for edit, _ in EDITS], [weight for _, weight in EDITS]
    for day in stage.calendar.weekdays(TEACHING_FROM):
        spring = stage.school.size.opening // 2 if day <= TERM_STARTS[1] else 0
        due = (budget - spring - stage.structural) * stage.calendar.share(day) / _EVENTS_PER_EDIT
        times = sorted(stage.calendar.at(day, 7 + 11 * stage.rng.random()) for _ in range(_round(stage, due)))
        for time in times:
            yield time
            stage.spawn(stage.rng.choices(kinds, weights)[0](stage))
        yield stage.calendar.at(day + 1, 0)


def teach_all_year(stage: Stage, budget: int) -> Process:
    """Set work to classes, school day by school day, until the year has all its events."""
    rng, school, told = stage.rng, stage.school, 0
    usual = _events_per_work(stage)
    for day in stage.calendar.weekdays(TEACHING_FROM):
        if day > _PATIENCE:
            msg = (
                f"{stage.events - stage.posted} events short: no course is left to teach; give the school more courses"
            )
            raise RuntimeError(msg)
        yield stage.calendar.at(day, 6)
        left = stage.events - stage.posted - stage.owed - max(0, budget - stage.structural)
        due = left * stage.calendar.share(day) / usual
        times = sorted(stage.calendar.at(day, 8 + 9 * rng.random()) for _ in range(_round(stage, due)))
        for time in times:
            yield time
            kind, twist, _ = _WORKS[told] if told < len(_WORKS) else rng.choices(_WORKS, _WORK_WEIGHTS)[0]
            course = rng.choice(school.teaching) if school.teaching else None
            if course and measurable(course):
                told += 1
                work = Assessment(stage, course, kind, twist)
                usual += (_SECOND_LOOKS * work.expected - usual) / (_MEMORY + told)
                stage.spawn(assess(work))


_WORK_WEIGHTS = [weight for *_, weight in _WORKS]


def _events_per_work(stage: Stage) -> float:
    """Guess how many events a piece of work makes, until there is some experience."""
    size = stage.school.size
    return max(1.0, 0.85 * size.seats * (1.2 + size.criteria * 0.8))


def _round(stage: Stage, due: float) -> int:
    """Round up or down by chance, so that small schools get their due on average."""
    return int(max(0.0, due) + stage.rng.random())
