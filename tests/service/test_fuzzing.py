"""Schemathesis asks the service whatever its description allows, and what it forbids: no answer is one of a defect."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import outcomes
from outcomes.cli.commands.demo import SCHOOL_YEAR
from tests.support.command import ROOT
from tests.support.service import running

_CONFIGURATION = ROOT / "tests" / "support" / "schemathesis.toml"
_WITHIN = 240


@pytest.mark.long
def test_no_question_that_may_be_asked_breaks_it(tmp_path: Path) -> None:
    """By examples, at the edges of parameters and at random: each answer is one that is described."""
    with outcomes.open(tmp_path / "home", create=True) as home:
        home.ingest(SCHOOL_YEAR)
    with running(tmp_path / "home") as service:
        command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(_CONFIGURATION)]
        asked = subprocess.run(
            [*command, "run", f"{service.url}/api/v1/openapi.json", "--max-examples", "5", "--seed", "1"],
            cwd=tmp_path,  # it leaves what it has learnt where it is run
            env={**os.environ, "PYTHONPATH": str(ROOT), "SERVICE": service.url, "TOKEN": service.token},
            capture_output=True,
            text=True,
            timeout=_WITHIN,
            check=False,
        )
        assert asked.returncode == 0, asked.stdout[-20_000:]
        assert service.get("/digest").status_code == 200
