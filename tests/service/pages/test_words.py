"""Who acted, in words of the page."""

from outcomes.service.pages.words import who
from outcomes.service.personal_data import without_people

VIA = "seen in an export of 2026-06-01T00:00:00.000Z (learning_outcome_groups)"


def test_an_export_is_named_where_nobody_acted() -> None:
    """An observation is nobody's deed: the export's day stands in place of a name, also for who may see no people."""
    actor = {"user_id": None, "login": None, "role": None, "job": None, "via": VIA}
    assert who(actor) == "seen in an export of 2026-06-01"
    assert without_people({"actor": actor}) == {"actor": actor}
    told = {"user_id": "7", "login": "ada", "role": "TeacherEnrollment", "job": None, "via": "PUT /x"}
    assert without_people({"actor": told})["actor"]["via"] is None
