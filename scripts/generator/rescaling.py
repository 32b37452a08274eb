"""Stories of how places judge: mastery scales, calculation methods and friendly descriptions."""

from scripts.generator import saves, words
from scripts.generator.entities import CalculationMethod, Friendly, Place, Proficiency
from scripts.generator.opening import new_method, new_scale
from scripts.generator.school import METHODS
from scripts.generator.stage import Process, Stage


def change_scale(stage: Stage) -> Process:
    """A place takes another mastery scale, or shifts its mark of mastery; rating rows are kept where they can."""
    school, rng = stage.school, stage.rng
    if row := school.pick(list(school.proficiencies.values()), lambda row: row.state == "active"):
        if rng.randrange(3):
            levels = row.scale.levels
            mark = next(at for at, (_, points) in enumerate(levels) if points == row.scale.mastery_points)
            row.scale = words.Scale(levels[mark + (-1 if mark else 1)][1], levels)
        else:
            row.scale = rng.choice([scale for scale in words.SCALES if scale.levels != row.scale.levels])
            more = len(row.scale.levels) - len(row.rating_ids)
            fresh = tuple(school.ids.next("ratings") for _ in range(more))
            row.rating_ids = (row.rating_ids + fresh)[: len(row.scale.levels)]
        row.ratings_state = "active"
        saves.proficiency_saved(stage, row)
    yield from ()


def drop_and_revive_scale(stage: Stage) -> Process:
    """A sub-account gives up its scale; days later a default revives the row, its ratings still marked deleted."""
    school = stage.school
    row = school.pick(list(school.proficiencies.values()), lambda row: _optional(stage, row))
    if row:
        row.state = row.ratings_state = "deleted"
        saves.proficiency_saved(stage, row)
        yield stage.later(2, 15)
        row.state = "active"
        saves.proficiency_saved(stage, row)


def drop_and_revive_method(stage: Stage) -> Process:
    """The same with a calculation method."""
    school = stage.school
    row = school.pick(list(school.methods.values()), lambda row: _optional(stage, row))
    if row:
        row.state = "deleted"
        saves.method_saved(stage, row)
        yield stage.later(2, 15)
        row.state, row.method, row.method_int = "active", "highest", None
        saves.method_saved(stage, row)


def _optional(stage: Stage, row: Proficiency | CalculationMethod) -> bool:
    return row.state == "active" and row.place is not stage.school.root


def change_method(stage: Stage) -> Process:
    """A place rolls up in another way from now on."""
    if row := stage.school.pick(list(stage.school.methods.values()), lambda row: row.state == "active"):
        others = [method for method in METHODS if method[0] != row.method]
        row.method, row.method_int = stage.rng.choice(others)
        saves.method_saved(stage, row)
    yield from ()


def judge_in_course(stage: Stage) -> Process:
    """A course sets a scale and a method of its own."""
    school = stage.school
    course = school.pick(school.teaching, lambda row: row not in school.proficiencies)
    if course:
        new_scale(stage, course)
        yield stage.soon(10, 90)
        new_method(stage, course)
        yield stage.soon(60, 900)
        method = school.methods[course]
        method.method, method.method_int = "n_mastery", 2
        saves.method_saved(stage, method)


def befriend(stage: Stage) -> Process:
    """An outcome is described in a learner's words, these are mended, and often withdrawn again."""
    school, rng = stage.school, stage.rng
    if len(school.friendlies) > school.size.outcomes:
        return
    places: list[Place] = [*school.accounts[1:], *school.teaching[:40]]
    place = rng.choice(places) if school.friendlies else school.accounts[-1]  # the first: where nothing is unlinked
    outcome = school.pick(school.outcomes, lambda row: row.state == "active" and (row, place) not in school.friendlies)
    if not outcome:
        return
    number = school.ids.next("friendly_descriptions")
    row = Friendly(number, place, outcome, words.friendly(outcome.subject, rng))
    school.friendlies[outcome, place] = row
    saves.friendly_saved(stage, row, new=True)
    yield stage.later(2, 30)
    if row.state == "active":
        row.text = f"{words.friendly(outcome.subject, rng)} And I can show how."
        saves.friendly_saved(stage, row)
        yield stage.later(2, 30)
    if row.state == "active" and (row is next(iter(school.friendlies.values())) or rng.randrange(2)):
        row.state = "deleted"
        saves.friendly_saved(stage, row)
