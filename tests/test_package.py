"""What is installed: one importable name, from a wheel that is made offline, and nothing that gets in a user's way."""

import os
import subprocess
import sys
import tarfile
import zipfile
from importlib.metadata import metadata, requires
from pathlib import Path
from typing import NamedTuple

import pytest

from outcomes.cli.commands.demo import TEN_EVENTS
from tests.support.command import ROOT


class Distributions(NamedTuple):
    """What a release consists of."""

    wheel: Path
    sdist: Path


def run(*command: str | Path, cwd: Path = ROOT, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a program to its end."""
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False, timeout=300, env={**os.environ, **env}
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    """The source distribution, and the wheel that is made of the working tree."""
    folder = tmp_path_factory.mktemp("dist")
    ran = run(sys.executable, "-m", "hatchling", "build", "-d", folder)
    assert ran.returncode == 0, ran.stderr
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return Distributions(wheel, sdist)


@pytest.fixture(scope="module")
def installed(built: Distributions, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's contents, as pip puts them into site-packages."""
    site = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(built.wheel) as wheel:
        wheel.extractall(site)  # noqa: S202 - our own
    return site


def names(wheel: Path) -> set[str]:
    """Return the paths of a wheel's files."""
    with zipfile.ZipFile(wheel) as opened:
        return set(opened.namelist())


def test_the_wheel_holds_one_name(built: Distributions) -> None:
    """`outcomes` with its types and samples; no generator, benchmark, test or shell script."""
    found = names(built.wheel)
    packages = {name.split("/")[0] for name in found if ".dist-info/" not in name}
    assert packages == {"outcomes"}
    rooms = {name.split("/")[1] for name in found if name.count("/") > 1 and name.startswith("outcomes/")}
    assert rooms >= {"domain", "store", "projections", "api", "cli"}
    assert not rooms & {"bench", "generator", "tests", "scripts"}
    assert found >= {
        "outcomes/py.typed",
        "outcomes/cli/sample/ten-events.ndjson",
        "outcomes/store/encoding/events.zdict",
    }
    modules = {
        path.relative_to(ROOT / ".src").as_posix()
        for room in ("api", "cli", "cluster", "domain", "projections", "service", "store")
        for path in (ROOT / ".src" / "outcomes" / room).rglob("*.py")
    }
    assert modules <= found
    service = ROOT / ".src" / "outcomes" / "service"
    page = {
        path.relative_to(ROOT / ".src").as_posix()
        for folder in ("assets", "templates")
        for path in (service / folder).iterdir()
    }
    assert len(page) > 10
    assert page <= found


def test_the_source_distribution_makes_the_same_wheel(built: Distributions, tmp_path: Path) -> None:
    """Whoever builds from source gets the same files."""
    with tarfile.open(built.sdist) as sdist:
        sdist.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    assert not {path.name for path in source.iterdir()} & {"scripts", "tests", "requirements.lock"}
    ran = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path, cwd=source)
    assert ran.returncode == 0, ran.stderr
    (wheel,) = tmp_path.glob("*.whl")
    assert names(wheel) == names(built.wheel)


@pytest.mark.parametrize(
    "check", [("twine", "check", "--strict"), ("check_wheel_contents",)], ids=lambda words: words[0]
)
def test_a_release_is_clean(built: Distributions, check: tuple[str, ...]) -> None:
    """As an index and its users' tools judge it."""
    files = built if check[0] == "twine" else [built.wheel]
    ran = run(sys.executable, "-m", *check, *files)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("how", ["installed", "editable"])
def test_folders_of_the_user_break_nothing(installed: Path, tmp_path: Path, how: str) -> None:
    """Their own `scripts` or `domain`, in the folder where they are and on the path, are theirs."""
    for name in ("scripts", "domain", "store", "projections", "api", "cli", "tests"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('not ours')")
    path = os.pathsep.join(map(str, [tmp_path, installed] if how == "installed" else [tmp_path]))
    asked = run(sys.executable, "-c", "import outcomes; print(outcomes.__file__)", cwd=tmp_path, PYTHONPATH=path)
    assert asked.stdout.startswith(str(installed)) is (how == "installed")
    for program in ([sys.executable, "-m", "outcomes"], [Path(sys.executable).with_name("outcomes")]):
        ran = run(*program, "ingest", TEN_EVENTS, "--format", "json", cwd=tmp_path, PYTHONPATH=path)
        assert (ran.returncode, ran.stderr) == (0, "")


def test_columns_are_an_extra() -> None:
    """Arrow is half the weight of an installation: whoever exports no columns goes without."""
    needed = [requirement for requirement in requires("outcome-projector") or () if "extra ==" not in requirement]
    assert not [requirement for requirement in needed if "pyarrow" in requirement]
    assert {"parquet", "pandas", "polars"} <= set(metadata("outcome-projector").get_all("Provides-Extra") or ())


def without(module: str, *arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command where a module cannot be imported."""
    code = f"import sys; sys.modules[{module!r}] = None; from outcomes.cli import main; main()"
    return run(sys.executable, "-c", code, *arguments, cwd=cwd)


def test_what_needs_columns_names_the_extra(tmp_path: Path) -> None:
    """One line, exit 2; what needs no columns is done without them."""
    parquet = tmp_path / "events.parquet"
    parquet.write_bytes(b"PAR1" + bytes(64) + b"PAR1")
    assert without("pyarrow", "ingest", TEN_EVENTS, cwd=tmp_path).returncode == 0
    assert without("pyarrow", "verify", "--all", cwd=tmp_path).returncode == 0
    for arguments in (("replay", "--format", "parquet", "--to", "state"), ("ingest", parquet)):
        ran = without("pyarrow", *arguments, cwd=tmp_path)
        assert ran.returncode == 2
        assert ran.stderr.count("\n") == 1
        assert "outcome-projector[parquet]" in ran.stderr
    assert not (tmp_path / "state").exists()


def test_what_needs_a_queue_names_the_extra(tmp_path: Path) -> None:
    """Boto3 is half again the weight of an installation: without it one line, exit 2."""
    ran = without("boto3", "consume", "sqs", "--queue", "https://sqs.us-east-1.amazonaws.com/1/q", cwd=tmp_path)
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (2, "", 1)
    assert "outcome-projector[sqs]" in ran.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_system_without_file_locks_is_told_so(tmp_path: Path) -> None:
    """Windows has no fcntl: one line that says what runs there, and the classifiers say POSIX."""
    ran = without("fcntl", "ingest", TEN_EVENTS, cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("error: this system has no POSIX file locks")
    assert "WSL" in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert without("fcntl", "--help", cwd=tmp_path).returncode == 0
    systems = [name for name in metadata("outcome-projector").get_all("Classifier") or () if "Operating System" in name]
    assert systems == ["Operating System :: MacOS", "Operating System :: POSIX"]
