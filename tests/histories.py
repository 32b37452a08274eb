"""Random small histories for the laws: few entities and few instants, so that ties, moves and revivals are common."""

from typing import Any

from hypothesis import strategies as st

from tests import given as make

DAYS = [f"2025-0{month}-01T08:00:00.{milli:03d}Z" for month in (1, 2, 3) for milli in (0, 1)]
INSTANTS = [*DAYS, "2025-02-01T05:00:00-03:00", "2025-02-01 08:00:00 +0000", "2025-03-01T08:00:00.000500Z"]
POINTS = [*DAYS, "2025-01-15", "2025-02-15", "2024-01-01", "2027-01-01"]
STATES = ["active", "active", "active", "archived", "deleted"]
CONTEXTS = ["Account:1", "Course:200", "Global"]
ACCOUNT_SCALES = "account_level_mastery_scales"
IMPORT = {"job_tag": "OutcomeImport#run", "job_id": "77"}

_time = st.sampled_from(INSTANTS)
_updated = st.none() | st.sampled_from(DAYS)
_few = st.sampled_from(["1", "2", "3"])
_state = st.sampled_from(STATES)
_meta = st.sampled_from([{}, make.ASKER, IMPORT])
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
