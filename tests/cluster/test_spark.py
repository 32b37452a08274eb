"""A replay of files on Spark: the same state, row for row, whatever is killed meanwhile. Needs pyspark and Java."""

import contextlib
import gzip
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import orjson
import pytest

from tests.cluster.archive import Archive, assert_same, wait_until
from tests.support.command import ROOT, Outcomes, Ran

HAS_SPARK = importlib.util.find_spec("pyspark") is not None
needs_spark = pytest.mark.skipif(not HAS_SPARK, reason="needs pyspark: pip install --require-hashes -r .ci/spark.lock")
needs_java = pytest.mark.skipif(shutil.which("java") is None, reason="needs Java 17: apt-get install openjdk-17-jre")
SPARK_SECONDS = 240
ENVIRONMENT = {"PYTHONPATH": f"{ROOT / '.src'}", "SPARK_LOCAL_IP": "127.0.0.1"}
"""Where Spark's own Python workers find the package, and an address that no firewall closes."""


@pytest.fixture
def command(tmp_path: Path) -> Outcomes:
    """Run a command beside a folder that is no home."""
    return Outcomes(tmp_path / "no-home")


def on_spark(*words: str, master: str = "local[2]", **env: str) -> subprocess.Popen[bytes]:
    """Start a replay on Spark."""
    arguments = f"--master {master} --driver-memory 700m --executor-memory 600m pyspark-shell"
    return subprocess.Popen(
        [sys.executable, "-m", "outcomes", "replay", "--engine", "spark", *words, "--format", "json"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **ENVIRONMENT, "PYSPARK_SUBMIT_ARGS": arguments, **env},
        start_new_session=True,
    )


def ended(process: subprocess.Popen[bytes]) -> Ran:
    """Wait for it a bounded time; then nothing that it started is left."""
    try:
        out, err = process.communicate(timeout=SPARK_SECONDS)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    return Ran(process.returncode, out, err.decode())


@needs_spark
@needs_java
@pytest.mark.long
def test_spark_tells_what_was_known_of_a_past_time(archive: Archive, tmp_path: Path) -> None:
    """From the log as Parquet, with positions: digest and every table, row for row."""
    target = tmp_path / "state"
    point = ("--known-at", "1500", "--as-of", "2026-02-01")
    ran = ended(on_spark("--from", str(archive.log), "--to", str(target), *point))
    assert (ran.code, ran.err) == (0, "")
    assert_same(archive, target, ran.json(), from_log=True, known_at=1500, as_of="2026-02-01")
    assert {path.suffix for path in target.rglob("*") if path.is_file()} == {".parquet"}
    assert {path.stat().st_mode & 0o077 for path in target.rglob("*")} == {0}


@needs_spark
@needs_java
@pytest.mark.long
def test_spark_refuses_what_is_damaged(archive: Archive, tmp_path: Path) -> None:
    """One line, as by any engine, though it was found by another process; nothing is written."""
    damaged = tmp_path / "c.gz"
    damaged.write_bytes(gzip.compress((archive.folder / "2026" / "0.ndjson").read_bytes())[:5_000])
    ran = ended(on_spark("--from", str(damaged), "--to", str(tmp_path / "state"), master="local[1]"))
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, b"", 1)
    assert ran.err.startswith("error: ")
    assert "c.gz" in ran.err
    assert [path.name for path in tmp_path.iterdir()] == ["c.gz"]


@needs_spark
@pytest.mark.long
def test_without_java_spark_says_so(archive: Archive, command: Outcomes, tmp_path: Path) -> None:
    """One line that says what is missing."""
    words = ("replay", "--engine", "spark", "--from", str(archive.log), "--to", str(tmp_path / "state"))
    for env in ({"JAVA_HOME": str(tmp_path / "no-java")}, {"JAVA_HOME": "", "PATH": str(tmp_path)}):
        ran = command(*words, **env)
        assert (ran.code, ran.out, ran.err.count("\n")) == (2, b"", 1)
        assert "Java 17" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_without_pyspark_its_extra_is_named(archive: Archive, tmp_path: Path) -> None:
    """One line that says how to get it; and its processes are none of ours to count."""
    code = "import sys; sys.modules['pyspark'] = None; from outcomes.cli import main; main()"
    words = ("replay", "--engine", "spark", "--from", str(archive.log), "--to", str(tmp_path / "state"))
    ran = subprocess.run([sys.executable, "-c", code, *words], cwd=ROOT, capture_output=True, check=False, timeout=60)
    assert (ran.returncode, ran.stdout, ran.stderr.count(b"\n")) == (2, b"", 1)
    assert b"outcome-projector[spark]" in ran.stderr
    assert list(tmp_path.iterdir()) == []


class Cluster(NamedTuple):
    """A standalone master, and its two workers of one core each."""

    address: str
    workers: list[subprocess.Popen[bytes]]


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Start a cluster on loopback; everything that it started is ended, executors too."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("spark")
    with contextlib.ExitStack() as stack:

        def start(kind: str, *words: str) -> subprocess.Popen[bytes]:
            log = stack.enter_context((folder / f"{len(started)}.log").open("wb"))
            process = subprocess.Popen(
                [Path(spark_home()) / "bin" / "spark-class", f"org.apache.spark.deploy.{kind}", *words],
                stdout=log,
                stderr=log,
                env={**os.environ, **ENVIRONMENT, "SPARK_HOME": spark_home(), "SPARK_DAEMON_MEMORY": "300m"},
                start_new_session=True,
            )
            started.append(process)
            return process

        started: list[subprocess.Popen[bytes]] = []
        try:
            start("master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", "0")
            address = f"spark://127.0.0.1:{port}"
            words = ("--host", "127.0.0.1", "--cores", "1", "--memory", "1g", "--webui-port", "0", "--work-dir")
            workers = [start("worker.Worker", *words, str(folder / f"work{one}"), address) for one in range(2)]
            wait_until(lambda: (folder / "0.log").read_text().count("Registering worker") == len(workers))
            yield Cluster(address, workers)
        finally:
            for process in started:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait(timeout=30)


def spark_home() -> str:
    """Return the folder of the installed Spark."""
    spec = importlib.util.find_spec("pyspark")
    assert spec is not None
    assert spec.origin is not None
    return str(Path(spec.origin).parent)


def has_executor(worker: subprocess.Popen[bytes]) -> bool:
    """Say whether a worker has an executor that has begun with Python."""
    return b"pyspark" in _commands_of_group(worker.pid)


def _commands_of_group(group: int) -> bytes:
    """Return what all processes of a group are."""
    found = b""
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError):
            if int(path.joinpath("stat").read_text().rpartition(")")[2].split()[2]) == group:
                found += path.joinpath("cmdline").read_bytes()
    return found


@needs_spark
@needs_java
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs Linux's /proc to find processes")
@pytest.mark.long
def test_a_killed_worker_and_its_executor_change_nothing(archive: Archive, cluster: Cluster, tmp_path: Path) -> None:
    """In the middle of it, by SIGKILL: the other does their work, and the state is the same."""
    target = tmp_path / "state"
    process = on_spark("--from", str(archive.folder), "--to", str(target), master=cluster.address)
    victim = cluster.workers[0]
    wait_until(lambda: has_executor(victim) or process.poll() is not None)
    assert process.poll() is None
    os.killpg(victim.pid, signal.SIGKILL)  # the worker, its executor, and Python's processes
    ran = ended(process)
    assert (ran.code, ran.err) == (0, "")
    assert_same(archive, target, orjson.loads(ran.out), from_log=False)
