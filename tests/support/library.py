"""The eventsourcing library's own test cases, which it ships for those who write recorders.

Its module of cases imports its cipher on pycryptodome. The same class on `cryptography`, which we have, is in the
library, too, and stands in.
"""

import sys

from eventsourcing import cryptography

sys.modules.setdefault("eventsourcing.cipher", cryptography)

from eventsourcing.tests import application, persistence, projection  # noqa: E402 - once the cipher can be imported

__all__ = ["application", "persistence", "projection"]
