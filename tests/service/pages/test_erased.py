"""What is said of somebody whose data was erased, and what links to them say."""

from pathlib import Path

import outcomes
from outcomes.cli.commands.demo import COURSE, OUTCOME, SCHOOL_YEAR, STUDENT
from tests.service.pages.test_states import page
from tests.support.service import running


def test_an_erased_student_is_gone_and_it_is_said_when_and_why(tmp_path: Path) -> None:
    """410: when, why, how the classes stood then; a citation of them says that it cannot be shown any more."""
    folder = tmp_path / "home"
    with outcomes.init(folder, encrypt=True) as home:
        home.ingest(SCHOOL_YEAR)
        name = next(one.name for one in home.at().students() if one.student == STUDENT)
        figures = [row for row in home.at().class_(course=COURSE) if row.outcome_id == OUTCOME]
        home.erase(student=STUDENT, reason="asked to by letter")
    assert name
    with running(folder) as service:
        for path in (f"/student/{STUDENT}", f"/why/{COURSE}/{STUDENT}/{OUTCOME}"):
            found = page(service, f"{path}?fp=000000000000&cited=2026-06-03")
            assert found.status_code == 410
            assert "asked to by letter" in found.text
            assert "What was cited of them on 3 June 2026 cannot be shown any more." in found.text
            assert name not in found.text
            assert f'<td class="figure">{figures[0].assessed}</td>' in found.text
        assert page(service, f"/student/{STUDENT}", "tree").status_code == 403
        tree = page(service, "/tree/Account:1?at=2025-10-20&known=100&fp=000000000000&edition=00000000")
        assert "since then a person&#39;s data was erased from this log" in tree.text
