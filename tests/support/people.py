"""A class with two people whose every trace can be told apart: for what must be forgotten, and what must not."""

from typing import Any

from tests.support.given import event, group, link, outcome, result, rubric_assessed

SHARD = "4123"
ADA = "uuidOfAdaQuillfeather000000000000000001"
BO = "uuidOfBoBramblethwaite0000000000000002"
ADA_ID, BO_ID = f"{SHARD}0000000770001", f"{SHARD}0000000880002"
ROOT = {"root_account_id": f"{SHARD}0000000000001"}

ADAS_TRACES = (
    ADA,
    ADA_ID,
    "Quillfeather",
    "quill.ada@plover.example",
    "SIS-ADA-7707",
    "198.51.100.77",
    "AdaBrowser/7.7",
    "sessionOfAda77",
    "770001",
    "3.7707",
)
"""What is Ada's alone in these events, and in no other word of them."""


def user(local_id: str, uuid: str, name: str, login: str, sis: str, time: str, **metadata: Any) -> dict[str, Any]:
    """A user of the shard."""
    body = {"user_id": local_id, "uuid": uuid, "name": name, "short_name": name, "user_login": login}
    return event("user_created", time, {**body, "user_sis_id": sis}, **ROOT, **metadata)


def enrollment(
    number: str, uuid: str, user_id: str, name: str, time: str, observed: str | None = None, **metadata: Any
) -> dict[str, Any]:
    """An enrollment in Course:200; an observer's names whom they observe."""
    body = {"enrollment_id": number, "course_id": f"{SHARD}0000000000200", "user_id": user_id, "user_uuid": uuid}
    seen = {} if observed is None else {"associated_user_id": observed}
    return event("enrollment_created", time, {**body, "user_name": name, **seen}, **ROOT, **metadata)


BY_ADA = {
    **ROOT,
    "user_id": ADA_ID,
    "user_login": "quill.ada@plover.example",
    "user_sis_id": "SIS-ADA-7707",
    "client_ip": "198.51.100.77",
    "user_agent": "AdaBrowser/7.7",
    "session_id": "sessionOfAda77",
    "request_id": "requestOfAda",
    "context_type": "Course",
    "context_id": f"{SHARD}0000000000200",
    "context_account_id": f"{SHARD}0000000000001",
    "http_method": "PUT",
    "url": "https://plover.example/courses/200/users/770001",
}
BY_BO = {
    **ROOT,
    "user_id": BO_ID,
    "user_login": "bo@plover.example",
    "client_ip": "198.51.100.88",
    "session_id": "sessionOfBo88",
    "referrer": "https://plover.example/courses/200/gradebook/speed_grader?student_id=770001",
}


def class_of_six() -> list[Any]:
    """Six students with results on one outcome; Ada also acts, is observed, is named in an address, and is misread."""
    others = [f"student{number}" for number in range(4)]
    return [
        group("1", "2025-01-01", context="Course:200"),
        outcome("7", "2025-01-02", meta=BY_BO),
        link("70", "2025-01-03", outcome="7", group="1", context="Course:200"),
        user(ADA_ID, ADA, "Ada Quillfeather", "quill.ada@plover.example", "SIS-ADA-7707", "2025-01-04"),
        user(BO_ID, BO, "Bo Bramblethwaite", "bo@plover.example", "SIS-BO", "2025-01-04"),
        enrollment("31", ADA, ADA_ID, "Ada Quillfeather", "2025-01-05"),
        enrollment("32", BO, BO_ID, "Bo Bramblethwaite", "2025-01-05", observed=ADA_ID),
        result("51", "2025-02-01", student=ADA, score=3.7707),
        result("52", "2025-02-01", student=BO, score=2),
        *(result(f"6{index}", "2025-02-01", student=student, score=4) for index, student in enumerate(others)),
        outcome("7", "2025-02-02", updated="2025-02-02", title="Renamed by Ada", meta=BY_ADA),
        rubric_assessed("951", "2025-02-03", submitted="2025-02-01", meta=BY_BO),
        rubric_assessed("952", "2025-02-03", submitted="2025-02-01", meta=BY_ADA),
        event("submission_updated", "2025-02-04", {"submission_id": "9", "user_id": ADA_ID, "score": 3.7707}, **BY_BO),
        '{"metadata": {"event_name": "learning_outcome_result_created"}, "body": {"user_name": "ada QUILLFEATHER"}}',
        '{"broken": "bo@plover.example"',
    ]
