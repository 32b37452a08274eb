"""Where rows go is said twice, in Python and in Spark's SQL: here both are asked about the same rows."""

import os
import subprocess
import sys
from itertools import product

import orjson
import pytest

from outcomes.projections.partitioned.parts import Plan
from tests.cluster.test_spark import ENVIRONMENT, SPARK_SECONDS, needs_java, needs_spark
from tests.support.command import ROOT

PLAN = Plan(
    parts={"one": 1, "seven": 7, "many": 1_000},
    cuts={("one", "1"): 4, ("seven", "1"): 3, ("seven", "Übung"): 20, ("many", "1"): 64, ("many", "2"): 2_000},
)
"""Courses that are cut into fewer pieces than there are parts, and into more."""
TENANTS = (*PLAN.parts, "of whom no result is")
COURSES = (None, "1", "2", "10000000000042", "Übung", "")
STUDENTS = (None, "", "Ünal", *(f"student {number}" for number in range(60)))
ARGUMENTS = "--master local[1] --driver-memory 500m pyspark-shell"
ASK = """
import json, sys
from outcomes.cluster.spark import with_places
from outcomes.cluster.spark_session import session_of
from outcomes.projections.partitioned.parts import Plan

parts, cuts, rows = json.load(sys.stdin)
plan = Plan(parts, {(tenant, course): count for tenant, course, count in cuts})
with session_of() as session:
    routed = session.createDataFrame(rows, "number int, tenant string, course string, student string")
    found = with_places(session, routed, plan).orderBy("number").select("places").collect()
json.dump([places for (places,) in found], sys.stdout)
"""


@needs_spark
@needs_java
@pytest.mark.long
def test_spark_puts_each_row_where_the_local_engine_does() -> None:
    """Rows of a whole tenant are in all of its parts there; here they are read beside each."""
    rows = list(product(TENANTS, COURSES, STUDENTS))
    cuts = [(*place, count) for place, count in PLAN.cuts.items()]
    ran = subprocess.run(
        [sys.executable, "-c", ASK],
        input=orjson.dumps([PLAN.parts, cuts, [(number, *row) for number, row in enumerate(rows)]]),
        cwd=ROOT,
        capture_output=True,
        check=False,
        timeout=SPARK_SECONDS,
        env={**os.environ, **ENVIRONMENT, "PYSPARK_SUBMIT_ARGS": ARGUMENTS},
    )
    assert ran.returncode == 0, ran.stderr.decode()
    for (tenant, course, student), places in zip(rows, orjson.loads(ran.stdout), strict=True):
        of_tenant = list(range(PLAN.parts_of(tenant)))
        expected = of_tenant if course is None else PLAN.places(tenant, course, student)
        assert sorted(places) == expected, (tenant, course, student)
