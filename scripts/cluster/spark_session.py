"""A Spark session of our own, or the one that is there: on a cluster, or all cores of this machine.

Which cluster, and with how much memory, is told as for any program of Spark: by spark-submit, spark-defaults.conf or
PYSPARK_SUBMIT_ARGS.
"""

import os
import shutil
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from outcomes.cluster.spark_errors import in_words
from outcomes.domain.errors import HomeUnavailable

_NAME: Final = "outcomes replay"
_SETTINGS: Final = {
    "spark.ui.showConsoleProgress": "false",
    # Nothing of a task that was given up lies among the files of those that were not.
    "spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
}


@contextmanager
def session_of() -> Iterator[SparkSession]:
    """Give a session; one that was begun here ends. Raises HomeUnavailable, or what a step raised, in one line."""
    session = SparkSession.getActiveSession()
    is_ours = session is None
    # PySpark asks for pandas where Arrow alone is used, and warns of a newer one than it knows.
    warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas", category=FutureWarning)
    try:
        if session is None:
            _check_java()
            session = _begun()
        yield session
    except (PySparkException, Py4JJavaError) as error:
        raise in_words(str(error)) from error
    finally:
        if is_ours and session is not None:
            session.stop()


def _check_java() -> None:
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java") if not home else shutil.which(str(Path(home) / "bin" / "java"))
    if java is None:
        where = f"JAVA_HOME is {home}, and there is no bin/java in it" if home else "there is no java on the PATH"
        raise HomeUnavailable(f"Spark needs Java 17 or later, and {where}: install one, or use --engine local")


def _begun() -> SparkSession:
    # What Java says as it starts is no message of ours; OUTCOMES_DEBUG shows it.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    with _quiet_from_here_on():
        builder = SparkSession.builder.appName(_NAME)
        for name, value in _SETTINGS.items():
            builder = builder.config(name, value)
        return builder.getOrCreate()


@contextmanager
def _quiet_from_here_on() -> Iterator[None]:
    """Let processes that are started inside have no stderr."""
    if os.environ.get("OUTCOMES_DEBUG"):
        yield
        return
    sys.stderr.flush()
    kept = os.dup(2)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)
