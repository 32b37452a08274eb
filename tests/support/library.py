"""The eventsourcing library's own test cases, which it ships for those who write recorders.

Its module of cases imports its cipher on pycryptodome. The same class on `cryptography`, which we have, is in the
library, too, and stands in.
"""

import sqlite3
import sys

import pytest
from eventsourcing import cryptography

sys.modules.setdefault("eventsourcing.cipher", cryptography)

from eventsourcing.tests import application, persistence, projection  # noqa: E402 - once the cipher can be imported

__all__ = ["application", "needs_library_tables", "persistence", "projection"]

needs_library_tables = pytest.mark.skipif(
    sqlite3.sqlite_version_info < (3, 35, 0),
    reason="tables that the library itself keeps in SQLite need its RETURNING, of 3.35; ours need 3.34",
)
