"""What Spark says went wrong, in one line: a step's own error, a Python that is not ours, or the last that is said."""

import pytest

from outcomes.cluster.spark_errors import in_words
from outcomes.domain.errors import HomeUnavailable, UnreadableInput

OURS = """An exception was thrown from the Python worker:
Traceback (most recent call last):
  File "worker.py", line 4207, in invoke_udf
outcomes.domain.errors.UnreadableInput: a.gz is damaged gzip: fetch the file again
 SQLSTATE: 38000"""
NO_MODULE = """An exception was thrown from the Python worker:
Traceback (most recent call last):
  File "serializers.py", line 483, in loads
ModuleNotFoundError: No module named 'outcomes'
 SQLSTATE: 38000"""
NO_PYTHON = """An error occurred while calling o121.parquet.
: org.apache.spark.SparkException: Job aborted due to stage failure: Task 1 in stage 0.0 failed 1 times, most recent \
failure: Lost task 1.0 in stage 0.0 (TID 1): java.io.IOException: Cannot run program "/no/python": error=2, No such file
\tat java.base/java.lang.ProcessBuilder.start(ProcessBuilder.java:1143)"""
VERSIONS = """An exception was thrown from the Python worker:
pyspark.errors.exceptions.base.PySparkRuntimeError: [PYTHON_VERSION_MISMATCH] Python in worker has different version: \
3.9 than that in driver: 3.11, PySpark cannot run with different minor versions."""
ANY = """An exception was thrown from the Python worker:
Traceback (most recent call last):
  File "worker.py", line 4207, in invoke_udf
MemoryError: of 3 GB
 SQLSTATE: 38000"""


def test_a_steps_own_error_is_told_as_any_engine_tells_it() -> None:
    """Its kind and its words, which decide the exit code."""
    found = in_words(OURS)
    assert isinstance(found, UnreadableInput)
    assert str(found) == "a.gz is damaged gzip: fetch the file again"


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (NO_MODULE, "has no module outcomes: install outcome-projector[parquet] there; PYSPARK_PYTHON names another"),
        (NO_PYTHON, "executors cannot run /no/python as their Python; PYSPARK_PYTHON names another"),
        (VERSIONS, "Python in worker has different version: 3.9 than that in driver: 3.11; PYSPARK_PYTHON"),
        (ANY, "MemoryError: of 3 GB: OUTCOMES_DEBUG=1"),
        ("Spark says this.\nAnd more.", "Spark says this.: OUTCOMES_DEBUG=1"),
        ("", "it did not say why: OUTCOMES_DEBUG=1"),
    ],
)
def test_what_is_wrong_with_spark_is_told_in_one_line(told: str, words: str) -> None:
    """Where it is the Python of the executors, as most often at first, with what to do."""
    found = in_words(told)
    assert isinstance(found, HomeUnavailable)
    assert words in str(found)
    assert "\n" not in str(found)
