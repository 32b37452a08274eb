"""Whom an event is about, and whom else it names: by the examples of DOMAIN.md 1.10, 2, 3 and 8."""

from typing import Any

import pytest

from outcomes.domain.personal_data import PersonId, is_impersonal, persons_of
from tests.support.given import event, outcome, result
from tests.support.people import ADA, ADA_ID, BO, BO_ID, BY_ADA, BY_BO, ROOT, enrollment, user

UUID, ID = PersonId("uuid", ADA), PersonId("id", ADA_ID)
BO_BY_ID = PersonId("id", BO_ID)


@pytest.mark.parametrize(
    ("value", "subject", "others"),
    [
        (result("1", "2025-01-01", student=ADA), (UUID,), ()),
        (result("1", "2025-01-01", student=""), (), ()),
        (user(ADA_ID, ADA, "Ada", "a@x", "S", "2025-01-01"), (UUID, ID), ()),
        (enrollment("1", BO, BO_ID, "Bo", "2025-01-01", observed=ADA_ID), (PersonId("uuid", BO), BO_BY_ID), (ID,)),
        (event("submission_updated", "2025-01-01", {"user_id": ADA_ID}, **BY_BO), (ID,), (BO_BY_ID,)),
        (event("something_new", "2025-01-01", {"student_uuid": ADA}), (UUID,), ()),
        (event("something_new", "2025-01-01", {"user_id": 770001}, **ROOT), (ID,), ()),
        (outcome("7", "2025-01-01", user_id=ADA_ID), (), ()),
        (outcome("7", "2025-01-01", meta=BY_ADA), (), (ID,)),
        (outcome("7", "2025-01-01", meta={"user_login": "a@x"}), (), (PersonId("login", "a@x"),)),
        (outcome("7", "2025-01-01", meta={"user_id": BO_ID, "real_user_id": ADA_ID}), (), (BO_BY_ID, ID)),
        (outcome("7", "2025-01-01", meta={"context_type": "User", "context_id": ADA_ID}), (), (ID,)),
        (outcome("7", "2025-01-01", meta={"url": "https://x/users/4123~770001"}), (), (ID,)),
        (outcome("7", "2025-01-01", meta={**ROOT, "referrer": "https://x/y?student_id=770001#z"}), (), (ID,)),
        (outcome("7", "2025-01-01", meta={"client_ip": "192.0.2.1"}), (), ()),
        ({"attributes": {"event_name": "user_updated"}, "body": {"uuid": ADA}}, (UUID,), ()),
        ({"metadata": None, "body": [1]}, (), ()),
        (event("outcomes_student_erased", "2025-01-01", {}, producer="outcomes", user_login="me"), (), ()),
    ],
)
def test_the_people_in_an_event(value: dict[str, Any], subject: tuple[PersonId, ...], others: tuple[Any, ...]) -> None:
    """Subject by uuid and global id; actor, the person behind a masquerade, the observed, whoever an address names."""
    found = persons_of(value)
    assert found.subject == subject
    assert set(found.others) == set(others)


def test_what_is_not_known_to_be_harmless_is_personal() -> None:
    """A field that Canvas adds later is not left readable; a context is, unless it is a person."""
    course, person = {"context_type": "Course"}, {"context_type": "User"}
    assert [is_impersonal(course, name) for name in ("event_time", "context_id", "job_tag")] == [True, True, True]
    personal = ("user_id", "user_sis_id", "url", "request_id", "a_new_field", "time_zone", "developer_key_id")
    assert not any(is_impersonal(course, name) for name in personal)
    assert not is_impersonal(person, "context_id")


def test_ids_of_any_length_are_ids() -> None:
    """More digits than Python makes a number of: told apart by their text; no address names anybody so."""
    endless = "9" * 5_000
    value = event("submission_created", "2025-01-01", {"user_id": endless}, root_account_id=endless, user_id="7")
    value["metadata"]["url"] = f"https://x/users/{endless}?user_id={endless}~{endless}"
    assert persons_of(value) == ((PersonId("id", endless),), (PersonId("id", "7"),), False)
    value["metadata"]["root_account_id"] = "41230000000000001"
    assert persons_of(value) == ((PersonId("id", endless),), (PersonId("id", "41230000000000007"),), False)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("/courses/1/assignments/2/submissions/27064", ("id", "41230000000027064")),
        ("/courses/1/assignments/2/submissions/27064?preview=1", ("id", "41230000000027064")),
        ("/about/27064", ("id", "41230000000027064")),
        ("/courses/1/grades/27064", ("id", "41230000000027064")),
        ("/users/4123~27064", ("id", "41230000000027064")),
        ("/gradebook/speed_grader#%7B%22student_id%22%3A%2227064%22%7D", ("id", "41230000000027064")),
        ('/gradebook/speed_grader#{"student_id":"27064"}', ("id", "41230000000027064")),
        ("/?become_user_id=27064", ("id", "41230000000027064")),
        ("/api/v1/users/sis_user_id:S-3/profile", ("sis", "S-3")),
        ("/api/v1/users/sis_login_id%3Aada%40plover.example", ("login", "ada@plover.example")),
    ],
)
def test_addresses_name_people_in_many_ways(address: str, expected: tuple[str, str]) -> None:
    """By local id or with the shard, in a path, a query or a fragment, by a login or a SIS id."""
    metadata = {"event_name": "x", "root_account_id": "41230000000000001", "url": f"https://plover.example{address}"}
    assert [tuple(who) for who in persons_of({"metadata": metadata, "body": {}}).others] == [expected]


@pytest.mark.parametrize(
    "body",
    [
        {"grader_id": "27064"},
        {"author_id": 27064},
        {"assessor_id": "41230000000027064"},
        {"impersonated_user_id": "27064"},
        {"rubric_assessment": {"ratings": [{"points": 1}], "assessor_id": "27064"}},
        {"attempts": [{"user_id": "27064"}]},
    ],
)
def test_a_body_names_others_than_its_subject(body: dict[str, object]) -> None:
    """Who graded, wrote, assessed or submitted, also inside a field: a person like any other."""
    metadata = {"event_name": "submission_updated", "root_account_id": "41230000000000001"}
    found = persons_of({"metadata": metadata, "body": {"submission_id": "1", "user_id": "5", **body}})
    assert [tuple(who) for who in found.others] == [("id", "41230000000027064")]
