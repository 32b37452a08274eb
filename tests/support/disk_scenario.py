"""What is run under `faulty_disk.c`: `python -m tests.support.disk_scenario fail|record …`."""

import ctypes
import json
import os
import shutil
import sys
from contextlib import redirect_stderr, redirect_stdout
from hashlib import sha256
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import Any

from outcomes.api import home as homes
from outcomes.cli.app import run
from tests.support.faulty_disk import shim


def count_and_fail(disk: Path, told: Path, errors: str, wanted: int, *arguments: str) -> None:
    """Run a command on copies of `disk/ready`, the n-th call of the disk failing in each.

    So many n as are wanted are tried, spread over all; 0 is every one. A copy left just as another is not kept.
    """
    calls = _forked(disk, 0, 0, for_good=False, arguments=arguments)["calls"]
    found, known = [{"calls": calls}], set()
    for number in range(1, calls + 1, max(1, calls // wanted) if wanted else 1):
        for code in map(int, errors.split(",")):
            ran = _forked(disk, number, code, for_good=number % 2 == 0, arguments=arguments)
            home = Path(ran["home"])
            ran["is_new"] = (left := (ran["code"], ran["err"].replace(str(home), ""), _left(home))) not in known
            known.add(left)
            if not ran["is_new"]:
                shutil.rmtree(home)
            found.append(ran)
    told.write_text(json.dumps(found))


def _left(home: Path) -> str:
    """Return what is in a home for whoever opens it next: what was being made goes unread, what is shared is anew."""
    found = sha256()
    for path in sorted(home.iterdir()):
        found.update(path.name.encode() + b"\0")
        if ".making" not in path.name and ".unfinished" not in path.name and path.suffix != ".lock":
            found.update(b"" if path.name.endswith("-shm") else path.read_bytes())
    return found.hexdigest()


def _forked(disk: Path, number: int, code: int, *, for_good: bool, arguments: tuple[str, ...]) -> dict[str, Any]:
    home, answer = disk / f"home-{number}-{code}", disk.parent / "answer"
    shutil.copytree(disk / "ready", home)
    child = os.fork()
    if child == 0:
        try:
            answer.write_text(json.dumps(_run_with_fault(home, number, code, for_good=for_good, arguments=arguments)))
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    said: dict[str, Any] = json.loads(answer.read_text())
    answer.unlink()
    return {**said, "home": str(home), "number": number, "error": code}


def _run_with_fault(
    home: Path, number: int, code: int, *, for_good: bool, arguments: tuple[str, ...]
) -> dict[str, Any]:
    steered, err = shim(), StringIO()
    steered.disk_calls.restype = ctypes.c_long
    with TextIOWrapper(BytesIO()) as out, redirect_stdout(out), redirect_stderr(err):
        steered.disk_fail(number or -1, code, int(for_good))
        ended = run(["--home", str(home), *(part.replace("{disk}", str(home)) for part in arguments)])
        calls = steered.disk_calls()
        steered.disk_fail(-1, 0, 0)
    return {"code": ended, "err": err.getvalue(), "calls": calls}


def record(home: Path, changes: Path, *files: str) -> None:
    """Ingest some files one after the other, marking each when it has been reported."""
    steered = shim()
    steered.disk_record(os.fsencode(changes))
    for number, file in enumerate(files, 1):
        with homes.open(home, create=True) as opened:
            report = opened.ingest(file)
        assert report.appended
        steered.disk_mark(number)


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    if what == "fail":
        disk, told, errors, wanted, *arguments = rest
        count_and_fail(Path(disk), Path(told), errors, int(wanted), *arguments)
    else:
        home, changes, *files = rest
        record(Path(home), Path(changes), *files)
