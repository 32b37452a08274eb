"""The page's words: who acted, and none that only an engineer knows."""

import re
import time

import pytest

from outcomes.cli.commands.demo import COURSE, OUTCOME, POLICY_CHANGED, STUDENT
from outcomes.service.pages.story import FieldChange, field_changes
from outcomes.service.pages.words import fields_listed, plain_text, points_of, possessive, who
from outcomes.service.personal_data import without_people
from tests.support.pages import page
from tests.support.service import Service

VIA = "seen in an export of 2026-06-01T00:00:00.000Z (learning_outcome_groups)"


def test_an_export_is_named_where_nobody_acted() -> None:
    """An observation is nobody's deed: the export's day stands in place of a name, also for who may see no people."""
    actor = {"user_id": None, "login": None, "role": None, "job": None, "via": VIA}
    assert who(actor) == "seen in an export of 2026-06-01"
    assert without_people({"actor": actor}) == {"actor": actor}
    told = {"user_id": "7", "login": "ada", "role": "TeacherEnrollment", "job": None, "via": "PUT /x"}
    assert without_people({"actor": told})["actor"]["via"] is None


# What is cited, typed or came in stands in these, and is no running text.
_NOT_TEXT = re.compile(r"<(head|script|pre|code|svg)\b.*?</\1>|<[^>]+>", re.DOTALL)
_ENGINEERS = re.compile(
    r"\b(bitemporal|as[- ]of|known[- ]at|position|projections?|tenants?|payloads?|upcast\w*|rollups?|streams?|cursor"
    r"|uuid|views\.db|contexts?|quarantined|replay)\b",
    re.IGNORECASE,
)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/tree/Account:1?at=2025-10-20T17:55:40.821Z",
        "/tree/Account:999",
        "/changes/Account:1",
        f"/outcome/{POLICY_CHANGED}",
        "/compare/Account:1?at=2025-12-01&vs_at=2025-10-01",
        f"/course/{COURSE}?cols={OUTCOME}&vs_at=2025-11-01",
        f"/student/{STUDENT}",
        f"/why/{COURSE}/{STUDENT}/{OUTCOME}",
        "/scale/Account:1",
        "/access",
        "/keys",
        "/places",
        "/nowhere",
        "/tree/Nowhere",
    ],
)
def test_no_screen_speaks_as_engineers_do(school: Service, path: str) -> None:
    """None of the words that an officer or a teacher does not know stands in running text."""
    told = _NOT_TEXT.sub(" ", page(school, path, "tree,students,people,operate,admin").text)
    assert [found[0] for found in _ENGINEERS.finditer(told)] == []


def test_small_words_are_put_together() -> None:
    """Points of those that were possible; whose something is."""
    assert points_of(3.0, 4.0) == "3 of 4"
    assert points_of(2.5, None) == "2.5"
    assert points_of(None, 4.0) == "no score"
    assert [possessive(name) for name in ("Alderfen Community Schools", "Anouk")] == [
        "Alderfen Community Schools'",
        "Anouk's",
    ]


def test_fields_are_said_as_one_says_them() -> None:
    """Whatever changed of the levels of a scale is its levels; what tells a reader nothing is left out."""
    names = ("rubric_criterion.mastery_points", "rubric_criterion.ratings[0].points", "updated_at")
    assert fields_listed((*names, "rubric_criterion.ratings[1].description")) == "mastery points and levels"
    assert fields_listed(("title", "description", "calculation_int")) == "title, description and number of the method"
    assert fields_listed(("updated_at",)) == ""


def test_a_method_and_its_number_are_one_thing() -> None:
    """As over a score; a number that changed alone stands alone."""
    both = {"calculation_int": [75, None], "calculation_method": ["decaying_average", "highest"]}
    assert list(field_changes(both)) == [FieldChange("calculation method", "decaying average 75", "highest score")]
    assert list(field_changes({"calculation_int": [65, 75]})) == [FieldChange("number of the method", "65", "75")]


def test_a_long_description_holds_nobody_up() -> None:
    """Whatever was typed: 100 KB of it are text in a moment, cut where nobody reads on."""
    begun = time.perf_counter()
    for piece in ("<", "<br ", "<a", "&", "&#9", "</p>"):
        assert len(plain_text(piece * (100_000 // len(piece)))) <= 20_001
    assert time.perf_counter() - begun < 1


def test_a_number_of_no_character_is_none() -> None:
    """Python reads no number of thousands of digits."""
    assert plain_text(f"a&#{'9' * 5_000};b &#233;") == "a\N{REPLACEMENT CHARACTER}b é"


def test_long_texts_are_compared_as_a_whole() -> None:
    """Word by word it would take the square of their length; short ones are read in one."""
    old, new = "the of a and " * 5_000, "a of the and " * 5_000
    begun = time.perf_counter()
    assert FieldChange("description", old, new).pieces() == [("del", old), ("same", "\n"), ("ins", new)]
    assert time.perf_counter() - begun < 1
    assert ("same", "one two three ") in FieldChange("description", "one two three four", "one two three five").pieces()
