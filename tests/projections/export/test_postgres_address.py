"""Where in PostgreSQL a state goes is read from one address, whose password nobody sees."""

import subprocess
import sys
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from outcomes.domain.errors import UsageError
from outcomes.projections.export.postgres_address import SchemaAddress
from tests.support.command import Outcomes
from tests.support.given import group, lines


def test_the_last_name_is_the_schema_and_what_libpq_takes_stays() -> None:
    """Several hosts, options and names in percent are the driver's matter, not ours."""
    address = SchemaAddress.of("postgresql://bi@one:5432,two:5433/school%20db/out%2Fcomes?sslmode=require")
    assert address.conninfo == "postgresql://bi@one:5432,two:5433/school%20db?sslmode=require"
    assert address.schema == "out/comes"
    assert str(address) == "postgresql://bi@one:5432,two:5433/school%20db/out%2Fcomes"


def test_a_host_that_is_left_out_stays_so() -> None:
    """As libpq takes it: the server of this machine, whose socket may be named behind the `?`."""
    address = SchemaAddress.of("postgresql:///bi/canvas?host=/run/postgresql")
    assert (address.conninfo, address.schema) == ("postgresql:///bi?host=/run/postgresql", "canvas")
    assert conninfo_to_dict(address.conninfo) == {"dbname": "bi", "host": "/run/postgresql"}
    assert str(address) == "postgresql:///bi/canvas"


def test_the_password_is_never_shown() -> None:
    """Neither in the address, nor where a message quotes it, as it was given or decoded."""
    address = SchemaAddress.of("postgresql://bi:s%23cret@db/school/outcomes?sslpassword=other")
    assert str(address) == "postgresql://bi@db/school/outcomes"
    assert address.hide_secrets('invalid "bi:s%23cret" (s#cret, other)') == 'invalid "bi:***" (***, ***)'
    assert "s%23cret" in address.conninfo


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://bi:secret@db/school", "name a database and a schema in it"),
        ("postgresql://db/school/", "name a database and a schema in it"),
        ("postgresql://db/school/outcomes/results", "name a database and a schema in it"),
        (f"postgresql://db/school/{'x' * 60}", "a name of more than 52 bytes"),
    ],
)
def test_an_address_that_names_no_schema_is_refused(url: str, said: str) -> None:
    """PostgreSQL would cut a long name in silence."""
    with pytest.raises(UsageError, match=said) as refused:
        SchemaAddress.of(url)
    assert "secret" not in str(refused.value)


def test_what_cannot_be_done_is_said_in_one_line(tmp_path: Path) -> None:
    """No server, an address that libpq cannot read, a format that is none of a database: exit 2, and no password."""
    outcomes = Outcomes(tmp_path / "home")
    assert outcomes("ingest", "-", stdin=lines(group("1", "2025-01-01"))).code == 0
    for url, more, said in (
        (f"postgresql://bi:secret@/school/outcomes?host={tmp_path}", (), "is the server running"),
        ("postgresql://bi:secret@db/school/outcomes?sslmodus=x", (), "invalid URI query parameter"),
        ("postgresql://bi:secret@db/school/outcomes", ("--format", "parquet"), "no folder for Parquet files"),
    ):
        ran = outcomes("replay", "--to", url, *more)
        assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, b"", 1), ran
        assert said in ran.err
        assert "secret" not in ran.err


def test_without_the_driver_the_refusal_names_the_extra(tmp_path: Path) -> None:
    """As for every form that needs a package of its own."""
    outcomes = Outcomes(tmp_path / "home")
    assert outcomes("ingest", "-", stdin=lines(group("1", "2025-01-01"))).code == 0
    script = (
        "import sys; sys.modules['psycopg'] = None\nfrom outcomes.cli import main\n"
        f"sys.argv = ['outcomes', '--home', {str(tmp_path / 'home')!r}, 'replay', '--to', 'postgresql://db/a/b']\nmain()"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "pip install 'outcome-projector[postgres]'" in ran.stderr
