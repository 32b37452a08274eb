"""Work shared out among forked processes: the same answers in the same order, and no way for any to be left alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command import ROOT

# A process of its own: pytest's workers have threads, and with threads around nothing is forked.
PREAMBLE = """
import os, signal, sys, time
from outcomes.domain.errors import HomeUnavailable, LogDamaged
from outcomes.store.forking import can_fork, forked_map
from tests.support.process_table import children, wait_until_gone
assert can_fork()

def work(request):
    if request == b"damaged":
        raise LogDamaged("position 7")
    return str(os.getpid()).encode() + b" " + request
"""

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists() or len(os.sched_getaffinity(0)) < 2,
    reason="nothing is forked where there is one core only, or no /proc to look into",
)


def run(code: str) -> None:
    """Run some code after the preamble."""
    command = [sys.executable, "-c", PREAMBLE + code]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stderr


def test_answers_come_in_the_order_of_the_requests() -> None:
    """From both processes, however long the messages; and none is there when it is over."""
    run("""
requests = [bytes([number]) * (number << 16) for number in range(9)]
with forked_map(work, 2) as mapped:
    answers = [answer.split(b" ", 1) for answer in mapped(requests)]
    assert {int(pid) for pid, _ in answers} == set(children())
assert [answer for _, answer in answers] == requests
assert children() == []
""")


def test_what_is_raised_there_is_raised_here() -> None:
    """With its type and its words, in its turn."""
    run("""
taken = []
try:
    with forked_map(work, 2) as mapped:
        for answer in mapped([b"1", b"2", b"damaged", b"4"]):
            taken.append(answer)
except LogDamaged as error:
    assert (str(error), len(taken)) == ("position 7", 2)
else:
    raise AssertionError
assert children() == []
""")


def test_the_death_of_one_is_an_error() -> None:
    """Not an end that looks like the end of the answers."""
    run("""
try:
    with forked_map(work, 2) as mapped:
        answers = mapped([b"1", b"2", b"3", b"4"])
        next(answers)
        for pid in children():
            os.kill(pid, signal.SIGKILL)
        list(answers)
except HomeUnavailable as error:
    assert "run the command again" in str(error)
else:
    raise AssertionError
assert children() == []
""")


def test_they_do_not_outlive_a_killed_parent() -> None:
    """They find their pipe closed, though they wait for a request that never comes."""
    run("""
parent = os.fork()
if parent == 0:
    with forked_map(work, 2) as mapped:
        time.sleep(60)
until = time.monotonic() + 20
while len(found := children(parent)) < 2:
    assert time.monotonic() < until, "it never forked"
    time.sleep(0.005)
os.kill(parent, signal.SIGKILL)
os.waitpid(parent, 0)
wait_until_gone(found)
""")
