"""Random small histories for the laws: few entities and few instants, so that ties, moves and revivals are common."""

from typing import Any

from hypothesis import strategies as st

from tests.support import given as make

DAYS = [f"2025-0{month}-01T08:00:00.{milli:03d}Z" for month in (1, 2, 3) for milli in (0, 1)]
INSTANTS = [*DAYS, "2025-02-01T05:00:00-03:00", "2025-02-01 08:00:00 +0000", "2025-03-01T08:00:00.000500Z"]
POINTS = [*DAYS, "2025-01-15", "2025-02-15", "2024-01-01", "2027-01-01"]
STATES = ["active", "active", "active", "archived", "deleted"]
CONTEXTS = ["Account:1", "Course:200", "Global"]
ACCOUNT_SCALES = "account_level_mastery_scales"
IMPORT = {"job_tag": "OutcomeImport#run", "job_id": "77"}
# Whatever a request is about, its envelope tells where its context hangs.
IN_A_COURSE = {**make.ASKER, "context_type": "Course", "context_id": "200", "context_account_id": "2"}

_time = st.sampled_from(INSTANTS)
_updated = st.none() | st.sampled_from(DAYS)
_few = st.sampled_from(["1", "2", "3"])
_state = st.sampled_from(STATES)
_meta = st.sampled_from([{}, make.ASKER, IMPORT, IN_A_COURSE])
_tenant = st.sampled_from([make.TENANT, make.TENANT, make.OTHER_TENANT])


def _neighbour(time: str, meta: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(
        st.builds(
            lambda artifact, submitted: make.rubric_assessed(artifact, time, submitted=submitted, meta=meta),
            st.sampled_from(["91", "92", "93"]),
            st.sampled_from(DAYS),
        ),
        st.builds(
            lambda context, method: make.calculation_method("1", time, method=method, context=context, meta=meta),
            st.sampled_from(["Account:1", "Account:2", "Course:200"]),
            st.sampled_from(["latest", "average", "highest"]),
        ),
        st.builds(lambda account: make.course("200", time, account=account, meta=meta), st.sampled_from(["1", "2"])),
        st.just(make.account("2", time, meta=meta)),
        st.builds(
            lambda student, state: make.enrollment("31", time, student=student, state=state, updated=time, meta=meta),
            # Older enrollments name the user's id alone; whose that is, users tell.
            st.sampled_from(["studentAda", "studentBo", None]),
            st.sampled_from(["active", "deleted", "deleted"]),
        ),
        st.builds(
            lambda student: make.user(time, student=student, meta=meta), st.sampled_from(["studentAda", "studentBo"])
        ),
        st.builds(lambda value: make.setting(ACCOUNT_SCALES, time, value=value, meta=meta), st.booleans()),
    )


@st.composite
def _event(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["outcome", "group", "link", "proficiency", "result", "result", "neighbour"]))
    local_id, time, updated = draw(_few), draw(_time), draw(_updated)
    common: dict[str, Any] = {
        "updated": updated,
        "workflow_state": draw(_state),
        "meta": {**draw(_meta), "tenant": draw(_tenant)},
    }
    if kind == "outcome":
        method = draw(st.sampled_from(["highest", "latest", "decaying_average", "n_mastery"]))
        mastery = draw(st.sampled_from([2, 3.0, 3]))
        return make.outcome(local_id, time, mastery=mastery, calculation_method=method, **common)
    if kind == "group":
        context, parent = draw(st.sampled_from(CONTEXTS)), draw(st.none() | _few)
        return make.group(local_id, time, parent=parent, context=context, **common)
    if kind == "link":
        context = draw(st.sampled_from(CONTEXTS))
        return make.link(local_id, time, outcome=draw(_few), group=draw(_few), context=context, **common)
    if kind == "proficiency":
        return make.proficiency(local_id, time, mastery=draw(st.sampled_from([2, 3])), **common)
    if kind == "neighbour":
        return draw(_neighbour(time, common["meta"]))
    score = draw(st.none() | st.sampled_from([1, 3.5, 5]))
    # A merge of users changes the student of a result: rare in Canvas, common here.
    student = draw(st.sampled_from(["studentAda", "studentBo"]))
    return make.result(local_id, time, outcome=draw(_few), student=student, score=score, **common)


def histories(*, most: int = 14) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Return lists of events of two tenants."""
    return st.lists(_event(), min_size=1, max_size=most)


@st.composite
def _fact(draw: st.DrawFn) -> dict[str, Any]:
    """What an export told of the results of histories: they have ids 1 to 3, and were assessed when they happened."""
    time, meta = draw(_time), {"tenant": draw(_tenant)}
    if draw(st.integers(0, 2)) == 0:
        state = draw(st.sampled_from(["active", "deleted"]))
        alignment = draw(st.sampled_from(["70", "71"]))
        return make.observed("alignment", time, alignment_id=alignment, workflow_state=state, meta=meta)
    told = {
        "submitted_at": draw(st.none() | st.sampled_from(DAYS)),
        "assessed_at": draw(st.sampled_from(DAYS)),
        "hidden": draw(st.sampled_from([True, False, None])),
        "alignment_id": draw(st.sampled_from(["70", "71", "72", None])),
        "assignment_id": draw(st.sampled_from(["80", "81", None])),
    }
    known = {name: value for name, value in told.items() if value is not None}
    return make.observed("result_detail", time, result_id=draw(_few), course_id="200", meta=meta, **known)


@st.composite
def _of_a_new_quiz(draw: st.DrawFn) -> dict[str, Any]:
    """A result as reports of New Quizzes tell it: of an assignment, of which a rubric's result may be known, too."""
    fields = {"artifact_type": "NewQuiz", "artifact_id": draw(st.sampled_from(["80", "81"])), "score": 3.5}
    student, meta = draw(st.sampled_from(["studentAda", "studentBo"])), {"tenant": draw(_tenant)}
    return make.result(
        draw(_few), draw(_time), outcome="1", student=student, updated=draw(_updated), meta=meta, **fields
    )


@st.composite
def exported_histories(draw: st.DrawFn, *, most: int = 14) -> list[dict[str, Any]]:
    """Return histories to which an export adds what no event tells of results, in any order."""
    facts = draw(st.lists(_fact() | _of_a_new_quiz(), min_size=1, max_size=max(1, most // 2)))
    return draw(st.permutations([*draw(histories(most=most)), *facts]))


METHODS = [
    ("highest", None),
    ("latest", None),
    ("average", None),
    ("n_mastery", 1),
    ("n_mastery", 2),
    ("decaying_average", 65),
    ("weighted_average", 70),
    ("standard_decaying_average", 65),
    ("standard_decaying_average", 20),
    ("a method of the future", None),
    (None, None),
]
_ARTIFACTS = [
    "RubricAssessment",
    "RubricAssessment",
    "Quizzes::QuizSubmission",
    "Quizzes::QuizSubmission",
    "LiveAssessments::Submission",
    "Submission",
    None,
]
# Shares that no float holds exactly, extra credit, nothing, and now and then what no assessment gives.
_shares = st.sampled_from([1 / 3, 2 / 7, 0.1, 0.7, 0.6, 1.0, 1.2, 0.0]) | st.floats(0, 1.5)
_absurd = st.sampled_from([-0.0, -0.4, 1e12, 1.7e308, 5e-324])
_second = st.sampled_from(
    ["2025-01-05T08:00:00Z", "2025-01-05T08:00:00.700Z", "2025-01-06T08:00:00Z", "2025-02-05T08:00:00Z"]
)


@st.composite
def _class_result(draw: st.DrawFn, *, odd: bool, artifacts: list[str | None]) -> dict[str, Any]:
    percent = draw(st.none() | _shares | (_absurd if odd else _shares))
    names = ["1", "2", "10", "11", "12", "99"]
    fields = {
        "outcome": draw(st.sampled_from(["1", "1", "2", "3"])),
        "student": draw(st.sampled_from(["studentAda", "studentAda", "studentBo"])),
        "course": draw(st.sampled_from(["200", "200", "200", "201"])),
        "score": draw(st.none() | st.sampled_from([0, 1, 3.5, 5, 7])),
        "percent": percent,
        "possible": draw(st.sampled_from([5, 5, 3, 7.5, 0, None])),
        "artifact_type": draw(st.sampled_from(artifacts)),
        "artifact_id": draw(st.sampled_from(["91", "92", "93", "93", None])),
        "assessed_at": draw(st.none() | _second),
        "workflow_state": draw(st.sampled_from(["active", "active", "active", "active", "deleted", None])),
        "updated": draw(_updated),
    }
    if odd:
        names += ["007", "7", "A1", "12345678901234567890123"]
    local_id = draw(st.sampled_from(names) if odd else st.integers(1, 40).map(str))
    if not odd:
        # A result stays with its student, outcome and course, as in Canvas: so no pair is left to the slow way.
        outcome, student = ("1", "2", "1", "3")[int(local_id) % 4], "studentBo" if local_id[-1] == "0" else "studentAda"
        fields.update(outcome=outcome, student=student, course="200")
    return make.result(local_id, draw(_time), **fields)


def _enrollment(draw: st.DrawFn, local_id: str, time: str) -> dict[str, Any]:
    told = {
        "student": draw(st.sampled_from(["studentAda", "studentBo"])),
        "course": draw(st.sampled_from(["200", "200", "201"])),
        "state": draw(st.sampled_from(["active", "deleted", "deleted", "completed", "of the future", None])),
        "type": draw(st.sampled_from(["StudentEnrollment", "StudentEnrollment", "TeacherEnrollment", None])),
    }
    return make.enrollment(local_id, time, updated=draw(_updated), **told)


@st.composite
def _class_policy(draw: st.DrawFn) -> dict[str, Any]:
    local_id, time = draw(_few), draw(_time)
    which = draw(
        st.sampled_from(["outcome", "outcome", "outcome", "link", "setting", "rubric", "scale", "method", "enrollment"])
    )
    method, size = draw(st.sampled_from(METHODS))
    if which == "outcome":
        policy = {"calculation_method": method, "calculation_int": size, "mastery": draw(st.sampled_from([2, 3.5, 0]))}
        return make.outcome(local_id, time, updated=draw(_updated), **policy)
    if which == "enrollment":
        return _enrollment(draw, local_id, time)
    if which == "link":
        state = draw(st.sampled_from(["active", "active", "deleted"]))
        return make.link(local_id, time, outcome=local_id, group="1", context="Course:200", workflow_state=state)
    if which == "setting":
        name = draw(st.sampled_from([ACCOUNT_SCALES, "outcomes_new_decaying_average_calculation"]))
        return make.setting(name, time, value=draw(st.booleans()))
    if which == "rubric":
        return make.rubric_assessed(draw(st.sampled_from(["91", "92", "93"])), time, submitted=draw(_second))
    if which == "scale":
        points = draw(st.sampled_from([(4, 3, 2, 0), (10.0, 7.5, 3), (3,)]))
        return make.proficiency("8", time, points=points, mastery=points[0], context="Course:200")
    known = {"method": method or "highest", "size": size}
    return make.calculation_method("1", time, context="Course:200", **known)


@st.composite
def class_histories(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Return many results of few students on few outcomes, under policies that change; some classes are odd."""
    odd = draw(st.booleans())
    # Classes that only have quizzes, or only rubrics, have many of one kind in each pair.
    artifacts = draw(st.sampled_from([_ARTIFACTS, _ARTIFACTS[2:4], [*_ARTIFACTS[:2], _ARTIFACTS[4]]]))
    results = draw(st.lists(_class_result(odd=odd, artifacts=artifacts), min_size=8, max_size=40))
    policies = draw(st.lists(_class_policy(), min_size=1, max_size=10))
    return draw(st.permutations([*policies, *results]))
