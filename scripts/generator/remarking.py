"""Second looks: marks revised, results superseded, rubrics swapped, questions voided."""

from scripts.generator.assessing import QUIZ_JOB, RUBRIC_JOB, Assessment, Paper, Twist
from scripts.generator.clock import seconds
from scripts.generator.results import LIVE, RUBRIC, Result
from scripts.generator.stage import Process

_SWAP_JOB = "RubricAssociation#save"
_KEPT_LONG = 2


def assess(work: Assessment) -> Process:
    """Play an assessment from its setting to the last look anyone takes at it."""
    yield from work.mark_all()
    if work.kind == LIVE:
        work.forget()
    if not work.remembered:
        return
    stage = work.stage
    if work.twist is Twist.SUPERSEDED:
        yield stage.later(0.2, 3)
        yield from _supersede(work, work.remembered[0])
    elif work.twist is Twist.SWAPPED:
        yield stage.later(0.5, 5)
        yield from _swap_rubric(work)
    elif work.twist is Twist.VOIDED:
        yield stage.later(0.2, 4)
        yield from _void_question(work)
    yield stage.later(0.5, 12)
    for paper in work.remembered:
        yield stage.soon(20, 300)
        yield from _mark_again(work, paper)
    work.forget(_KEPT_LONG if work.twist is Twist.LONG_AFTER else 0)
    if work.remembered:
        yield stage.later(20, 80)
        for paper in work.remembered:
            yield from _mark_again(work, paper)
        work.forget()


def _mark_again(work: Assessment, paper: Paper) -> Process:
    """Revise some of a paper's marks; Canvas counts it as another attempt."""
    alive = [result for result in paper.results if result.state == "active"]
    if alive:
        stage = work.stage
        chosen = sorted(stage.rng.sample(alive, stage.rng.randint(1, len(alive))), key=lambda result: result.id)
        yield from _assess_again(work, paper)
        score = work.scorer(paper.artifact.student)
        for result in chosen:
            result.attempt += 1
            result.score_again(score(result.criterion), seconds(stage.now))
        yield from _save(work, chosen, RUBRIC_JOB if work.kind == RUBRIC else QUIZ_JOB)


def _assess_again(work: Assessment, paper: Paper) -> Process:
    stage, artifact = work.stage, paper.artifact
    artifact.updated = seconds(stage.now)
    if work.kind == RUBRIC:
        work.assessed(artifact, paper.results[0].attempt + 1)
        yield stage.soon(0.3, 4)


def _save(work: Assessment, results: list[Result], job: str) -> Process:
    stage = work.stage
    envelope, saved = stage.envelopes.job_text(job), seconds(stage.now)
    for result in results:
        stage.outbox.append(work.sheet.updated(result, stage.now, envelope, saved))
        yield stage.now + 2 + int(stage.rng.random() * 14)


def _supersede(work: Assessment, paper: Paper) -> Process:
    """Canvas finds a second row for the same student, outcome and work.

    It copies the marks to the old row, whose mastery goes stale, and keeps the new row as deleted.
    """
    stage, old = work.stage, paper.results[0]
    yield from _assess_again(work, paper)
    old.score = 0.0 if old.mastery else old.criterion.possible
    yield from _save(work, [old], RUBRIC_JOB)
    number, made = stage.school.ids.next("results"), seconds(stage.now)
    mastery = old.criterion.masters(old.score)
    new = Result(number, old.criterion, paper.artifact, old.score, old.score, mastery, made, made, state="deleted")
    stage.outbox.append(work.sheet.created(new, stage.now, stage.envelopes.job_text(RUBRIC_JOB)))


def _swap_rubric(work: Assessment) -> Process:
    """The rubric is swapped on the assignment, which deletes its results; the next marking revives them."""
    stage = work.stage
    for paper in work.remembered:
        for result in paper.results:
            result.state = "deleted"
        yield from _save(work, paper.results, _SWAP_JOB)
    yield stage.later(0.5, 6)
    for paper in work.remembered[:-1]:
        yield stage.soon(30, 200)
        yield from _assess_again(work, paper)
        for result in paper.results:
            result.state = "active"
        yield from _save(work, paper.results, RUBRIC_JOB)


def _void_question(work: Assessment) -> Process:
    """A bank's questions are set to no points: its results are deleted."""
    for paper in work.remembered:
        paper.results[0].state = "deleted"
        yield from _save(work, paper.results[:1], QUIZ_JOB)
