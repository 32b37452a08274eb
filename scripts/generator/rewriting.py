"""Stories of outcomes rewritten: words, bars, rating levels and methods, and the odd ways such saves arrive.

Each story is a process that acts at once and may come back later.
"""

from scripts.generator import saves, words
from scripts.generator.clock import SECOND, seconds
from scripts.generator.entities import Course, Outcome
from scripts.generator.envelopes import Visit
from scripts.generator.school import METHODS
from scripts.generator.stage import Process, Stage

_CORRECTED = 0.3
_RESTING = 0.05


def _editable(stage: Stage) -> Outcome | None:
    return stage.school.pick(stage.school.outcomes, lambda row: row.state == "active" and not row.busy)


def _restful(row: Outcome) -> bool:
    return row.state == "active" and not row.busy and not isinstance(row.place, Course)


def reword(stage: Stage) -> Process:
    """A new title; sometimes a slip is corrected minutes later."""
    if outcome := _editable(stage):
        outcome.title = words.title(outcome.subject, stage.rng)
        saves.outcome_updated(stage, outcome)
        if stage.rng.random() < _CORRECTED:
            yield stage.soon(20, 400)
            outcome.title += " with care"
            saves.outcome_updated(stage, outcome)


def redescribe(stage: Stage) -> Process:
    """Another description, or none any more: the key is then absent."""
    if outcome := _editable(stage):
        gone = outcome.description and stage.rng.randrange(6) == 0
        outcome.description = None if gone else words.description(outcome.subject, stage.rng)
        saves.outcome_updated(stage, outcome)
    yield from ()


def move_the_bar(stage: Stage) -> Process:
    """Mastery moves to another rating level; old results now mean something else."""
    if outcome := _editable(stage):
        levels = outcome.scale.levels
        others = [points for _, points in levels[:-1] if points != outcome.scale.mastery_points]
        outcome.scale = words.Scale(stage.rng.choice(others), levels)
        saves.outcome_updated(stage, outcome)
    yield from ()


def new_levels(stage: Stage) -> Process:
    """Another number of rating levels, mostly with another top."""
    if outcome := _editable(stage):
        levels = len(outcome.scale.levels)
        outcome.scale = stage.rng.choice([scale for scale in words.SCALES if len(scale.levels) != levels])
        saves.outcome_updated(stage, outcome)
    yield from ()


def new_method(stage: Stage) -> Process:
    """Another calculation method with another number, or with none."""
    if outcome := _editable(stage):
        others = [each for each in METHODS if each[0] != outcome.method and each[1] != outcome.method_int]
        outcome.method, outcome.method_int = stage.rng.choice(others)
        saves.outcome_updated(stage, outcome)
    yield from ()


def rename_for_reports(stage: Stage) -> Process:
    """The display name is set, or cleared."""
    if outcome := _editable(stage):
        outcome.display_name = None if outcome.display_name else f"{outcome.subject.code} {outcome.id}"
        saves.outcome_updated(stage, outcome)
    yield from ()


def save_twice(stage: Stage) -> Process:
    """A column outside the body changes with the next: two events whose bodies say the same."""
    if outcome := _editable(stage):
        outcome.title = words.title(outcome.subject, stage.rng)
        saved = stage.row_time()
        saves.outcome_updated(stage, outcome, updated_at=saved)
        yield stage.soon(0.01, 0.3)
        saves.outcome_updated(stage, outcome, updated_at=saved)


def cross_in_the_post(stage: Stage) -> Process:
    """Two people save seconds apart on two servers, and the earlier save is posted last: the clocks disagree."""
    if outcome := _editable(stage):
        first, second = (words.title(outcome.subject, stage.rng) + ending for ending in ("", " again"))
        saved = stage.now
        yield saved + 2 * SECOND + 200
        outcome.title = second
        saves.outcome_updated(stage, outcome, updated_at=seconds(saved + 2 * SECOND))
        yield saved + 4 * SECOND
        outcome.title = first
        saves.outcome_updated(stage, outcome, updated_at=seconds(saved))
        outcome.title = second


def edit_for_another(stage: Stage) -> Process:
    """An administrator edits while acting as the teacher."""
    yield from _edit_by(stage, "masquerade")


def edit_by_program(stage: Stage) -> Process:
    """A program edits with someone's token."""
    yield from _edit_by(stage, "token")


def _edit_by(stage: Stage, hand: str) -> Process:
    if outcome := _editable(stage):
        outcome.description = words.description(outcome.subject, stage.rng)
        saves.outcome_updated(stage, outcome, Visit(outcome.place, f"/api/v1/outcomes/{outcome.id}", hand=hand))
    yield from ()


def archive_outcome(stage: Stage) -> Process:
    """An outcome rests for some weeks; only so many rest at a time, however busy the year."""
    school = stage.school
    room = school.resting_outcomes < len(school.outcomes) * _RESTING
    if room and (outcome := school.pick(school.outcomes, _restful)):
        school.resting_outcomes += 1
        outcome.busy, outcome.state = True, "archived"
        saves.outcome_updated(stage, outcome)
        yield stage.later(4, 40)
        school.resting_outcomes -= 1
        outcome.busy, outcome.state = False, "active"
        saves.outcome_updated(stage, outcome)
