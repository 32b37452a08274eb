"""What the feed is told in, for those who run no machine: kinds of messages, why one could not be read, findings."""

import re
from typing import NamedTuple

_EVENTS = {
    "learning_outcome_created": "an outcome was made",
    "learning_outcome_updated": "an outcome was changed",
    "learning_outcome_group_created": "a group was made",
    "learning_outcome_group_updated": "a group was changed",
    "learning_outcome_link_created": "an outcome was put into a group",
    "learning_outcome_link_updated": "an outcome's place was changed",
    "learning_outcome_result_created": "a student got a result",
    "learning_outcome_result_updated": "a result was marked again",
    "outcome_proficiency_created": "a mastery scale was made",
    "outcome_proficiency_updated": "a mastery scale was changed",
    "outcome_calculation_method_created": "a calculation method was set",
    "outcome_calculation_method_updated": "a calculation method was changed",
    "outcome_friendly_description_created": "words for students were written",
    "outcome_friendly_description_updated": "words for students were changed",
    "rubric_assessed": "work was marked with a rubric",
    "account_created": "an account was made",
    "account_updated": "an account was changed",
    "course_created": "a course was made",
    "course_updated": "a course was changed",
    "enrollment_created": "somebody was enrolled",
    "enrollment_updated": "an enrolment was changed",
    "assignment_created": "an assignment was made",
    "assignment_updated": "an assignment was changed",
    "user_created": "a person was added",
    "user_updated": "a person's name was changed",
    "outcomes_setting_changed": "a setting was written down here",
    "outcomes_student_erased": "a person's data was erased here",
}


class Reason(NamedTuple):
    """Why something could not be read, for a reader, and what helps."""

    words: str
    help: str


_CUT = Reason(
    "it came broken or cut off", "nobody can mend it here; look in the file or ask who sent it, then dismiss it"
)
_NAMELESS = Reason("it does not say what happened", "most likely it is no message of Canvas: dismiss it")
_HOMELESS = Reason("it does not say of which school it is", "most likely it is no message of Canvas: dismiss it")
_TIMELESS = Reason("its time cannot be read", "compare with Canvas: if something is missing there, save it once again")
_AHEAD = Reason(
    "it is dated in the future", "if this machine's clock is behind let it be set right; then read it again"
)
_MISSING = Reason(
    "something that it must say is missing", "save the same thing once in Canvas, so that it is sent anew"
)
_ODD = Reason("a field holds what it cannot hold", "save the same thing once in Canvas; an update of outcomes may help")
_FOREIGN = Reason(
    "it is from a Canvas that does not count here", "say which do: outcomes settings set hosts; then read it again"
)
_SIGNED = Reason(
    "who signed it is not known", "name Canvas's keys with --jwks when the service is started; then read it again"
)
_OTHER = Reason("it could not be understood", "an update of outcomes may help: read it again after one")
_REASONS = (
    (re.compile(r"not JSON|cut off|UTF-8|not an event: expected"), _CUT),
    (re.compile(r"no event_name|not an event"), _NAMELESS),
    (re.compile(r"no tenant"), _HOMELESS),
    (re.compile(r"in the future"), _AHEAD),
    (re.compile(r"event_time"), _TIMELESS),
    (re.compile(r"\bhost\b"), _FOREIGN),
    (re.compile(r"sign|JWT|key set|issuer"), _SIGNED),
    (re.compile(r"is absent|no object under"), _MISSING),
    (re.compile(r"cannot be"), _ODD),
)
_FINDINGS = {
    "updates_of_things_never_created": "changed, but when it was made was never told",
    "links_to_unknown_groups": "outcome in a group of which nothing was told",
    "links_to_unknown_outcomes": "place of an outcome of which nothing was told",
    "results_of_unknown_outcomes": "result for an outcome of which nothing was told",
    "results_of_nobody": "result that names no student",
    "results_of_deleted_outcomes": "result for an outcome that was removed",
    "silent_periods": "stretch of silence, where other weeks had news",
    "order_conflicts": "change of which it is in doubt what came first",
    "implied_deletions": "place of an outcome that went without a word, with its outcome",
    "several_hosts": "Canvas beside the main one that sends news of this school",
    "batches_of_the_future": "time of recording that this machine's clock has not reached",
}


def event_words(name: str) -> str:
    """Return what a kind of message tells."""
    if name.startswith("outcomes_") and name.endswith("_observed"):
        return f"an export showed: {name.removeprefix('outcomes_').removesuffix('_observed').replace('_', ' ')}"
    return _EVENTS.get(name, re.sub(r"[_.]", " ", name))


def reason_words(reason: str) -> Reason:
    """Return why something could not be read, in plain words; what the reader of it said stays beside."""
    return next((words for pattern, words in _REASONS if pattern.search(reason)), _OTHER)


def finding_words(name: str) -> str:
    """Return what was found, as one such thing."""
    return _FINDINGS.get(name, name.replace("_", " "))
